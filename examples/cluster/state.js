/*
 * The shared state of the example. The primary creates it before it forks, and the workers find it by
 * the same names:
 *
 *   flags   Share       { revision, theme }; set by the primary, peeked at on every request
 *   stats   SharedMap   the numbers `requests` and `limited`, which every request increments
 *   limits  SharedMap   the requests of each client in its window (limiter.js)
 *   tally   Mmap        a row of numbers for each worker, which only that worker increments; the shared
 *                       count is checked against them
 */
'use strict';

const { Mmap, Share, SharedMap } = require('../..');
const { Limiter } = require('./limiter');

const NAMES = { flags: 'flags', stats: 'stats', limits: 'limits', tally: 'tally' };
const SMALL = 64 * 1024; /* bytes */
const LARGE = 4 * 1024 * 1024; /* bytes, for 20,000 clients; the unused part takes no memory */
const ROW = 16; /* int32 for each worker: a cache line, so that no two workers write to one */

const FIELDS = {
  begun: 0 /* requests that it has begun */,
  counted: 1 /* that it has added to the shared count */,
  answered: 2 /* whose response was sent after that */,
  limited: 3 /* of those, refused by the rate limiter */,
  recoveries: 4 /* locks taken from a dead worker */,
  connections: 5 /* open now */,
  revision: 6 /* of the flags that it has used last */,
  stall: 7 /* set by the primary: stop inside the next critical section */,
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
  const flags = new Share(SMALL, { inherit: NAMES.flags });
  flags.set({ revision: 1, theme: 'light' });
  const stats = new SharedMap(SMALL, { inherit: NAMES.stats });
  stats.set('requests', 0).set('limited', 0);
  const size = rows * ROW * Int32Array.BYTES_PER_ELEMENT;
  return {
    flags,
    stats,
    limiter: new Limiter(new SharedMap(LARGE, { inherit: NAMES.limits, evict: 'lru' })),
    tally: new Tally(new Mmap({ inherit: NAMES.tally, size })),
  };
}

/* In a worker. */
function findState() {
  return {
    flags: Share.open({ inherit: NAMES.flags }),
    stats: SharedMap.open({ inherit: NAMES.stats }),
    limiter: new Limiter(SharedMap.open({ inherit: NAMES.limits })),
    tally: new Tally(Mmap.open({ inherit: NAMES.tally })),
  };
}

/* The figures of the shared memory, which all processes see alike. */
function sharedFigures({ flags, stats, limiter }) {
  const [requests, limited] = stats.getMany(['requests', 'limited']);
  return { requests, limited, windows: limiter.windows, ...flags.peek() };
}

module.exports = { NAMES, findState, makeState, sharedFigures };
