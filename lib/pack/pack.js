/*
 * pack and unpack: puts values of JS into the slots that C reads, and takes them out again. C knows the
 * template language and does the work (src/pack/). All values of a call cross the border together,
 * because a call of C for each value would cost more than its packing.
 */
'use strict';

const { isFloat64Array } = require('node:util').types;

const binding = require('../native/binding');
const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const { MORE_VALUES, MORE_TEXT, MORE_OUTPUT, packError } = require('./errors');
const {
  FIELDS,
  TAG,
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
const { kindOf, takeValues } = require('./results');
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

/* Methods of a target or source: BEGIN(offset, length, writes) checks the arguments and calls
 * setRange(); DONE(status, syscall) throws if the status is negative or bytes were lost. */
const BEGIN = Symbol('begin');
const DONE = Symbol('done');

const BIGINTS = ['auto', 'always', 'never']; /* the option; binding.numbers.bigint, in capitals */
const { AUTO } = binding.numbers.bigint;

const WIDE = /[^\0-\xff]/;
const SHORT = 24; /* characters that a loop writes faster than a call of Buffer */
const BYTES = 'an instance of Buffer, TypedArray or DataView';

/* Makes room for a text of n bytes after those in use. Returns its offset. */
function textSpace(n) {
  const used = words[TEXT_SIZE];
  if (used + n > memory.text.length) growText(used + n, used);
  words[TEXT_SIZE] = used + n;
  return used;
}

function setText(i, offset, length, tag) {
  memory.texts[2 * i] = offset;
  memory.texts[2 * i + 1] = length;
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

/* Puts a value that is not a number. */
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

/* Puts the values from the i-th on, some of which are not numbers. */
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

/* Puts the arguments of a call: an array that user code cannot reach, without getters or Proxies. */
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

/* Read once, because a getter may return something else the next time. */
function lengthOf(values) {
  const n = values !== null && typeof values === 'object' ? values.length : undefined;
  if (Number.isInteger(n) && n >= 0) return n;
  throw invalidType(
    'The "values" argument',
    'an Array, a TypedArray or another array-like object',
    values,
  );
}

/*
 * Puts the elements of the user's array. A getter or Proxy in it may call pack() or unpack() while it is
 * read; then it is read once more, into a plain array.
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

/* Repeats a call that has not succeeded, with more room. Returns the answer. */
function packAgain(answer, call, template, values) {
  while (answer === MORE_OUTPUT) {
    growOutput(doubles[NUMBER]);
    answer = call();
  }
  if (memory.large && answer > 0) shrink();
  if (answer > 0) throw packError(answer, template, values);
  return answer;
}

/* Packs the values that were put. Returns the bytes written to the target. */
function packInto(target, offset, template, values) {
  turn++;
  words[PROGRAM] = PACK.find(template).index;
  target[BEGIN](offset, undefined, true);
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

/* Repeats a call that has not succeeded, with more room. Returns the answer. */
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
  return answer; // the text, if there is any
}

function bigintOf(given) {
  const { bigint = 'auto' } = options(given, ['bigint'], 'The options object');
  if (BIGINTS.includes(bigint)) return binding.numbers.bigint[bigint.toUpperCase()];
  throw invalidValue('The option "bigint"', `must be one of 'auto', 'always', 'never'`);
}

/* Sets the bytes of the mapping that the next call is about; for BEGIN. */
function setRange(handle, offset, length) {
  doubles[HANDLE] = handle;
  doubles[OFFSET] = offset;
  doubles[LENGTH] = length;
}

function unpackFrom(target, offset, length, template, given) {
  turn++;
  words[BIGINT] = given === undefined ? AUTO : bigintOf(given);
  words[PROGRAM] = UNPACK.find(template).index;
  target[BEGIN](offset, length, false);
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

/* Returns the number of values. */
function unpackInto(source, offset, template, target) {
  const kind = kindOf(target);
  turn++;
  words[BIGINT] = kind.bigint;
  words[PROGRAM] = UNPACK.find(template).index;
  source[BEGIN](offset, undefined, false);
  let answer = callUnpackFrom();
  if (typeof answer === 'number') answer = unpackAgain(answer, callUnpackFrom, template);
  source[DONE](typeof answer === 'number' ? answer : 0, 'read');
  const n = words[COUNT];
  if (n > target.length && !kind.grows) {
    throw outOfRange(
      '"target.length"',
      `>= ${n}, the number of values of '${template}'`,
      target.length,
    );
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
  BEGIN,
  pack,
  packInto,
  putArguments,
  putArray,
  setRange,
  unpack,
  unpackFrom,
  unpackInto,
};
