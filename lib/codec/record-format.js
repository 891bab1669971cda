/*
 * The format of a record: plain data as bytes, with the keys of equal objects written once.
 *
 *   4 bytes   the length of the text, little endian
 *   values    a tag each, and what follows it; the elements of an array and the fields of an object
 *             follow it in order; zeros up to a multiple of 4
 *   text      the characters of all Latin-1 strings and keys, one byte each, in the order of their use
 *
 * A tag from INT on is an integer below 128, and a tag from TEXT on a string of less than 64 characters.
 */
'use strict';

const TAG = Object.freeze({
  NULL: 0,
  TRUE: 1,
  FALSE: 2,
  UNDEFINED: 3,
  INT32: 4, // 4 bytes
  DOUBLE: 5, // 8 bytes
  LONG_TEXT: 6, // 4 bytes: its length
  WIDE: 7, // 4 bytes: its length, and 2 bytes for each UTF-16 code unit
  LIST: 8, // 1 byte: its length
  LONG_LIST: 9, // 4 bytes: its length
  SHAPE: 10, // 2 bytes: the length of the JSON text of its keys, which is in the text
  OBJECT: 11, // 1 byte: the number of a shape that came before
  TEXT: 64,
  INT: 128,
});

const HEADER = 4; // bytes before the values
const MOST_SHAPES = 256; // of a record
const MOST_FIELDS = 64; // of a shape
const MOST_KEYS_TEXT = 4096; // bytes of a shape
const DEEPEST = 200; // objects and arrays within each other
const MOST_TEXT = 2 ** 26; // and as many bytes of values

/* An integer key would cost memory: V8 has slots for the integers below it. An assignment to `__proto__`
 * would set the prototype. */
const isFieldName = (key) =>
  key !== '__proto__' && !(key.charCodeAt(0) >= 48 && key.charCodeAt(0) <= 57);

module.exports = {
  DEEPEST,
  HEADER,
  MOST_FIELDS,
  MOST_KEYS_TEXT,
  MOST_SHAPES,
  MOST_TEXT,
  TAG,
  isFieldName,
};
