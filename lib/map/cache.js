/*
 * The values that this thread has read from a map, by key. A value is valid as long as the bucket of its
 * key has the version with which it was read; the versions lie in shared memory, so one load in JS decides
 * (src/map/map.h). A hit makes no call into C.
 *
 * What costs more than it saves is left out: when few of the values were read again before the cache is
 * full, nothing is cached for a while.
 */
'use strict';

/* Not cached: as a value of get(), which returns a fresh copy of an object, or of peek(). */
const NONE = Symbol('none');

const STRIDE = 8; /* doubles of a bucket; the version is the first */
const MOST_BYTES = 64 * 1024 * 1024; /* of objects for peek() */
const PAUSE = 16; /* how many times its size is read without the cache when that did not pay */
const MOST_HITS = 2 ** 30 - 1; /* the count begins again */
const OFF = -1;
const NO_WINDOW = new Float64Array(0);

class Entry {
  constructor(index, version, value, frozen) {
    this.index = index;
    this.version = version;
    this.value = value;
    this.frozen = frozen;
    this.hits = 0;
  }
}

class Cache {
  #entries = new Map();
  #window;
  #limit;
  #pause; /* reads that do not look here; OFF: none ever does */
  #bytes = 0;

  /* `window`: a Float64Array over the buckets; undefined where the runtime cannot show it. */
  constructor(window, limit) {
    const isOn = window !== undefined && limit > 0;
    this.#window = isOn ? window : NO_WINDOW;
    this.#limit = limit;
    this.#pause = isOn ? 0 : OFF;
  }

  get size() {
    return this.#entries.size;
  }

  get isOn() {
    return this.#pause === 0;
  }

  /* The valid entry of the key, or undefined. Every 64th hit of an entry counts as none, so that C notes that
   * it is in use, and finishes what a dead writer has left. */
  find(key) {
    if (this.#pause !== 0) {
      if (this.#pause > 0) this.#pause--;
      return undefined;
    }
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#window[entry.index] !== entry.version) return undefined;
    entry.hits = (entry.hits + 1) & MOST_HITS;
    return (entry.hits & 63) === 0 ? undefined : entry;
  }

  /* `version`: the word of the bucket, or 0 or NaN for a value that must not be cached. */
  keep(key, bucket, version, value, frozen, bytes) {
    if (!(version > 0) || this.#pause !== 0) return;
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      entry.version = NaN; /* if this is unwound between two stores */
      entry.index = bucket * STRIDE;
      entry.value = value;
      entry.frozen = frozen;
      entry.version = version;
    } else {
      if (this.#entries.size >= this.#limit) this.#empty();
      if (this.#pause !== 0) return;
      this.#entries.set(key, new Entry(bucket * STRIDE, version, value, frozen));
    }
    if (bytes > 0) this.#count(key, bytes);
  }

  /* Bounds the memory of the objects for peek(); one that is larger than the bound is alone. */
  #count(key, bytes) {
    this.#bytes += bytes;
    if (this.#bytes <= MOST_BYTES) return;
    const entry = this.#entries.get(key);
    this.#entries.clear();
    this.#entries.set(key, entry);
    this.#bytes = bytes;
  }

  #empty() {
    let hits = 0;
    for (const entry of this.#entries.values()) hits += entry.hits;
    if (hits < this.#entries.size) this.#pause = PAUSE * this.#limit;
    this.#bytes = 0;
    this.#entries.clear();
  }

  close() {
    this.#pause = OFF;
    this.#entries.clear();
    this.#window = NO_WINDOW;
  }
}

module.exports = { Cache, NONE };
