/*
 * Changes of one map: the calls into C for one key. A change takes the lock of a part of the map for some
 * tens of nanoseconds.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE } = require('../base/clock');
const { isLatin1 } = require('../codec/text');
const { TYPE: TYPES } = require('../codec/types');
const errors = require('./errors');
const memory = require('./memory');
const { Reader } = require('./reader');

/* The hot calls. */
const { mapAdd, mapAddOf, mapDelete, mapDeleteOf, mapSet, mapSetOf, mapSetText } = binding;
const { BUCKET, CREATED, EXPECTED, HANDLE, INITIAL, KEEP_TTL, LENGTH, MS, NUMBER } = memory;
const { SCRATCH, SHORT, TTL, TYPE, VERSION, WHEN, doubles, scratch, status, words } = memory;

const { ABSENT, BUSY, DONE, OTHER } = binding.numbers.map;
/* A literal, whose fields the compiler folds. */
const IF = { ...binding.numbers.mapIf };
const { ANY, VERSION: IF_VERSION } = IF;
const { LATIN1, NUMBER: T_NUMBER, UTF16 } = TYPES;

/* The bucket of the last key that this thread has changed, its version since then, which no other change in
 * that bucket has, and the handle of the map: buckets and versions of two maps may be equal. */
const last = new Float64Array(3);

function noteChange(version) {
  last[0] = doubles[BUCKET];
  last[1] = version;
  last[2] = doubles[HANDLE];
}

class Table extends Reader {
  #firstSlice;

  constructor(handle, spec, cache, prefix, owner) {
    super(handle, spec, cache, prefix, owner);
    this.#firstSlice = Math.ceil(Math.min(spec.timeout, SLICE));
  }

  set(key, value, ttl) {
    this.#store(key, value, ANY, 0, ttl, 0);
  }

  /* `when`: of IF. Returns whether the value was set. */
  setIf(key, value, when, ttl) {
    return this.#store(key, value, when, 0, ttl, 0) === DONE;
  }

  /* Sets the value if the entry has this version. With `keepsTtl` it keeps the expiry of the entry. */
  compareAndSet(key, version, value, ttl, keepsTtl = false) {
    return this.#store(key, value, IF_VERSION, version, ttl, keepsTtl ? 1 : 0) === DONE;
  }

  /* Numbers are stored as numbers whatever the codec is, so that they can be added to. (A function that
   * makes a closure over its arguments allocates memory for them in each call, so none is made here.) */
  #store(key, value, when, expected, ttl, keepTtl) {
    let result;
    if (typeof value === 'number') {
      result = this.#putNumber(key, value, when, expected, ttl, keepTtl, this.#firstSlice);
    } else if (typeof value === 'string' && this.hasTexts && 2 * value.length <= SCRATCH) {
      result = this.#putText(key, value, when, expected, ttl, keepTtl, this.#firstSlice);
    } else {
      result = this.#putEncoded(key, value, when, expected, ttl, keepTtl);
    }
    if (result === BUSY) result = this.#putAgain(key, value, when, expected, ttl, keepTtl);
    if (result === DONE) noteChange(doubles[VERSION]);
    else if (result !== OTHER) throw this.errorOf(result, key, doubles[LENGTH]);
    return result;
  }

  /* Of a number or a text. */
  #putAgain(key, value, when, expected, ttl, keepTtl) {
    return this.wait((ms) =>
      typeof value === 'number'
        ? this.#putNumber(key, value, when, expected, ttl, keepTtl, ms)
        : this.#putText(key, value, when, expected, ttl, keepTtl, ms),
    );
  }

  #putNumber(key, value, when, expected, ttl, keepTtl, ms) {
    words[TYPE] = T_NUMBER;
    doubles[NUMBER] = value;
    doubles[LENGTH] = 8;
    this.#condition(when, expected, ttl, keepTtl, ms);
    if (this.put(key)) mapSet();
    else mapSetOf(this.whole(key));
    return status[0];
  }

  #putText(key, value, when, expected, ttl, keepTtl, ms) {
    const { length } = value;
    this.#condition(when, expected, ttl, keepTtl, ms);
    if (length <= SHORT) {
      let all = 0;
      for (let i = 0; i < length; i++) {
        const unit = value.charCodeAt(i);
        all |= unit;
        scratch[i] = unit;
      }
      if (all <= 255) {
        words[TYPE] = LATIN1;
        doubles[LENGTH] = length;
        if (this.put(key)) mapSet();
        else mapSetOf(this.whole(key));
        return status[0];
      }
    }
    const isNarrow = isLatin1(value);
    words[TYPE] = isNarrow ? LATIN1 : UTF16;
    doubles[LENGTH] = isNarrow ? length : 2 * length;
    if (this.put(key)) mapSetText(value);
    else mapSetText(value, this.whole(key));
    return status[0];
  }

  #putEncoded(key, value, when, expected, ttl, keepTtl) {
    const { type, bytes, length } = this.codec.encode(value, scratch);
    if (length > errors.MOST_VALUE) throw errors.valueTooLarge(length, errors.MOST_VALUE);
    const call = (ms) => {
      words[TYPE] = type;
      doubles[LENGTH] = length;
      this.#condition(when, expected, ttl, keepTtl, ms);
      return this.#putBytes(key, bytes);
    };
    const result = call(this.#firstSlice);
    return result === BUSY ? this.wait(call) : result;
  }

  #putBytes(key, bytes) {
    const isShort = this.put(key);
    if (bytes === scratch) {
      if (isShort) mapSet();
      else mapSetOf(this.whole(key));
    } else if (isShort) binding.mapSetFrom(bytes);
    else binding.mapSetFrom(bytes, this.whole(key));
    return status[0];
  }

  #condition(when, expected, ttl, keepTtl, ms) {
    doubles[HANDLE] = this.handle;
    words[WHEN] = when;
    doubles[EXPECTED] = expected;
    doubles[TTL] = ttl;
    words[KEEP_TTL] = keepTtl;
    words[MS] = ms;
  }

  /* The sum; the frame has the ttl, and whether the entry was created. */
  add(key, by, initial, ttl) {
    let result = this.#add(key, by, initial, ttl, this.#firstSlice);
    if (result === BUSY) result = this.#addAgain(key, by, initial, ttl);
    if (result !== DONE) throw this.errorOf(result, key, 8);
    noteChange(doubles[VERSION]);
    return doubles[NUMBER];
  }

  #addAgain(key, by, initial, ttl) {
    return this.wait((ms) => this.#add(key, by, initial, ttl, ms));
  }

  #add(key, by, initial, ttl, ms) {
    doubles[NUMBER] = by;
    doubles[INITIAL] = initial;
    this.#condition(ANY, 0, ttl, 0, ms);
    if (this.put(key)) mapAdd();
    else mapAddOf(this.whole(key));
    return status[0];
  }

  /* As add(): { value, ttl, created } */
  count(key, by, initial, ttl) {
    const value = this.add(key, by, initial, ttl);
    return { value, ttl: doubles[TTL], created: words[CREATED] === 1 };
  }

  /* Whether there was an entry. */
  delete(key) {
    return this.#delete(key, ANY, 0) === DONE;
  }

  /* Deletes the entry or lease if it has this version. */
  deleteVersion(key, version) {
    return this.#delete(key, IF_VERSION, version) === DONE;
  }

  #delete(key, when, version) {
    let result = this.#deleteOnce(key, when, version, this.#firstSlice);
    if (result === BUSY) result = this.#deleteAgain(key, when, version);
    if (result !== DONE && result !== ABSENT && result !== OTHER) {
      throw this.errorOf(result, key, 0);
    }
    noteChange(0);
    return result;
  }

  #deleteAgain(key, when, version) {
    return this.wait((ms) => this.#deleteOnce(key, when, version, ms));
  }

  #deleteOnce(key, when, version, ms) {
    this.#condition(when, version, Infinity, 0, ms);
    if (this.put(key)) mapDelete();
    else mapDeleteOf(this.whole(key));
    return status[0];
  }

  /* Whether there is an entry, which expires in `ttl` ms from now on. */
  expire(key, ttl) {
    const call = (ms) => {
      this.#condition(ANY, 0, ttl, 0, ms);
      if (this.put(key)) binding.mapExpire();
      else binding.mapExpire(this.whole(key));
      return status[0];
    };
    let result = call(this.#firstSlice);
    if (result === BUSY) result = this.wait(call);
    if (result !== DONE && result !== ABSENT) throw this.errorOf(result, key, 0);
    return result === DONE;
  }

  /* Whether, after a failed compareAndSet(), the last change that this thread has made since forgetChange()
   * is the one that the key has now. */
  isOwnChange() {
    const isHere = last[2] === this.handle && last[0] === doubles[BUCKET];
    return isHere && last[1] === doubles[VERSION];
  }

  forgetChange() {
    last[0] = -1;
  }
}

module.exports = { IF, Table };
