/*
 * Writes plain data as a record (record-format.js), in one walk that checks and writes. Each property is
 * read once, so a getter's result is what was checked. The bytes are collected in memory of this file,
 * because a getter may use the caller's.
 */
'use strict';

const { isProxy } = require('node:util').types;

const { begin, end, isNew } = require('./met');
const { isOrdinary } = require('./plain');
const { DEEPEST, HEADER, MOST_SHAPES, MOST_TEXT, TAG } = require('./record-format');
const { learn, root, step } = require('./record-keys');
const { isLatin1, note } = require('./text');
const { TYPE } = require('./types');

const { isArray } = Array;
const { isView } = ArrayBuffer;
const { getOwnPropertyDescriptor, getPrototypeOf, keys, values } = Object;
const { latin1Write, set, subarray, ucs2Write, utf8Write } = Buffer.prototype;

const OBJECT = Object.prototype;
const ARRAY = Array.prototype;
const { hasOwnProperty } = OBJECT;

const BRIEF = 24; // characters that a loop copies faster than a call does
const LONG = 1024; // characters from which on two calls cost little
const SPARE = 16; // bytes that a value takes at most beside its characters
const MOST_KEPT = 4 * 1024 * 1024; // bytes
const FIRST = 4096;
const MOST_LEARNT = 1000; // objects of one value

/* The bytes of the values, those of the text, and the same as words. */
let body;
let text;
let bodyWords;
let textWords;
let at = HEADER;
let textAt = 0;
let depth = 0;
let record = 0; /* its serial number */
let shapes = 0;

const eight = new Uint8Array(8);
const float = new Float64Array(eight.buffer);
const isBig = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

/* Throws if a value is too large for a record. */
class TooLarge extends Error {}

function setBody(buffer) {
  body = buffer;
  bodyWords = new Uint32Array(buffer.buffer);
}

function setText(buffer) {
  text = buffer;
  textWords = new Uint32Array(buffer.buffer);
}

setBody(Buffer.allocUnsafeSlow(FIRST));
setText(Buffer.allocUnsafeSlow(FIRST));

/* Makes room for `more` bytes behind the first `used`. */
function grown(buffer, used, more) {
  if (used + more > MOST_TEXT) throw new TooLarge();
  const size = Math.max(2 * buffer.length, used + more + SPARE);
  const larger = Buffer.allocUnsafeSlow(Math.ceil(size / 4) * 4);
  set.call(larger, subarray.call(buffer, 0, used));
  return larger;
}

function writeNumber(number) {
  if ((number | 0) === number && (number !== 0 || 1 / number > 0)) {
    if (number >= 0 && number < 128) {
      body[at++] = TAG.INT | number;
      return true;
    }
    body[at] = TAG.INT32;
    writeUint32(at + 1, number);
    at += 5;
    return true;
  }
  body[at] = TAG.DOUBLE;
  float[0] = number;
  if (isBig) eight.reverse();
  for (let i = 0; i < 8; i++) body[at + 1 + i] = eight[i];
  at += 9;
  return true;
}

function writeUint32(position, number) {
  body[position] = number;
  body[position + 1] = number >>> 8;
  body[position + 2] = number >>> 16;
  body[position + 3] = number >>> 24;
}

function writeTag(tag) {
  body[at++] = tag;
  return true;
}

function writeLong(tag, length) {
  body[at] = tag;
  writeUint32(at + 1, length);
  at += 5;
}

function writeText(string) {
  const { length } = string;
  if (textAt + length > text.length) setText(grown(text, textAt, length));
  if (length <= BRIEF) {
    const to = text;
    const first = textAt;
    for (let i = 0; i < length; i++) {
      const unit = string.charCodeAt(i);
      if (unit > 255) return writeWide(string);
      to[first + i] = unit;
    }
    textAt = first + length;
    body[at++] = TAG.TEXT | length;
    return true;
  }
  if (!writeAscii(string)) {
    if (!isLatin1(string)) return writeWide(string);
    latin1Write.call(text, string, textAt, length);
  }
  textAt += length;
  if (length < 64) body[at++] = TAG.TEXT | length;
  else writeLong(TAG.LONG_TEXT, length);
  return true;
}

/* Returns false if the string is long or not ASCII. UTF-8 with as many bytes as the string has characters
 * is ASCII, if there was room for more. */
function writeAscii(string) {
  const { length } = string;
  if (length > LONG) return false;
  const most = 3 * length;
  if (textAt + most > text.length) setText(grown(text, textAt, most));
  return utf8Write.call(text, string, textAt, most) === length;
}

function writeWide(string) {
  const { length } = string;
  if (at + 2 * length + SPARE > body.length) setBody(grown(body, at, 2 * length + SPARE));
  writeLong(TAG.WIDE, length);
  if (length > BRIEF) {
    ucs2Write.call(body, string, at, 2 * length);
    at += 2 * length;
    return true;
  }
  for (let i = 0; i < length; i++) {
    const unit = string.charCodeAt(i);
    body[at++] = unit;
    body[at++] = unit >>> 8;
  }
  return true;
}

/* Returns false if the value is not plain, or has an unknown shape. */
function writeValue(value) {
  if (at + SPARE > body.length) setBody(grown(body, at, SPARE));
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'object') return value === null ? writeTag(TAG.NULL) : writeObject(value);
  if (typeof value === 'boolean') return writeTag(value ? TAG.TRUE : TAG.FALSE);
  return value === undefined && writeTag(TAG.UNDEFINED);
}

function writeObject(value) {
  if (isProxy(value) || isView(value) || !isNew(value) || depth === DEEPEST) return false;
  const prototype = getPrototypeOf(value);
  depth++;
  const done = isArray(value)
    ? prototype === ARRAY && writeList(value)
    : (prototype === OBJECT || prototype === null) && writeFields(value);
  depth--;
  return done;
}

/* A hole reads as undefined. The test for other properties is the last, because a getter can add some; it
 * calls the getters of elements again. */
function writeList(array) {
  const { length } = array;
  if (length < 256) {
    body[at] = TAG.LIST;
    body[at + 1] = length;
    at += 2;
  } else {
    writeLong(TAG.LONG_LIST, length);
  }
  for (let i = 0; i < length; i++) {
    const item = array[i];
    if (item === undefined || !writeValue(item)) return false;
  }
  return values(array).length === length;
}

/* No user code runs between the two loops. In the second one a getter can delete a property. */
function writeFields(object) {
  const shape = shapeOf(object);
  if (shape === undefined || !writeShape(shape)) return false;
  let left = shape.size;
  if (left === 0) return isOrdinary(object);
  for (const key in object) {
    if (!hasOwnProperty.call(object, key)) continue;
    if (!writeValue(object[key])) return false;
    left--;
  }
  return left === 0;
}

/* Inherited properties are not cloned. */
function shapeOf(object) {
  let node = root;
  for (const key in object) {
    if (!hasOwnProperty.call(object, key)) continue;
    node = step(node, key);
    if (node === undefined) return undefined;
  }
  return node.shape;
}

function writeShape(shape) {
  if (shape.record === record) {
    body[at] = TAG.OBJECT;
    body[at + 1] = shape.number;
    at += 2;
    return true;
  }
  if (shapes === MOST_SHAPES) return false;
  shape.record = record;
  shape.number = shapes++;
  const { bytes } = shape;
  const { length } = bytes;
  if (textAt + length > text.length) setText(grown(text, textAt, length));
  body[at] = TAG.SHAPE;
  body[at + 1] = length;
  body[at + 2] = length >>> 8;
  at += 3;
  const to = text;
  const first = textAt;
  for (let i = 0; i < length; i++) to[first + i] = bytes[i];
  textAt = first + length;
  return true;
}

/* Fills and returns `encoded`; undefined if the value is not plain, has an unknown shape, or would take
 * more than `most` bytes. */
function writeRecord(value, scratch, encoded, most) {
  if (!begin()) return undefined;
  try {
    at = HEADER;
    textAt = depth = shapes = 0;
    record++;
    return writeObject(value) && lengthOf() <= most ? assemble(scratch, encoded) : undefined;
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  } finally {
    end();
    if (body.length > MOST_KEPT) setBody(Buffer.allocUnsafeSlow(FIRST));
    if (text.length > MOST_KEPT) setText(Buffer.allocUnsafeSlow(FIRST));
  }
}

/* Up to here a loop over words is faster than two calls. */
const SHORT = 2048;

let scratchOfWords;
let scratchWords;

function wordsOf(buffer) {
  if (buffer !== scratchOfWords) {
    const isAligned = buffer.byteOffset % 4 === 0;
    scratchOfWords = buffer;
    scratchWords = isAligned
      ? new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length >>> 2)
      : undefined;
  }
  return scratchWords;
}

const lengthOf = () => Math.ceil(at / 4) * 4 + textAt;

/* Puts the text behind the values, in `scratch` if it fits. */
function assemble(scratch, encoded) {
  while (at % 4 !== 0) body[at++] = 0;
  writeUint32(0, textAt);
  const length = at + textAt;
  if (length > scratch.length) {
    if (length > body.length) setBody(grown(body, at, textAt));
    set.call(body, subarray.call(text, 0, textAt), at);
    return note(encoded, TYPE.RECORD, body, length);
  }
  const words = wordsOf(scratch);
  if (length <= SHORT && words !== undefined && length + 3 <= scratch.length) {
    copyWords(words);
  } else {
    set.call(scratch, subarray.call(body, 0, at));
    set.call(scratch, subarray.call(text, 0, textAt), at);
  }
  return note(encoded, TYPE.RECORD, scratch, length);
}

function copyWords(words) {
  const first = bodyWords;
  const second = textWords;
  const many = at >>> 2;
  for (let i = 0; i < many; i++) words[i] = first[i];
  const more = (textAt + 3) >>> 2;
  for (let i = 0; i < more; i++) words[many + i] = second[i];
}

/* Makes the shapes in a value known, except for those with getters. It runs no getter. */
function learnShapes(value) {
  const work = [value];
  for (let i = 0; i < work.length && i < MOST_LEARNT; i++) {
    const one = work[i];
    if (isProxy(one) || isView(one)) continue;
    const isList = isArray(one);
    const names = isList ? undefined : keys(one);
    const many = Math.min(isList ? one.length : names.length, MOST_LEARNT);
    let isData = true;
    for (let k = 0; k < many; k++) {
      const own = getOwnPropertyDescriptor(one, isList ? k : names[k]);
      if (own === undefined) continue;
      if (!hasOwnProperty.call(own, 'value')) isData = false;
      else if (typeof own.value === 'object' && own.value !== null) work.push(own.value);
    }
    if (!isList) learn(names, isData);
  }
}

module.exports = { learnShapes, writeRecord };
