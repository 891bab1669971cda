/*
 * Keeps V8's deserializer from taking memory that the bytes do not pay for. A sparse array says its
 * length in a few bytes, and V8 takes 8 bytes for each place at once, up to 256 MB an array. The scan
 * reads what ValueDeserializer (v8/src/objects/value-serializer.cc) would read, and adds the lengths
 * up. It may refuse what V8 would take, never the other way: what it does not know ends it.
 */
'use strict';

const PLACES = 2 ** 22; // beyond one for each byte, which is the least that an element takes
const MORE = 0x80; // in each byte of a number but the last
const BITS = 0x7f;
const LONGEST = 5;

const code = (letter) => letter.charCodeAt(0);
const SPARSE = code('a');
const VIEW = code('V');

let bytes;
let at = 0;
let places = 0;

class Unknown extends Error {}

/* What is wrong, in words; undefined when nothing is. */
function checkLengths(written) {
  [bytes, at, places] = [written, 2, 0];
  try {
    const allowed = PLACES + written.length;
    if (guess() <= allowed) return undefined;
    at = 2;
    scanValue();
    return places > allowed ? `A sparse array with ${places} places` : undefined;
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    return 'A value that is not as V8 writes it';
  } finally {
    bytes = undefined;
  }
}

/* The places if every byte that could begin a sparse array did: plain text has none. */
function guess() {
  let sum = 0;
  const last = bytes.length - 1;
  for (let i = 2; i < last; i++) {
    if (bytes[i] !== SPARSE || bytes[i + 1] < MORE) continue;
    at = i + 1;
    sum += lengthAt();
  }
  return sum;
}

/* As readNumber, of what may be none. */
function lengthAt() {
  let value = 0;
  for (let shift = 0; shift < 7 * LONGEST && at < bytes.length; shift += 7) {
    const byte = bytes[at++];
    value = (value | ((byte & BITS) << shift)) >>> 0;
    if (byte < MORE) break;
  }
  return value;
}

/* V8 takes longer ones, and writes none. */
function readNumber() {
  const start = at;
  const value = lengthAt();
  if (at === start || bytes[at - 1] >= MORE) throw new Unknown();
  return value;
}

function skip(length) {
  if (length > bytes.length - at) throw new Unknown();
  at += length;
}

function peek() {
  while (bytes[at] === 0) at++; // padding
  return bytes[at];
}

function until(letter) {
  const tag = code(letter);
  while (peek() !== tag) scanValue();
  at++;
}

const nothing = () => {};
const number = () => readNumber();
const double = () => skip(8);
const counted = () => skip(readNumber());
const bigint = () => {
  const field = readNumber();
  if (field >= 2 ** 31) throw new Unknown();
  skip(field >>> 1);
};

/* What follows each tag. */
const TOKENS = {
  _: nothing, // undefined
  0: nothing, // null
  T: nothing,
  F: nothing,
  '-': nothing, // a hole
  y: nothing, // new Boolean
  x: nothing,
  I: number,
  U: number,
  '^': number, // an object met before
  N: double,
  n: double, // new Number
  D: double, // Date
  Z: bigint,
  z: bigint,
  S: counted,
  '"': counted,
  c: counted,
  B: counted, // ArrayBuffer
  s: () => scanValue(), // new String
  '~': () => {
    const length = readNumber();
    readNumber();
    skip(length);
  },
  '\\': () => {
    readNumber();
    skip(readNumber());
  },
  R: () => {
    scanValue();
    readNumber();
  },
  o: () => {
    until('{');
    readNumber();
  },
  A: () => {
    readNumber();
    until('$');
    readNumber();
    readNumber();
  },
  a: () => {
    places += readNumber();
    until('@');
    readNumber();
    readNumber();
  },
  ';': () => {
    until(':');
    readNumber();
  },
  "'": () => {
    until(',');
    readNumber();
  },
  r: scanError,
};

const SCANS = new Array(256).fill(() => {
  throw new Unknown();
});
for (const [letter, scan] of Object.entries(TOKENS)) SCANS[code(letter)] = scan;

function scanValue() {
  if (peek() === undefined) throw new Unknown();
  SCANS[bytes[at++]]();
  while (peek() === VIEW) scanView();
}

/* It belongs to the ArrayBuffer before it: kind, offset, length, flags. */
function scanView() {
  at++;
  for (let i = 0; i < 4; i++) readNumber();
}

/* A list of parts: the class, or a letter and a value. */
function scanError() {
  for (;;) {
    const part = bytes[at++];
    if (part === code('.')) return;
    if ('EFRSTU'.includes(String.fromCharCode(part))) continue;
    if (part === undefined || !'mcs'.includes(String.fromCharCode(part))) throw new Unknown();
    scanValue();
  }
}

module.exports = { checkLengths };
