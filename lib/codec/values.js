/*
 * Values that need neither JSON nor a clone: primitives and Buffers. The writers fill and return
 * `encoded`. The readers return a value, or throw ERR_MMAPIPC_CORRUPT.
 */
'use strict';

const { corrupt, noValue } = require('./errors');
const { note, bytesFor, readLatin1, readUtf16, writeString } = require('./text');
const { TYPE } = require('./types');

/* Eight bytes as a double or a bigint; reversed on a big-endian machine. */
const eight = new Uint8Array(8);
const float = new Float64Array(eight.buffer);
const int = new BigInt64Array(eight.buffer);
const isBig = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

function writeEight(type, scratch, encoded) {
  const bytes = bytesFor(8, scratch);
  if (isBig) eight.reverse();
  for (let i = 0; i < 8; i++) bytes[i] = eight[i];
  return note(encoded, type, bytes, 8);
}

function readEight(bytes) {
  for (let i = 0; i < 8; i++) eight[i] = bytes[i];
  if (isBig) eight.reverse();
}

function writePrimitive(value, scratch, encoded) {
  switch (typeof value) {
    case 'string':
      return writeString(value, scratch, encoded);
    case 'number':
      float[0] = value;
      return writeEight(TYPE.NUMBER, scratch, encoded);
    case 'boolean':
      return note(encoded, value ? TYPE.TRUE : TYPE.FALSE, scratch, 0);
    case 'bigint':
      return writeBigint(value, scratch, encoded);
    case 'object': // null
      return note(encoded, TYPE.NULL, scratch, 0);
    default:
      throw noValue(value);
  }
}

function writeBigint(value, scratch, encoded) {
  int[0] = value;
  if (int[0] === value) return writeEight(TYPE.BIGINT, scratch, encoded);
  const text = value < 0n ? value.toString(16) : `+${value.toString(16)}`;
  writeString(text, scratch, encoded);
  encoded.type = TYPE.BIGINT;
  return encoded;
}

const LONG = /^[+-][0-9a-f]{16,}$/;

function readBigint(bytes, length) {
  if (length === 8) {
    readEight(bytes);
    return int[0];
  }
  const text = readLatin1(bytes, length);
  if (!LONG.test(text)) throw corrupt('its bytes are not a bigint');
  const size = BigInt(`0x${text.slice(1)}`);
  return text[0] === '-' ? -size : size;
}

/* A copy in memory of its own. */
function copyOf(bytes, length) {
  const copy = Buffer.allocUnsafe(length);
  copy.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return copy;
}

function lengthIs(right) {
  if (!right) throw corrupt('its length does not fit its type');
}

/* The value of a type up to BUFFER, of which `length` bytes exist. */
function readSimple(type, bytes, length) {
  switch (type) {
    case TYPE.NUMBER:
      lengthIs(length === 8);
      readEight(bytes);
      return float[0];
    case TYPE.LATIN1:
      return readLatin1(bytes, length);
    case TYPE.UTF16:
      lengthIs(length % 2 === 0);
      return readUtf16(bytes, length);
    case TYPE.BIGINT:
      return readBigint(bytes, length);
    case TYPE.BUFFER:
      return copyOf(bytes, length);
    default:
      lengthIs(length === 0);
      return CONSTANTS[type];
  }
}

const CONSTANTS = [];
CONSTANTS[TYPE.NONE] = undefined;
CONSTANTS[TYPE.NULL] = null;
CONSTANTS[TYPE.TRUE] = true;
CONSTANTS[TYPE.FALSE] = false;

module.exports = { copyOf, readSimple, writePrimitive };
