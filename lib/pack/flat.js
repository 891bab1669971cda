/*
 * The fastest way for the most common templates: few numbers of fixed size, and strings with a count,
 * in bytes that JS can reach. C lists the fields of a template (fields), and this file generates a
 * function that stores or loads them all through a DataView, because a call into C costs more than
 * that. Every special case (a bigint, a number that is not finite, a character above U+00FF, too many
 * values) goes to C before anything is written: C defines the result or the error. If code generation
 * from strings is disabled, all templates go to C.
 */
'use strict';

const os = require('node:os');

const binding = require('../native/binding');

const LITTLE = os.endianness() === 'LE';
const MOST_VALUES = 16;
const MOST_TEXT = 64;
const SHORT = 24; // characters of a text

/* The methods of DataView for the ways in which C stores numbers; none for integers of 64 bits. */
const TYPES = {
  ...{ INT8: 'Int8', INT16: 'Int16', INT32: 'Int32', FLOAT: 'Float32' },
  ...{ UINT8: 'Uint8', UINT16: 'Uint16', UINT32: 'Uint32', DOUBLE: 'Float64' },
};
const STORES = new Map(
  Object.entries(binding.numbers.store).map(([name, number]) => {
    const [type, swapped] = name.split('_');
    return [number, { type: TYPES[type], little: (swapped !== undefined) !== LITTLE }];
  }),
);

/* The condition under which JS packs a value: a number that a DataView wraps as C does. */
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

/* The rest of the `length` bytes is filled with spaces for A, and with zeros for a and Z. Z ends with at
 * least one zero. */
function storeText(bytes, at, length, letter, value) {
  const most = letter === 'Z' && length > 0 ? length - 1 : length;
  const n = value.length < most ? value.length : most;
  for (let i = 0; i < n; i++) bytes[at + i] = value.charCodeAt(i);
  for (let i = n; i < length; i++) bytes[at + i] = letter === 'A' ? 0x20 : 0;
}

/* Removes trailing zeros and ASCII white space, as Perl does for A. */
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

/* One { type or letter, little, offset, length } for each value; undefined: the template is for C. */
function stepsOf(fields) {
  const steps = [];
  let offset = 0;
  for (let i = 0; i < fields.length; i += 3) {
    const [kind, count, size] = fields.slice(i, i + 3);
    const store = STORES.get(kind);
    if (store !== undefined) {
      if (store.type === undefined || count > MOST_VALUES) return undefined;
      for (let j = 0; j < count; j++, offset += size) steps.push({ ...store, offset });
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

/* For few characters, one by one is faster than a call of Buffer. */
const slicing = (offset, length) => {
  if (length > SHORT) return `bytes.latin1Slice(at + ${offset}, at + ${offset + length})`;
  const each = Array.from({ length }, (_, i) => `bytes[at + ${offset + i}]`);
  return `String.fromCharCode(${each.join(', ')})`;
};

const loading = ({ type, letter, little, offset, length }) =>
  letter === undefined
    ? `view.get${type}(at + ${offset}, ${little})`
    : `loadText(${slicing(offset, length)}, '${letter}')`;

/* The code is made of numbers, and of words from the lists above. No text of the user gets into it. */
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
 * { size, store, load } for the fields of a template, as C lists them; undefined: the template is for C.
 * store(view, bytes, at, values) -> false: the values are for C, and nothing is stored.
 * load(view, bytes, at) -> the values.
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
