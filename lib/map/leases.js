/*
 * Leases: entries that name the participant which computes a value (getOrSetAsync). They count as absent for
 * every other call.
 */
'use strict';

const binding = require('../native/binding');
const memory = require('./memory');
const { IF } = require('./table');

const { EXPECTED, HANDLE, KEEP_TTL, LEASE, LEASES, LENGTH, MS, TTL, TYPE, VERSION, WHEN } = memory;
const { doubles, putKey, scratch, status, words } = memory;
const { BUSY, DONE, OTHER, MORE } = binding.numbers.map;

/* A lease holds the number of its participant, little endian, as C reads it (src/map/evict.c). */
const SIZE = 8;
const numberIn = new DataView(scratch.buffer, scratch.byteOffset, SIZE);

/* { version, isLease, number } of what the key has; version 0: nothing. */
function look(table, key) {
  const call = () => {
    words[LEASES] = 1;
    doubles[HANDLE] = table.handle;
    if (putKey(key)) binding.mapGet();
    else binding.mapGetOf(key);
    return status[0];
  };
  let result = call();
  if (result === BUSY) result = table.wait(call);
  if (result < 0) throw table.errorOf(result, key, 0);
  if (result !== DONE && result !== MORE) return { version: 0, isLease: false, number: 0 };
  const isLease = words[TYPE] === LEASE;
  const number = isLease && doubles[LENGTH] === SIZE ? numberIn.getUint32(0, true) : 0;
  return { version: doubles[VERSION], isLease, number };
}

/* Sets a lease of this participant over the lease with this version, or over nothing. Returns its
 * version, or 0 if another process was faster. */
function take(table, key, version, number) {
  const call = (ms) => {
    numberIn.setUint32(0, number, true);
    numberIn.setUint32(4, 0);
    doubles[HANDLE] = table.handle;
    words[TYPE] = LEASE;
    doubles[LENGTH] = SIZE;
    words[WHEN] = IF.VERSION;
    doubles[EXPECTED] = version;
    doubles[TTL] = Infinity;
    words[KEEP_TTL] = 0;
    words[MS] = ms;
    if (putKey(key)) binding.mapSet();
    else binding.mapSetOf(key);
    return status[0];
  };
  let result = call(0);
  if (result === BUSY) result = table.wait(call);
  if (result === OTHER) return 0;
  if (result !== DONE) throw table.errorOf(result, key, SIZE);
  return doubles[VERSION];
}

module.exports = { look, take };
