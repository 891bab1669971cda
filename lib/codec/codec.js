/*
 * The codecs turn a value into a type (one byte) and bytes, and back. encode() writes into the given
 * scratch memory if the bytes fit. It writes after all user code has run, because a getter, a toJSON or
 * a custom encode may use the same codec. The result of decode() shares no memory with its input;
 * decode() throws only ERR_MMAPIPC_CORRUPT and ERR_MMAPIPC_CODEC.
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
const { readRecord } = require('./record-read');
const { learnShapes, writeRecord } = require('./record-write');
const { note, readJson, writeJson } = require('./text');
const { TYPE } = require('./types');
const { deserialize, serialize } = require('./v8');
const { copyOf, readSimple, writePrimitive } = require('./values');
const { MmapipcError, invalidType } = require('../base/errors');
const { bytesOf, options } = require('../base/validate');

const LAST = TYPE.RECORD;

const PATIENCE = 4;
const RAREST = 6; // once in 2 ** 6 times

const { stringify } = JSON;
const byteLength = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'byteLength',
).get;
const isObject = (value) => typeof value === 'object' && value !== null;

function writeClone(value, encoded) {
  const bytes = serialize(value);
  return note(encoded, TYPE.V8, bytes, bytes.length);
}

/* undefined if the text is longer than a string can be; a clone has no such limit. */
function textOf(plain) {
  try {
    return stringify(plain);
  } catch (error) {
    if (isTooLong(error)) return undefined;
    throw error;
  }
}

function encodeAuto(value, scratch, encoded, most) {
  if (!isObject(value)) return writePrimitive(value, scratch, encoded);
  if (encoded.pause > 0) {
    encoded.pause--;
  } else if (writeRecord(value, scratch, encoded, most) !== undefined) {
    encoded.failures = 0;
    return encoded;
  } else {
    learnShapes(value);
    pauseAfter(++encoded.failures, encoded);
  }
  if (isPlain(value)) {
    const text = textOf(value);
    if (text !== undefined) return writeJson(text, scratch, encoded);
  }
  return encodeV8(value, scratch, encoded);
}

/* After some failures in sequence, records are tried ever more rarely. */
function pauseAfter(failures, encoded) {
  if (failures > PATIENCE) encoded.pause = 2 ** Math.min(failures - PATIENCE, RAREST);
}

function encodeV8(value, scratch, encoded) {
  if (!isObject(value)) return writePrimitive(value, scratch, encoded);
  if (isUint8Array(value) && Buffer.isBuffer(value)) {
    bytesOf(value, 'The "value" argument'); // throws if its memory was detached
    return note(encoded, TYPE.BUFFER, value, byteLength.call(value));
  }
  return writeClone(value, encoded);
}

function encodeJson(value, scratch, encoded) {
  if (isNone(value)) throw noValue(value);
  const text = stringify(value);
  if (text === undefined) throw noText();
  return writeJson(text, scratch, encoded);
}

const isNone = (value) =>
  value === undefined || typeof value === 'function' || typeof value === 'symbol';

/* Decodes only JSON, so that no bytes of other processes reach V8's deserializer. */
function decodeJson(type, bytes, length) {
  if (isJson(type)) return readJson(type, bytes, length);
  if (type !== TYPE.NONE) throw otherCodec(type, 'json');
  return readSimple(type, bytes, length);
}

const isJson = (type) => type === TYPE.JSON_ASCII || type === TYPE.JSON_UTF8;

/* For 'auto' and 'v8', which read each other's values. */
function decodeAny(name) {
  return (type, bytes, length) => {
    if (isJson(type)) return readJson(type, bytes, length);
    if (type <= TYPE.BUFFER) return readSimple(type, bytes, length);
    if (type === TYPE.RECORD) return readRecord(bytes, length);
    if (type !== TYPE.V8) throw otherCodec(type, name);
    return deserialize(length === bytes.length ? bytes : bytes.subarray(0, length));
  };
}

function encodeCustom(custom) {
  const { encode } = custom;
  return (value, scratch, encoded) => {
    if (isNone(value)) throw noValue(value);
    const bytes = encode.call(custom, value);
    if (!isUint8Array(bytes)) throw noBytes(bytes);
    bytesOf(bytes, 'The result of "codec.encode"');
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
  /* The last two are of records: the failures in sequence, and the values for which none is tried. */
  #encoded = { type: TYPE.NONE, bytes: undefined, length: 0, failures: 0, pause: 0 };

  constructor(name, write, read) {
    this.name = name;
    this.#write = write;
    this.#read = read;
  }

  /* { type, bytes, length }, one object for all calls; `bytes` is `scratch` or another Buffer, and valid
   * until the next call. The length exceeds `most` only if the value has no shorter form. */
  encode(value, scratch, most = Infinity) {
    try {
      return this.#write(value, scratch, this.#encoded, most);
    } catch (error) {
      throw encodeError(error, value);
    }
  }

  /* The value of the first `length` bytes. */
  decode(type, bytes, length) {
    if (!(type <= LAST)) throw corrupt(`its type ${type} is unknown`);
    if (!(length <= bytes.length)) {
      throw corrupt(`its length ${length} is more than its memory, ${bytes.length}`);
    }
    try {
      return this.#read(type, bytes, length);
    } catch (error) {
      if (error instanceof MmapipcError) throw error;
      throw corrupt('its bytes do not fit its type', error);
    }
  }

  /* Whether its strings are stored as text, and its numbers as numbers. */
  get hasTexts() {
    return this.name === 'auto' || this.name === 'v8';
  }

  /* The value of a text that is JSON. */
  parse(text) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw corrupt('its bytes do not fit its type', error);
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
