/*
 * Calls of one map that concern many entries: iteration, getMany, clear. An iteration takes no lock. An
 * entry that exists all the time is seen exactly once, because no entry ever moves to another bucket.
 *
 * A part of the entries is decoded before the user sees the first of them, because the user's code may
 * use the scratch memory for other calls.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE } = require('../base/clock');
const { isLatin1 } = require('../codec/text');
const { TYPE: TYPES } = require('../codec/types');
const { largeScratch } = require('../base/large');
const memory = require('./memory');

const { CURSOR, HANDLE, KEYS, LEASE, LENGTH, MS, SHORT, doubles, putKey, scratch, status, words } =
  memory;

const { BUSY, DONE, MORE } = binding.numbers.map;
const { ABSENT } = binding.numbers.map;
const { ITEMS, ITEM_KEYS, KEY: MOST_KEY } = binding.numbers.mapLimit;
const { size: ROW, fields } = binding.layout.mapItem;
const at = (name) => fields[name].offset / (fields[name].type === 'double' ? 8 : 4);
const TYPE = at('type');
const KEY_LENGTH = at('key_length');
const SIZE = at('length');
const NUMBER = at('number');
const WIDE = 2 ** 31;

const { latin1Slice } = Buffer.prototype;

const padded = (size) => (size + 7) & ~7;

/* The bytes of rows as arrays of all widths. */
class Rows {
  constructor(bytes) {
    const { buffer, byteOffset, length } = bytes;
    this.bytes = bytes;
    this.words = new Uint32Array(buffer, byteOffset, length >> 2);
    this.doubles = new Float64Array(buffer, byteOffset, length >> 3);
  }

  key(from, size) {
    return size >= WIDE
      ? this.bytes.ucs2Slice(from, from + size - WIDE)
      : this.bytes.latin1Slice(from, from + size);
  }

  /* The value of the row at byte `row`, whose bytes are at `from`. */
  value(row, from, table) {
    const type = this.words[row / 4 + TYPE];
    if (type === TYPES.NUMBER) return this.doubles[row / 8 + NUMBER];
    const length = this.doubles[row / 8 + SIZE];
    if (type === TYPES.LATIN1 && table.hasTexts) {
      return latin1Slice.call(this.bytes, from, from + length);
    }
    if (type === TYPES.JSON_ASCII && !table.isCustom) {
      return table.codec.parse(latin1Slice.call(this.bytes, from, from + length));
    }
    return table.codec.decode(type, this.bytes.subarray(from, from + length), length);
  }
}

const inScratch = new Rows(scratch);

/* The rows of the frame's next call, `length` bytes. With a custom codec they are copied, because its
 * decode() may use the map. */
function rowsOf(bytes, length, table) {
  if (table.isCustom) return new Rows(copyOf(bytes, length));
  return bytes === scratch ? inScratch : new Rows(bytes);
}

/* Of whole words. */
function copyOf(bytes, length) {
  const copy = Buffer.allocUnsafeSlow(length);
  bytes.copy(copy, 0, 0, length);
  return copy;
}

/* [item, ...] of the next buckets: keys, or [key, value] pairs. */
function part(table, prefix, skipped, cursor, isKeys) {
  let bytes = scratch;
  const call = () => {
    do {
      if (status[0] === MORE) bytes = largeScratch(doubles[LENGTH]);
      doubles[HANDLE] = table.handle;
      doubles[CURSOR] = cursor;
      words[KEYS] = isKeys ? 1 : 0;
      const given = bytes === scratch ? undefined : bytes;
      if (putKey(prefix)) binding.mapNext(given);
      else binding.mapNext(given, prefix);
    } while (status[0] === MORE);
    return status[0];
  };
  status[0] = DONE;
  const result = call();
  if (result === BUSY) table.wait(call);
  if (status[0] < 0) throw table.errorOf(status[0], prefix, 0);
  return { cursor: doubles[CURSOR], items: itemsOf(table, bytes, skipped, isKeys) };
}

function itemsOf(table, bytes, skipped, isKeys) {
  const items = [];
  const end = doubles[LENGTH];
  const rows = rowsOf(bytes, end, table);
  for (let row = 0; row < end;) {
    const keySize = rows.words[row / 4 + KEY_LENGTH];
    const keyAt = row + ROW;
    const valueAt = keyAt + padded(keySize % WIDE);
    if (rows.words[row / 4 + TYPE] !== LEASE) {
      const key = rows.key(keyAt, keySize).slice(skipped);
      items.push(isKeys ? key : [key, rows.value(row, valueAt, table)]);
    }
    row = valueAt + (isKeys ? 0 : padded(rows.doubles[row / 8 + SIZE]));
  }
  return items;
}

/* Keys, or pairs; without the first `skipped` characters of the keys. */
function* walk(table, prefix, skipped, buckets, isKeys) {
  for (let cursor = 0; cursor < buckets;) {
    const found = part(table, prefix, skipped, cursor, isKeys);
    ({ cursor } = found);
    yield* found.items;
  }
}

function countOf(table, prefix, buckets) {
  let count = 0;
  for (let cursor = 0; cursor < buckets;) {
    const found = part(table, prefix, 0, cursor, true);
    ({ cursor } = found);
    count += found.items.length;
  }
  return count;
}

function clear(table, prefix, buckets) {
  let cursor = 0;
  const call = (ms) => {
    doubles[HANDLE] = table.handle;
    doubles[CURSOR] = cursor;
    words[MS] = ms;
    if (putKey(prefix)) binding.mapClear();
    else binding.mapClear(prefix);
    ({ [CURSOR]: cursor } = doubles);
    return status[0];
  };
  while (cursor < buckets) {
    let result = call(SLICE);
    if (result === BUSY) result = table.wait(call);
    if (result < 0) throw table.errorOf(result, prefix, 0);
  }
}

/* Puts the key at byte `from` of the scratch. Returns the end, or 0 if there is no room or the key is too
 * long. */
function putItemKey(key, from) {
  const { length } = key;
  const isNarrow = isLatin1(key);
  const size = isNarrow ? length : 2 * length;
  const end = from + 8 + padded(size);
  if (size > MOST_KEY || end > ITEM_KEYS) return 0;
  inScratch.words[from / 4] = isNarrow ? size : size + WIDE;
  if (end > from + 8) inScratch.doubles[end / 8 - 1] = 0;
  if (!isNarrow) scratch.ucs2Write(key, from + 8, size);
  else if (length > SHORT) scratch.latin1Write(key, from + 8, size);
  else for (let i = 0; i < length; i++) scratch[from + 8 + i] = key.charCodeAt(i);
  return end;
}

/* The values of the keys; undefined where there is none. */
function getMany(table, keys) {
  const values = [];
  if (table.isCustom) return keys.map((key) => table.get(key));
  while (values.length < keys.length) {
    const first = values.length;
    let count = 0;
    let end = 0;
    while (count < ITEMS && first + count < keys.length) {
      const next = putItemKey(keys[first + count], end);
      if (next === 0) break;
      end = next;
      count++;
    }
    if (count === 0) values.push(table.get(keys[first]));
    else takeMany(table, keys, first, count, values);
  }
  return values;
}

/* Those that C has not delivered (too large, or overtaken by writers) are read one by one afterwards. */
function takeMany(table, keys, first, count, values) {
  doubles[HANDLE] = table.handle;
  binding.mapGetMany(count);
  if (status[0] < 0) throw table.errorOf(status[0], keys[first], 0);
  const others = [];
  for (let i = 0, row = ITEM_KEYS; i < count; i++) {
    const result = inScratch.words[row / 4 + KEY_LENGTH];
    if (result === DONE) values.push(inScratch.value(row, row + ROW, table));
    else values.push(undefined);
    if (result !== DONE && result !== ABSENT) others.push(first + i);
    row += ROW + (result === DONE ? padded(inScratch.doubles[row / 8 + SIZE]) : 0);
  }
  for (const i of others) values[i] = table.get(keys[i]);
}

/* [{ kind, key }, ...] of the rows of mapChanges(). */
function changesOf() {
  const found = [];
  const end = doubles[LENGTH];
  for (let row = 0; row < end;) {
    const keySize = inScratch.words[row / 4 + KEY_LENGTH];
    const kind = inScratch.words[row / 4 + TYPE];
    found.push({ kind, key: inScratch.key(row + ROW, keySize) });
    row += ROW + padded(keySize % WIDE);
  }
  return found;
}

module.exports = { changesOf, clear, countOf, getMany, walk };
