/*
 * pack and unpack: values of JS to the slots that C reads, and back. The language and the work are
 * C's (src/pack/); all values of a call go over at once, as one by one each would cost more than
 * its packing.
 */
'use strict';

const { isProxy, isBigInt64Array, isFloat64Array } = require('node:util').types;

const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const { MORE_VALUES, MORE_TEXT, MORE_OUTPUT, packError } = require('./errors');
const {
  FIELDS,
  doubles,
  words,
  memory,
  packer,
  growSlots,
  growText,
  growOutput,
  shrink,
} = require('./memory');
const { PACK, UNPACK } = require('./programs');
const { bytesOf, options } = require('../base/validate');

const {
  pack: callPack,
  packInto: callPackInto,
  unpack: callUnpack,
  unpackFrom: callUnpackFrom,
} = packer;

const PROGRAM = FIELDS.program;
const HANDLE = FIELDS.handle;
const OFFSET = FIELDS.offset;
const LENGTH = FIELDS.length;
const COUNT = FIELDS.count;
const TEXT_SIZE = FIELDS.text_size;
const NUMBERS = FIELDS.numbers;
const BIGINT = FIELDS.bigint;
const SIZE = FIELDS.size;
const WRITTEN = FIELDS.written;
const NUMBER = FIELDS.number;

/* Methods of what has bytes: PLACE(offset, length, writes) checks, and calls place(); DONE(status,
 * syscall) throws what a negative status means, and when the bytes were not there. */
const PLACE = Symbol('place');
const DONE = Symbol('done');

/* As in src/pack/pack.h. */
const TAG = { NUMBER: 0, INT: 1, UINT: 2, TEXT: 3, WIDE: 4, BIG: 5, NEGATIVE: 6 };
const BIGINTS = ['auto', 'always', 'never'];
const [AUTO, ALWAYS, NEVER] = [0, 1, 2];

const WIDE = /[^\0-\xff]/;
const SHORT = 24; /* characters that a loop writes faster than a call of Buffer */
const BYTES = 'an instance of Buffer, TypedArray or DataView';

/* Room for a text of n bytes at the end of those in use; where it begins. */
function textSpace(n) {
  const used = words[TEXT_SIZE];
  if (used + n > memory.text.length) growText(used + n, used);
  words[TEXT_SIZE] = used + n;
  return used;
}

function setText(i, offset, length, tag) {
  memory.places[2 * i] = offset;
  memory.places[2 * i + 1] = length;
  memory.tags[i] = tag;
}

function putString(i, value) {
  const n = value.length;
  const offset = textSpace(n);
  const { text } = memory;
  let wide = false;
  if (n <= SHORT) {
    let all = 0;
    for (let j = 0; j < n; j++) {
      const code = value.charCodeAt(j);
      all |= code;
      text[offset + j] = code;
    }
    wide = all > 0xff;
  } else if (WIDE.test(value)) {
    wide = true;
  } else {
    text.write(value, offset, 'latin1');
  }
  setText(i, offset, n, wide ? TAG.WIDE : TAG.TEXT);
}

function putBigint(i, value) {
  if (BigInt.asIntN(64, value) === value) {
    memory.integers[i] = value;
    memory.tags[i] = TAG.INT;
  } else if (BigInt.asUintN(64, value) === value) {
    memory.naturals[i] = value;
    memory.tags[i] = TAG.UINT;
  } else {
    const digits = (value < 0n ? -value : value).toString(16);
    const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
    const offset = textSpace(bytes.length);
    memory.text.set(bytes, offset);
    setText(i, offset, bytes.length, value < 0n ? TAG.NEGATIVE : TAG.BIG);
  }
}

/* A value that is no number. */
function putOther(i, value) {
  if (typeof value === 'string') {
    putString(i, value);
  } else if (typeof value === 'bigint') {
    putBigint(i, value);
  } else if (ArrayBuffer.isView(value)) {
    const bytes = bytesOf(value, 'A value to pack');
    const offset = textSpace(bytes.length);
    memory.text.set(bytes, offset);
    setText(i, offset, bytes.length, TAG.TEXT);
  } else {
    throw invalidType(`Value ${i + 1}`, 'a number, bigint, string or Uint8Array', value);
  }
}

/* The values from the i-th on, some of which are no numbers. */
function putMixed(values, i, n) {
  const { numbers, tags } = memory;
  words[TEXT_SIZE] = 0;
  words[NUMBERS] = 0;
  for (let j = 0; j < i; j++) tags[j] = TAG.NUMBER;
  for (; i < n; i++) {
    const value = values[i];
    if (typeof value === 'number') {
      numbers[i] = value;
      tags[i] = TAG.NUMBER;
    } else {
      putOther(i, value);
    }
  }
}

/* The arguments of a call: an array that nobody else has, so that no getter or Proxy is in it. */
function putArguments(values) {
  const n = values.length;
  if (n > memory.tags.length) growSlots(n);
  const { numbers } = memory;
  words[COUNT] = n;
  for (let i = 0; i < n; i++) {
    const value = values[i];
    if (typeof value !== 'number') {
      putMixed(values, i, n);
      return;
    }
    numbers[i] = value;
  }
  words[NUMBERS] = 1;
}

/* Asked for once, as a getter may answer something else the next time. */
function lengthOf(values) {
  const n = values !== null && typeof values === 'object' ? values.length : undefined;
  if (Number.isInteger(n) && n >= 0) return n;
  throw invalidType('The "values" argument', 'an Array, a TypedArray or the like', values);
}

/*
 * The elements of what the user gave. A getter or Proxy in it may call pack() or unpack() while it is
 * read: then it is read once more, to an array of its own, which has none.
 */
let turn = 0;
function putArray(values) {
  const mine = ++turn;
  const n = lengthOf(values);
  if (n > memory.tags.length) growSlots(n);
  const { numbers } = memory;
  let i = 0;
  if (isFloat64Array(values)) {
    numbers.set(values);
    i = n;
  }
  for (; i < n; i++) {
    const value = values[i];
    if (typeof value !== 'number') break;
    numbers[i] = value;
  }
  words[NUMBERS] = 1;
  if (i < n) putMixed(values, i, n);
  words[COUNT] = n;
  if (mine !== turn) putArguments(Array.from(values));
}

/* What a call answered that has not worked: made with more room until it has. */
function packAgain(answer, call, template, values) {
  while (answer === MORE_OUTPUT) {
    growOutput(doubles[NUMBER]);
    answer = call();
  }
  if (memory.large && answer > 0) shrink();
  if (answer > 0) throw packError(answer, template, values);
  return answer;
}

/* Packs the values that were put; bytes that were written to the target. */
function packInto(target, offset, template, values) {
  turn++;
  words[PROGRAM] = PACK.find(template).index;
  target[PLACE](offset, undefined, true);
  let answer = callPackInto();
  if (answer !== undefined) answer = packAgain(answer, callPackInto, template, values);
  const written = doubles[WRITTEN];
  if (memory.large) shrink();
  target[DONE](answer ?? 0, 'write');
  return written;
}

function pack(template, ...values) {
  turn++;
  putArguments(values);
  words[PROGRAM] = PACK.find(template).index;
  const answer = callPack();
  if (answer !== undefined) packAgain(answer, callPack, template, values);
  const size = doubles[SIZE];
  const result = Buffer.allocUnsafe(size);
  memory.output.copy(result, 0, 0, size);
  if (memory.large) shrink();
  return result;
}

/* The value of a slot that is no number; `texts` is all the text of the call, undefined when it is
 * longer than a string may be. Each part is fetched by itself then: Buffer throws
 * ERR_STRING_TOO_LONG for one that does not fit. */
function other(i, texts) {
  const { tags, integers, naturals, places, text } = memory;
  if (tags[i] === TAG.INT) return integers[i];
  if (tags[i] === TAG.UINT) return naturals[i];
  const offset = places[2 * i];
  const end = offset + places[2 * i + 1];
  if (tags[i] === TAG.BIG) return BigInt(`0x${text.toString('hex', offset, end)}`);
  if (texts === undefined) return text.latin1Slice(offset, end);
  if (offset === 0 && end === texts.length) return texts;
  return texts.slice(offset, end);
}

function takeValues(texts) {
  const n = words[COUNT];
  const { numbers, tags } = memory;
  const values = new Array(n);
  if (words[NUMBERS] === 1) {
    for (let i = 0; i < n; i++) values[i] = numbers[i];
  } else {
    try {
      for (let i = 0; i < n; i++) values[i] = tags[i] === TAG.NUMBER ? numbers[i] : other(i, texts);
    } catch (error) {
      if (memory.large) shrink();
      throw error;
    }
  }
  if (memory.large) shrink();
  return values;
}

/* What a call answered that has not worked: made with more room until it has. */
function unpackAgain(answer, call, template, bytes) {
  while (answer === MORE_VALUES || answer === MORE_TEXT) {
    if (answer === MORE_VALUES) growSlots(doubles[NUMBER]);
    else growText(doubles[NUMBER], 0);
    answer = call(bytes);
  }
  if (typeof answer === 'number' && answer > 0) {
    if (memory.large) shrink();
    throw packError(answer, template);
  }
  return answer; // perhaps the text
}

function bigintOf(given) {
  const { bigint = 'auto' } = options(given, ['bigint'], 'The options object');
  const mode = BIGINTS.indexOf(bigint);
  if (mode >= 0) return mode;
  throw invalidValue('The option "bigint"', `must be one of 'auto', 'always', 'never'`);
}

/* Which bytes of which mapping; for PLACE. */
function place(handle, offset, length) {
  doubles[HANDLE] = handle;
  doubles[OFFSET] = offset;
  doubles[LENGTH] = length;
}

function unpackFrom(target, offset, length, template, given) {
  turn++;
  words[BIGINT] = given === undefined ? AUTO : bigintOf(given);
  words[PROGRAM] = UNPACK.find(template).index;
  target[PLACE](offset, length, false);
  let answer = callUnpackFrom();
  if (typeof answer === 'number') answer = unpackAgain(answer, callUnpackFrom, template);
  target[DONE](typeof answer === 'number' ? answer : 0, 'read');
  return takeValues(answer);
}

function unpack(template, bytes, given) {
  const from = bytesOf(bytes, 'The "bytes" argument', BYTES);
  turn++;
  words[BIGINT] = bigintOf(given);
  words[PROGRAM] = UNPACK.find(template).index;
  let answer = callUnpack(from);
  if (typeof answer === 'number') answer = unpackAgain(answer, callUnpack, template, from);
  return takeValues(answer);
}

/* Each kind of target: how it wants its integers, and how it gets the n values of a call. */
const TARGETS = {
  numbers: {
    bigint: NEVER,
    fill(target, n) {
      if (words[NUMBERS] !== 1 && memory.tags.subarray(0, n).some((tag) => tag !== TAG.NUMBER)) {
        throw invalidValue('The "target" argument', 'is a Float64Array, but a value is a string');
      }
      target.set(memory.numbers.subarray(0, n));
    },
  },
  bigints: {
    bigint: ALWAYS,
    fill(target, n) {
      const { tags, numbers, integers } = memory;
      for (let i = 0; i < n; i++) {
        if (tags[i] === TAG.INT || tags[i] === TAG.UINT) continue;
        if (tags[i] !== TAG.NUMBER || !Number.isInteger(numbers[i])) {
          throw invalidValue(
            'The "target" argument',
            `is a BigInt64Array, but value ${i + 1} is no integer of 64 bits`,
          );
        }
        integers[i] = BigInt.asIntN(64, BigInt(numbers[i]));
      }
      target.set(integers.subarray(0, n));
    },
  },
  array: {
    bigint: AUTO,
    fill(target, n, texts) {
      const { tags, numbers } = memory;
      if (words[NUMBERS] === 1) {
        for (let i = 0; i < n; i++) target[i] = numbers[i];
      } else {
        for (let i = 0; i < n; i++) {
          target[i] = tags[i] === TAG.NUMBER ? numbers[i] : other(i, texts);
        }
      }
    },
  },
};

function kindOf(target) {
  if (isFloat64Array(target)) return TARGETS.numbers;
  if (isBigInt64Array(target)) return TARGETS.bigints;
  if (Array.isArray(target) && !isProxy(target)) return TARGETS.array;
  throw invalidType('The "target" argument', 'an Array, Float64Array or BigInt64Array', target);
}

/* How many values came. */
function unpackInto(source, offset, template, target) {
  const kind = kindOf(target);
  turn++;
  words[BIGINT] = kind.bigint;
  words[PROGRAM] = UNPACK.find(template).index;
  source[PLACE](offset, undefined, false);
  let answer = callUnpackFrom();
  if (typeof answer === 'number') answer = unpackAgain(answer, callUnpackFrom, template);
  source[DONE](typeof answer === 'number' ? answer : 0, 'read');
  const n = words[COUNT];
  if (n > target.length && kind !== TARGETS.array) {
    throw outOfRange('"target.length"', `>= ${n}, as '${template}' gives so many`, target.length);
  }
  try {
    kind.fill(target, n, answer);
  } finally {
    if (memory.large) shrink();
  }
  return n;
}

module.exports = {
  DONE,
  PLACE,
  pack,
  packInto,
  place,
  putArguments,
  putArray,
  unpack,
  unpackFrom,
  unpackInto,
};
