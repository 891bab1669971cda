/*
 * The quickest way for the most used templates: few numbers of fixed size, and strings with a count,
 * at bytes that JS can reach. C says what their fields are (fields), and a function is made of
 * that, which stores or loads them all through a DataView: a call into C costs more than they do.
 * Whatever is not plainly right (a bigint, a number that wraps or is not finite, a character too
 * wide, a value too many) is left to C before anything is written: it knows what that means, or what
 * is wrong with it. So are all templates where code must not be made of strings.
 */
'use strict';

const os = require('node:os');

const LITTLE = os.endianness() === 'LE';
const MOST_VALUES = 16;
const MOST_TEXT = 64;
const SHORT = 24; // characters of a text

/* Of DataView, by mipc_i_store_t (src/pack/template_i.h); none for integers of 64 bits. */
const TYPES = [
  ...[undefined, 'Int8', 'Uint8', 'Int16', 'Int16', 'Uint16', 'Uint16', 'Int32', 'Int32'],
  ...['Uint32', 'Uint32', undefined, undefined, undefined, undefined],
  ...['Float32', 'Float32', 'Float64', 'Float64'],
];
const FIRST_OF_TWO_BYTES = 3;
const isSwapped = (kind) => kind >= FIRST_OF_TWO_BYTES && (kind - FIRST_OF_TWO_BYTES) % 2 === 1;

/* What a value must be, not to be C's: numbers that wrap as a DataView wraps them. */
const WITHIN = { Float32: 3.4e38, Float64: Infinity };
const plainNumber = (name, type) => {
  const most = WITHIN[type] ?? Number.MAX_SAFE_INTEGER;
  const within = most === Infinity ? '' : ` && ${name} <= ${most} && ${name} >= ${-most}`;
  return `typeof ${name} === 'number'${within}`;
};

function isPlainText(value) {
  if (typeof value !== 'string' || value.length > MOST_TEXT) return false;
  let all = 0;
  for (let i = 0; i < value.length; i++) all |= value.charCodeAt(i);
  return all <= 0xff;
}

/* The rest of `length` bytes is spaces for A, zeros for a and Z, and one of them at least for Z. */
function storeText(bytes, at, length, letter, value) {
  const most = letter === 'Z' && length > 0 ? length - 1 : length;
  const n = value.length < most ? value.length : most;
  for (let i = 0; i < n; i++) bytes[at + i] = value.charCodeAt(i);
  for (let i = n; i < length; i++) bytes[at + i] = letter === 'A' ? 0x20 : 0;
}

/* As Perl strips under A: zeros and the white space of ASCII. */
function stripped(text) {
  let n = text.length;
  for (; n > 0; n--) {
    const code = text.charCodeAt(n - 1);
    if (code !== 0 && code !== 0x20 && (code < 9 || code > 13)) break;
  }
  return text.slice(0, n);
}

function loadText(text, letter) {
  if (letter === 'A') return stripped(text);
  const end = letter === 'Z' ? text.indexOf('\0') : -1;
  return end < 0 ? text : text.slice(0, end);
}

/* One { type or letter, little, offset, length } for each value; undefined for what is C's. */
function stepsOf(fields) {
  const steps = [];
  let offset = 0;
  for (let i = 0; i < fields.length; i += 3) {
    const [kind, count, size] = fields.slice(i, i + 3);
    const little = isSwapped(kind) !== LITTLE;
    if (kind < TYPES.length) {
      if (TYPES[kind] === undefined || count > MOST_VALUES) return undefined;
      for (let j = 0; j < count; j++, offset += size) {
        steps.push({ type: TYPES[kind], little, offset });
      }
    } else {
      if (count > MOST_TEXT) return undefined;
      steps.push({ letter: String.fromCharCode(kind), offset, length: count });
      offset += count;
    }
  }
  return steps.length === 0 || steps.length > MOST_VALUES ? undefined : { steps, size: offset };
}

const storing = ({ type, letter, little, offset, length }, i) =>
  letter === undefined
    ? `view.set${type}(at + ${offset}, v${i}, ${little});`
    : `storeText(bytes, at + ${offset}, ${length}, '${letter}', v${i});`;

/* The characters one by one are less work than a call of Buffer, up to some number of them. */
const slicing = (offset, length) => {
  if (length > SHORT) return `bytes.latin1Slice(at + ${offset}, at + ${offset + length})`;
  const each = Array.from({ length }, (_, i) => `bytes[at + ${offset + i}]`);
  return `String.fromCharCode(${each.join(', ')})`;
};

const loading = ({ type, letter, little, offset, length }) =>
  letter === undefined
    ? `view.get${type}(at + ${offset}, ${little})`
    : `loadText(${slicing(offset, length)}, '${letter}')`;

/* Nothing of the user's text goes into the code: numbers, and words from the lists above. */
function codeOf(steps) {
  const plain = steps.map(({ type }, i) =>
    type === undefined ? `isPlainText(v${i})` : plainNumber(`v${i}`, type),
  );
  return `'use strict';
    return {
      store(view, bytes, at, values) {
        if (values.length !== ${steps.length}) return false;
        const ${steps.map((_, i) => `v${i} = values[${i}]`).join(', ')};
        if (!(${plain.join(' && ')})) return false;
        ${steps.map(storing).join('\n')}
        return true;
      },
      load: (view, bytes, at) => [${steps.map(loading).join(', ')}],
    };`;
}

/*
 * { size, store, load } of the fields of a template, as C lists them; undefined where it is C's.
 * store(view, bytes, at, values) -> false when it is, and nothing is stored; load(view, bytes, at).
 */
function planOf(fields) {
  const found = stepsOf(fields);
  if (found === undefined) return undefined;
  try {
    const make = new Function('isPlainText', 'storeText', 'loadText', codeOf(found.steps));
    return { size: found.size, ...make(isPlainText, storeText, loadText) };
  } catch {
    return undefined; // --disallow-code-generation-from-strings
  }
}

module.exports = { planOf };
