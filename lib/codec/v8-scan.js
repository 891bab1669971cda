/*
 * Keeps V8's deserializer from allocating far more memory than the bytes need. The length of a sparse
 * array takes a few bytes, and V8 allocates 8 bytes for each slot at once, up to 256 MB an array. The scan
 * reads the bytes as ValueDeserializer (v8/src/objects/value-serializer.cc) does, and adds the lengths
 * up. It may refuse bytes that V8 accepts, and never accepts bytes that V8 would read in another way: an
 * unknown tag ends it.
 */
'use strict';

const LITTLE = require('node:os').endianness() === 'LE';
const SLOTS = 2 ** 22; // allowed beyond those that the bytes need
const PER_BYTE = 1; // of a sparse array: an element takes one byte at least
const PER_BYTE_BY_KEY = 16; // of integer keys: an array grows by half its size and a few slots
/* An object keeps elements in an array as long as the next index is less than GAP beyond its capacity,
 * and in a dictionary otherwise. The array grows to one and a half times the index and SPARE. (JSON.parse
 * counts first, and leaves no such gaps.) */
const GAP = 1024;
const SPARE = 16;
const MOST_BY_KEY = 8192; // more than V8 allocates for one key
const UNCHECKED = 5000; // slots up to which V8 does not count those in use
const PER_ELEMENT = 32; // more slots than V8 allows beyond them for each element in use
const MORE = 0x80; // in each byte of a number but the last
const BITS = 0x7f;
const LONGEST = 5;

const code = (letter) => letter.charCodeAt(0);
const SPARSE = code('a');
const VIEW = code('V');

let bytes;
let at = 0;
let slots = 0; /* of sparse arrays */
let slotsByKey = 0;

class Unknown extends Error {}

/* The reason for a refusal, in words; undefined if the bytes are accepted. */
function checkLengths(written) {
  [bytes, at, slots, slotsByKey] = [written, 2, 0, 0];
  try {
    const allowed = SLOTS + PER_BYTE * written.length;
    if (guess() <= allowed) return undefined;
    at = 2;
    scanValue();
    if (slots > allowed) return `Sparse arrays with ${slots} slots`;
    const isTooMuch = slotsByKey > SLOTS + PER_BYTE_BY_KEY * written.length;
    return isTooMuch ? `Objects whose integer keys take ${slotsByKey} slots` : undefined;
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    return 'A value in an unknown format';
  } finally {
    bytes = undefined;
  }
}

/* An upper bound of the slots: as if every byte that can begin a sparse array or an integer key did so.
 * Plain text has no such bytes. */
function guess() {
  let sum = 0;
  const last = bytes.length - 1;
  for (let i = 2; i < last; i++) {
    const tag = bytes[i];
    if (tag === SPARSE && bytes[i + 1] >= MORE) {
      at = i + 1;
      sum += lengthAt();
    } else if (IS_KEY_TAG[tag] === 1 && isMaybeKey(tag, i + 1)) {
      sum += MOST_BY_KEY;
    }
  }
  return sum;
}

const [INT, UINT, DOUBLE, ONE_BYTE, UTF8, TWO_BYTE] = [...'IUN"Sc'].map(code);
const IS_KEY_TAG = new Uint8Array(256);
for (const tag of [INT, UINT, DOUBLE, ONE_BYTE, UTF8, TWO_BYTE]) IS_KEY_TAG[tag] = 1;

const SMALL = 64; // an integer key below it has no more slots than its bytes need
const MOST_DIGITS = 10;
const isDigit = (byte) => byte >= 0x30 && byte <= 0x39;

/* Whether what follows the tag could be an integer from SMALL on, or a text of one. */
function isMaybeKey(tag, i) {
  const first = bytes[i];
  if (tag === INT) return first >= MORE && (first & 1) === 0;
  if (tag === UINT) return first >= SMALL;
  if (tag === DOUBLE) return bytes[i + (LITTLE ? 7 : 0)] === 0x40;
  const width = tag === TWO_BYTE ? 2 : 1;
  return first > width && first <= MOST_DIGITS * width && isDigit(bytes[i + (LITTLE ? 1 : width)]);
}

/* The index that a key names, or -1: an integer, or a number or text of one. */
const eight = new DataView(new ArrayBuffer(8));
function indexAt() {
  const start = at;
  const tag = bytes[at++];
  let index = -1;
  if (tag === INT) {
    const zigzag = lengthAt();
    index = zigzag & 1 ? -1 : zigzag >>> 1;
  } else if (tag === UINT) {
    index = lengthAt();
  } else if (tag === DOUBLE && at + 8 <= bytes.length) {
    for (let i = 0; i < 8; i++) eight.setUint8(i, bytes[at + i]);
    index = eight.getFloat64(0, LITTLE);
  } else if (tag === ONE_BYTE || tag === UTF8 || tag === TWO_BYTE) {
    index = textIndexAt(tag === TWO_BYTE ? 2 : 1);
  }
  at = start;
  return index;
}

function textIndexAt(width) {
  const length = lengthAt();
  if (length === 0 || length > MOST_DIGITS * width) return -1;
  let index = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[at + i];
    if (isDigit(byte)) index = index * 10 + byte - 0x30;
    else if (width === 1 || byte !== 0) return -1;
  }
  return index;
}

/* Keys and values up to `end`, in an object that has `capacity` slots for elements, of which `used` are
 * in use. A dictionary has no slots to count. */
function scanProperties(end, capacity, used) {
  const tag = code(end);
  while (peek() !== tag) {
    const index = indexAt();
    if (index >= 0) used++;
    if (index >= capacity) {
      const more = index + 1 + ((index + 1) >>> 1) + SPARE;
      const isSparse = index - capacity >= GAP || (more > UNCHECKED && more > PER_ELEMENT * used);
      if (!isSparse) slotsByKey += more - capacity;
      capacity = isSparse ? Infinity : more;
    }
    scanValue(); // the key
    scanValue();
  }
  at++;
}

/* As readNumber, where the bytes may not be a number. */
function lengthAt() {
  let value = 0;
  for (let shift = 0; shift < 7 * LONGEST && at < bytes.length; shift += 7) {
    const byte = bytes[at++];
    value = (value | ((byte & BITS) << shift)) >>> 0;
    if (byte < MORE) break;
  }
  return value;
}

/* V8 also reads longer numbers, and does not write them. */
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
  '^': number, // an object that came before
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
    scanProperties('{', 0, 0);
    readNumber();
  },
  A: () => {
    const capacity = readNumber();
    for (let i = 0; i < capacity; i++) scanValue();
    scanProperties('$', capacity, capacity);
    readNumber();
    readNumber();
  },
  a: () => {
    const length = readNumber();
    slots += length;
    scanProperties('@', length, 0);
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

/* A view of the ArrayBuffer before it: kind, offset, length, flags. */
function scanView() {
  at++;
  for (let i = 0; i < 4; i++) readNumber();
}

/* The parts of an error: the class, or a letter and a value. */
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
