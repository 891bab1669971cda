/*
 * The codecs: a value as a type (one byte) and bytes, and back. encode() writes into the scratch
 * memory that it is given where the bytes fit, and not before all code of the user's has run (a
 * getter, a toJSON, a custom encode may use the same codec). What decode() returns shares no memory
 * with what it was given; it throws ERR_MMAPIPC_CORRUPT or ERR_MMAPIPC_CODEC and nothing else.
 */
'use strict';

const { isUint8Array } = require('node:util').types;

const {
  corrupt,
  encodeError,
  isTooLong,
  noBytes,
  noText,
  noValue,
  otherCodec,
} = require('./errors');
const { freeze, isPlain } = require('./plain');
const { note, readJson, writeJson } = require('./text');
const { TYPE } = require('./types');
const { deserialize, serialize } = require('./v8');
const { copyOf, readSimple, writePrimitive } = require('./values');
const { MmapipcError, invalidType } = require('../base/errors');
const { bytesOf, options } = require('../base/validate');

const LAST = TYPE.CUSTOM;

const byteLength = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'byteLength',
).get;
const isObject = (value) => typeof value === 'object' && value !== null;

function writeClone(value, encoded) {
  const bytes = serialize(value);
  return note(encoded, TYPE.V8, bytes, bytes.length);
}

/* undefined when it is too long for a string, which a clone is not. */
function textOf(plain) {
  try {
    return JSON.stringify(plain);
  } catch (error) {
    if (isTooLong(error)) return undefined;
    throw error;
  }
}

function encodeAuto(value, room, encoded) {
  if (!isObject(value)) return writePrimitive(value, room, encoded);
  if (isPlain(value)) {
    const text = textOf(value);
    if (text !== undefined) return writeJson(text, room, encoded);
  }
  return encodeV8(value, room, encoded);
}

function encodeV8(value, room, encoded) {
  if (!isObject(value)) return writePrimitive(value, room, encoded);
  if (isUint8Array(value) && Buffer.isBuffer(value)) {
    bytesOf(value, 'The "value" argument'); // throws when its memory is gone
    return note(encoded, TYPE.BUFFER, value, byteLength.call(value));
  }
  return writeClone(value, encoded);
}

function encodeJson(value, room, encoded) {
  if (isNone(value)) throw noValue(value);
  const text = JSON.stringify(value);
  if (text === undefined) throw noText();
  return writeJson(text, room, encoded);
}

const isNone = (value) =>
  value === undefined || typeof value === 'function' || typeof value === 'symbol';

/* Only what JSON has, so that nothing that others write gets to V8's deserializer. */
function decodeJson(type, bytes, length) {
  if (isJson(type)) return readJson(type, bytes, length);
  if (type !== TYPE.NONE) throw otherCodec(type, 'json');
  return readSimple(type, bytes, length);
}

const isJson = (type) => type === TYPE.JSON_ASCII || type === TYPE.JSON_UTF8;

/* Of 'auto' and 'v8', which read each other's. */
function decodeAny(name) {
  return (type, bytes, length) => {
    if (isJson(type)) return readJson(type, bytes, length);
    if (type <= TYPE.BUFFER) return readSimple(type, bytes, length);
    if (type !== TYPE.V8) throw otherCodec(type, name);
    return deserialize(length === bytes.length ? bytes : bytes.subarray(0, length));
  };
}

function encodeCustom(custom) {
  const { encode } = custom;
  return (value, room, encoded) => {
    if (isNone(value)) throw noValue(value);
    const bytes = encode.call(custom, value);
    if (!isUint8Array(bytes)) throw noBytes(bytes);
    bytesOf(bytes, 'What "codec.encode" returned');
    return note(encoded, TYPE.CUSTOM, bytes, byteLength.call(bytes));
  };
}

function decodeCustom(custom) {
  const { decode } = custom;
  return (type, bytes, length) => {
    if (type === TYPE.CUSTOM) return decode.call(custom, copyOf(bytes, length));
    if (type !== TYPE.NONE) throw otherCodec(type, 'custom');
    return readSimple(type, bytes, length);
  };
}

class Codec {
  #write;
  #read;
  #encoded = { type: TYPE.NONE, bytes: undefined, length: 0 };

  constructor(name, write, read) {
    this.name = name;
    this.#write = write;
    this.#read = read;
  }

  /* { type, bytes, length }, one object for all calls: its bytes are `room`, or others. */
  encode(value, room) {
    try {
      return this.#write(value, room, this.#encoded);
    } catch (error) {
      throw encodeError(error, value);
    }
  }

  /* The value of the first `length` of the bytes. */
  decode(type, bytes, length) {
    if (!(type <= LAST)) throw corrupt(`its type ${type} is unknown`);
    if (!(length <= bytes.length)) throw corrupt('it is longer than there is room');
    try {
      return this.#read(type, bytes, length);
    } catch (error) {
      if (error instanceof MmapipcError) throw error;
      throw corrupt('its bytes mean nothing', error);
    }
  }
}

const CHOICE = 'The option "codec"';
const CUSTOM = '{ encode, decode }';
const MAKE = {
  auto: () => new Codec('auto', encodeAuto, decodeAny('auto')),
  v8: () => new Codec('v8', encodeV8, decodeAny('v8')),
  json: () => new Codec('json', encodeJson, decodeJson),
};
const NAMES = Object.keys(MAKE);

/* The codec of the option: 'auto' | 'v8' | 'json' | { encode(value): Uint8Array, decode(buffer) } */
function makeCodec(option = 'auto') {
  if (NAMES.includes(option)) return MAKE[option]();
  if (typeof option === 'string') {
    options({ [option]: true }, NAMES, `${CHOICE} ('auto', 'v8', 'json' or ${CUSTOM})`);
  }
  if (typeof option !== 'function' && !isObject(option)) {
    throw invalidType(CHOICE, `'auto', 'v8', 'json' or ${CUSTOM}`, option);
  }
  for (const name of ['encode', 'decode']) {
    if (typeof option[name] === 'function') continue;
    throw invalidType(
      `${CHOICE} has a property "${name}", which`,
      'of type function',
      option[name],
    );
  }
  return new Codec('custom', encodeCustom(option), decodeCustom(option));
}

module.exports = { TYPE, freeze, makeCodec };
