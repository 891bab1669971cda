/*
 * The values that unpack has left in the slots (pack/memory.js): as a new array, or in the user's
 * target.
 */
'use strict';

const { isProxy, isBigInt64Array, isFloat64Array } = require('node:util').types;

const binding = require('../native/binding');
const { invalidType, invalidValue } = require('../base/errors');
const { FIELDS, TAG, memory, shrink, words } = require('./memory');

const { AUTO, ALWAYS, NEVER } = binding.numbers.bigint;
const COUNT = FIELDS.count;
const NUMBERS = FIELDS.numbers;

/* The value of a slot that is not a number. `texts`: all strings of the call as one; undefined if that
 * is longer than a string may be. Then each string is read by itself: Buffer throws
 * ERR_STRING_TOO_LONG for one that does not fit. */
function other(i, texts) {
  const { tags, integers, naturals, texts: ranges, text } = memory;
  if (tags[i] === TAG.INT) return integers[i];
  if (tags[i] === TAG.UINT) return naturals[i];
  const offset = ranges[2 * i];
  const end = offset + ranges[2 * i + 1];
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

/* The kinds of target: how they take 64-bit integers, whether they grow, and how they are filled with the
 * n values of a call. */
const TARGETS = {
  numbers: {
    bigint: NEVER,
    grows: false,
    fill(target, n) {
      if (words[NUMBERS] !== 1 && memory.tags.subarray(0, n).some((tag) => tag !== TAG.NUMBER)) {
        throw invalidValue(
          'The "target" argument',
          'is a Float64Array, which cannot hold a string; use an Array',
        );
      }
      target.set(memory.numbers.subarray(0, n));
    },
  },
  bigints: {
    bigint: ALWAYS,
    grows: false,
    fill(target, n) {
      const { tags, numbers, integers } = memory;
      for (let i = 0; i < n; i++) {
        if (tags[i] === TAG.INT || tags[i] === TAG.UINT) continue;
        if (tags[i] !== TAG.NUMBER || !Number.isInteger(numbers[i])) {
          throw invalidValue(
            'The "target" argument',
            `is a BigInt64Array, but value ${i + 1} is not a 64-bit integer; use an Array`,
          );
        }
        integers[i] = BigInt.asIntN(64, BigInt(numbers[i]));
      }
      target.set(integers.subarray(0, n));
    },
  },
  array: {
    bigint: AUTO,
    grows: true,
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

module.exports = { kindOf, takeValues };
