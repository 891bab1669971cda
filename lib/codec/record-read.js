/*
 * Reads records (record-format.js). No user code runs meanwhile: properties and elements are defined, or
 * stored over own ones, so that no setter of a prototype is called. Any bytes give a value or an error,
 * and the value takes no more memory than the bytes explain.
 */
'use strict';

const { DEEPEST, HEADER, MOST_KEYS_TEXT, MOST_SHAPES, TAG } = require('./record-format');
const { makeObject, shapeOf } = require('./record-shapes');

const { from } = Array;
const { slice } = Array.prototype;
const { substring } = String.prototype;
const { latin1Slice, ucs2Slice } = Buffer.prototype;

const BRIEF = 13; // characters from which on V8 makes a slice, which keeps the whole text alive
const LONGEST = 1024; // elements that are stored over those of a copy
const INTS = new Array(LONGEST).fill(0);
const DOUBLES = new Array(LONGEST).fill(0.5);
const OTHERS = new Array(LONGEST).fill(null);
const LITTLE = 512; // characters of a text that may be kept alive

let bytes;
let at = 0;
let end = 0; /* of the values, and begin of the text */
let text = '';
let textAt = 0;
let depth = 0;
let isLittle = false;
const shapes = [];
let shapeCount = 0;

const eight = new Uint8Array(8);
const float = new Float64Array(eight.buffer);
const isBig = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

class Malformed extends Error {}

function readUint32() {
  if (at + 4 > end) throw new Malformed('the end is missing');
  const number =
    bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  at += 4;
  return number >>> 0;
}

function readDouble() {
  if (at + 8 > end) throw new Malformed('the end is missing');
  for (let i = 0; i < 8; i++) eight[i] = bytes[at + i];
  at += 8;
  if (isBig) eight.reverse();
  return float[0];
}

function readText(length) {
  const start = textAt;
  textAt += length;
  if (textAt > text.length) throw new Malformed('its text is too short');
  if (length < BRIEF || isLittle) return substring.call(text, start, textAt);
  return latin1Slice.call(bytes, end + start, end + textAt);
}

function readWide() {
  const length = 2 * readUint32();
  if (at + length > end) throw new Malformed('the end is missing');
  at += length;
  return ucs2Slice.call(bytes, at - length, at);
}

function readValue() {
  if (at >= end) throw new Malformed('the end is missing');
  const tag = bytes[at++];
  if (tag >= TAG.INT) return tag - TAG.INT;
  if (tag >= TAG.TEXT) return readText(tag - TAG.TEXT);
  switch (tag) {
    case TAG.NULL:
      return null;
    case TAG.TRUE:
      return true;
    case TAG.FALSE:
      return false;
    case TAG.UNDEFINED:
      return undefined;
    case TAG.INT32:
      return readUint32() | 0;
    case TAG.DOUBLE:
      return readDouble();
    case TAG.LONG_TEXT:
      return readText(readUint32());
    case TAG.WIDE:
      return readWide();
    default:
      return readContainer(tag);
  }
}

function readContainer(tag) {
  if (depth === DEEPEST) throw new Malformed('it is nested too deeply');
  depth++;
  let value;
  if (tag === TAG.LIST) value = readList(readByte());
  else if (tag === TAG.LONG_LIST) value = readList(readUint32());
  else if (tag === TAG.OBJECT) value = makeObject(shapes[shapeNumber()], readValue);
  else if (tag === TAG.SHAPE) value = makeObject(readShape(), readValue);
  else throw new Malformed(`its tag ${tag} is unknown`);
  depth--;
  return value;
}

const isInt = (number) => (number | 0) === number;

function readByte() {
  if (at >= end) throw new Malformed('the end is missing');
  return bytes[at++];
}

function shapeNumber() {
  const number = readByte();
  if (number >= shapeCount) throw new Malformed('a shape is missing');
  return number;
}

/* Each element takes a byte at least. */
function readList(length) {
  if (length === 0) return [];
  if (length > end - at) throw new Malformed('the end is missing');
  if (length > LONGEST) return from.call(Array, { __proto__: null, length }, readValue);
  const first = readValue();
  const list = slice.call(typeof first !== 'number' ? OTHERS : isInt(first) ? INTS : DOUBLES, 0, length);
  list[0] = first;
  for (let i = 1; i < length; i++) list[i] = readValue();
  return list;
}

function readShape() {
  const length = readByte() | (readByte() << 8);
  if (length > MOST_KEYS_TEXT) throw new Malformed('its keys are too long');
  if (shapeCount === MOST_SHAPES) throw new Malformed('it has too many shapes');
  const start = textAt;
  textAt += length;
  if (textAt > text.length) throw new Malformed('its text is too short');
  let shape = shapes[shapeCount];
  const keys = substring.call(text, start, textAt);
  if (shape === undefined || shape.text !== keys) {
    shape = shapeOf(keys, () => latin1Slice.call(bytes, end + start, end + textAt));
    shapes[shapeCount] = shape;
  }
  shapeCount++;
  return shape;
}

/* The value, an object or array. */
function readRecord(source, length) {
  bytes = source;
  at = 0;
  end = HEADER;
  if (length < HEADER) throw new Malformed('the end is missing');
  const textLength = readUint32();
  end = length - textLength;
  if (end < HEADER) throw new Malformed('its text is too long');
  textAt = depth = shapeCount = 0;
  isLittle = textLength <= LITTLE;
  try {
    text = latin1Slice.call(source, end, length);
    const value = readContainer(readByte());
    if (textAt !== textLength || end - at > 3) throw new Malformed('something follows it');
    return value;
  } finally {
    text = '';
    bytes = undefined;
  }
}

module.exports = { readRecord };
