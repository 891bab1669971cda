/*
 * The shared state of the example. The primary creates it before it forks, and the workers find it by
 * the same names:
 *
 *   flags    Share  { revision, theme }            set by the primary, peeked at on every request
 *   counter  Share  { requests, limited }          changed by every request, under its lock
 *   limits   Share  { window, windows, used }      the requests of each client in the current window
 *   tally    Mmap   a row of numbers for each worker, which only that worker increments; the shared
 *                   count is checked against them
 */
'use strict';

const { Mmap, Share } = require('../..');

const NAMES = { flags: 'flags', counter: 'counter', limits: 'limits', tally: 'tally' };
const CAPACITY = 256 * 1024; /* bytes; the unused part takes no memory */
const ROW = 16; /* int32 for each worker: a cache line, so that no two workers write to one */

const FIELDS = {
  begun: 0 /* requests that it has begun */,
  counted: 1 /* whose update of the counter has returned */,
  answered: 2 /* whose response was sent after that */,
  limited: 3 /* of those, refused by the rate limiter */,
  recoveries: 4 /* locks taken from a dead worker */,
  connections: 5 /* open now */,
  revision: 6 /* of the flags that it has used last */,
  stall: 7 /* set by the primary: stop in the middle of the next update */,
  inside: 8 /* it has stopped there */,
};

/* The rows of all workers, living and dead. */
class Tally {
  #map;
  #cells;

  constructor(map) {
    this.#map = map;
    const { buffer, byteOffset } = map.buffer;
    this.#cells = new Int32Array(buffer, byteOffset, map.size / Int32Array.BYTES_PER_ELEMENT);
  }

  get rows() {
    return this.#cells.length / ROW;
  }

  get(row, field) {
    return Atomics.load(this.#cells, row * ROW + FIELDS[field]);
  }

  set(row, field, value) {
    Atomics.store(this.#cells, row * ROW + FIELDS[field], value);
  }

  add(row, field, value = 1) {
    Atomics.add(this.#cells, row * ROW + FIELDS[field], value);
  }

  sum(field) {
    let sum = 0;
    for (let row = 0; row < this.rows; row++) sum += this.get(row, field);
    return sum;
  }

  /* { begun, counted, ... } of one worker. */
  row(row) {
    return Object.fromEntries(Object.keys(FIELDS).map((field) => [field, this.get(row, field)]));
  }

  close() {
    this.#map.close();
  }
}

/* In the primary, before the first fork. */
function makeState(rows) {
  const share = (inherit, value) => {
    const made = new Share(CAPACITY, { inherit });
    made.set(value);
    return made;
  };
  const size = rows * ROW * Int32Array.BYTES_PER_ELEMENT;
  return {
    flags: share(NAMES.flags, { revision: 1, theme: 'light' }),
    counter: share(NAMES.counter, { requests: 0, limited: 0 }),
    limits: share(NAMES.limits, { window: 0, windows: 0, used: {} }),
    tally: new Tally(new Mmap({ inherit: NAMES.tally, size })),
  };
}

/* In a worker. */
function findState() {
  const share = (inherit) => Share.open({ inherit });
  return {
    flags: share(NAMES.flags),
    counter: share(NAMES.counter),
    limits: share(NAMES.limits),
    tally: new Tally(Mmap.open({ inherit: NAMES.tally })),
  };
}

module.exports = { NAMES, findState, makeState };
