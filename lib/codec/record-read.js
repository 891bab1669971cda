/*
 * Reads records (record-format.js). No user code runs meanwhile: properties and elements are defined, or
 * stored over own ones, so that no setter of a prototype is called. Any bytes give a value or an error,
 * and the value takes no more memory than the bytes explain.
 */
'use strict';

const { DEEPEST, HEADER, MOST_KEYS_TEXT, MOST_SHAPES, TAG } = require('./record-format');
const { makeObject, shapeOf } = require('./record-objects');

const ARRAY = Array.prototype;
const { concat, slice } = ARRAY;
const { from } = Array;
const { species } = Symbol;
const { substring } = String.prototype;
const { latin1Slice, ucs2Slice } = Buffer.prototype;

const CHUNK = 512; // characters that are made a string at once, because V8's substrings keep it alive
const LONG = 128; // characters of a string that is read by itself
const MOST_COPIED = 2 ** 14; // elements

/* Arrays, of which new ones are copies, by what they are good for. */
const models = { ints: [0, 0], doubles: [0.5, 0.5], others: [null, null] };

let bytes;
let at = 0;
let end = 0; /* of the values, and begin of the text */
let last = 0; /* end of the text */
let textAt = 0;
let chunk = ''; /* characters of the text, from `chunkAt` to `chunkEnd` */
let chunkAt = 0;
let chunkEnd = 0;
let depth = 0;
let owed = 0; /* elements that the arrays around the present value still need */
const shapes = [];
let shapeCount = 0;

const eight = new Uint8Array(8);
const float = new Float64Array(eight.buffer);
const isBig = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

class Malformed extends Error {}

function readUint32() {
  if (at + 4 > end) throw new Malformed('the end is missing');
  const number = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
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
  if (textAt > chunkEnd) {
    if (textAt > last) throw new Malformed('its text is too short');
    if (length >= LONG) return latin1Slice.call(bytes, start, textAt);
    chunkAt = start;
    chunkEnd = start + CHUNK > last ? last : start + CHUNK;
    chunk = latin1Slice.call(bytes, start, chunkEnd);
  }
  return substring.call(chunk, start - chunkAt, textAt - chunkAt);
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

function readByte() {
  if (at >= end) throw new Malformed('the end is missing');
  return bytes[at++];
}

function shapeNumber() {
  const number = readByte();
  if (number >= shapeCount) throw new Malformed('a shape is missing');
  return number;
}

/* Each element takes a byte at least, also those that the arrays around this one still need. */
function readList(length) {
  if (length === 0) return [];
  if (length > end - at - owed) throw new Malformed('the end is missing');
  owed += length - 1;
  const first = readValue();
  const list = newList(kindOf(first), length);
  list[0] = first;
  for (let i = 1; i < length; i++) {
    owed--;
    list[i] = readValue();
  }
  return list;
}

/* An array with own elements, which are then stored over. */
function newList(kind, length) {
  if (length > MOST_COPIED || !isPristine()) return from.call(Array, { __proto__: null, length });
  while (models[kind].length < length) models[kind] = concat.call(models[kind], models[kind]);
  return slice.call(models[kind], 0, length);
}

/* Whether slice() and concat() make arrays. */
const isPristine = () => ARRAY.constructor === Array && Array[species] === Array;

function kindOf(value) {
  if (typeof value !== 'number') return 'others';
  return (value | 0) === value ? 'ints' : 'doubles';
}

function readShape() {
  const length = readByte() | (readByte() << 8);
  if (length > MOST_KEYS_TEXT) throw new Malformed('its keys are too long');
  if (shapeCount === MOST_SHAPES) throw new Malformed('it has too many shapes');
  const keys = readText(length);
  let shape = shapes[shapeCount];
  if (shape === undefined || shape.text !== keys) {
    shape = shapeOf(keys, () => latin1Slice.call(bytes, textAt - length, textAt));
    shapes[shapeCount] = shape;
  }
  shapeCount++;
  return shape;
}

/* The value, an object or array. */
function readRecord(source, length) {
  bytes = source;
  at = depth = owed = shapeCount = 0;
  end = last = length;
  try {
    end -= readUint32();
    if (end < HEADER) throw new Malformed('its text is too long');
    textAt = chunkAt = chunkEnd = end;
    const value = readContainer(readByte());
    if (textAt !== last || end - at > 3) throw new Malformed('something follows it');
    return value;
  } finally {
    chunk = '';
    bytes = undefined;
  }
}

module.exports = { readRecord };
