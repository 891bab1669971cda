/*
 * The entries of one map: the calls into C for one key. A change takes the lock of a part of the map;
 * reads take none. A wait is a loop of short calls, so that worker.terminate() and process.exit() take
 * effect between two.
 *
 * Keys were checked to be strings. An entry has a version, which rises with each change of its key; 0
 * means that there is no entry.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE, now } = require('../base/clock');
const { freeze } = require('../codec/codec');
const { isLatin1 } = require('../codec/text');
const { TYPE: TYPES } = require('../codec/types');
const { largeScratch } = require('../base/large');
const { codeOf } = require('../native/status');
const errors = require('./errors');
const { NONE } = require('./cache');
const memory = require('./memory');

/* The hot calls. Constants of this module are faster than properties of the binding, an object with many
 * properties. */
const { mapAdd, mapDelete, mapGet, mapLook, mapSet, mapSetText } = binding;
const { BUCKET, BUCKET_VERSION, CREATED, EXPECTED, HANDLE, INITIAL, KEEP_TTL, LEASES } = memory;
const { LENGTH, MS, NUMBER, SCRATCH, SHORT, TTL, TYPE, VERSION, WHEN } = memory;
const { doubles, putKey, scratch, status, words } = memory;

const { ABSENT, BUSY, DONE, MORE, OTHER } = binding.numbers.map;
/* A literal, whose fields the compiler folds. */
const IF = { ...binding.numbers.mapIf };
const { ANY, VERSION: IF_VERSION } = IF;
const { JSON_ASCII, LATIN1, NUMBER: T_NUMBER, UTF16 } = TYPES;

const MOST_CACHED = 256; /* characters of a string */

/* Where the last read has put the bytes of the value: the scratch, or a Buffer for a large one. */
let source = scratch;

/* Whether the memory of the map does not show its file any more. */
function isLost(result) {
  if (result >= 0) return false;
  const code = codeOf(result);
  return code === undefined || code === 'ERR_MMAPIPC_TRUNCATED';
}

class Table {
  #handle;
  #spec;
  #codec;
  #hasTexts;
  #isCustom;
  #cache;
  #firstSlice;
  #lastKey; /* that this object has changed, and the version since then */
  #lastVersion = 0;

  constructor(handle, spec, cache) {
    this.#handle = handle;
    this.#spec = spec;
    this.#codec = spec.codec;
    this.#hasTexts = spec.codec.hasTexts;
    this.#isCustom = spec.codec.name === 'custom';
    this.#cache = cache;
    this.#firstSlice = Math.ceil(Math.min(spec.timeout, SLICE));
  }

  get handle() {
    return this.#handle;
  }

  get codec() {
    return this.#codec;
  }

  get isCustom() {
    return this.#isCustom;
  }

  /* A fresh value, or undefined. */
  get(key) {
    const cached = this.#cache.find(key);
    if (cached !== undefined && cached.value !== NONE) return cached.value;
    return this.#read(key, false);
  }

  /* The value of an unchanged entry is one frozen object. */
  peek(key) {
    const cached = this.#cache.find(key);
    if (cached !== undefined && cached.frozen !== NONE) return cached.frozen;
    return this.#read(key, true);
  }

  #read(key, isPeek) {
    const text = this.#load(key);
    const bucket = doubles[BUCKET];
    const word = doubles[BUCKET_VERSION];
    if (status[0] !== DONE) {
      this.#cache.keep(key, bucket, word, undefined, undefined, 0);
      return undefined;
    }
    const version = doubles[TTL] === Infinity ? word : 0;
    if (words[TYPE] === T_NUMBER) {
      const number = doubles[NUMBER];
      this.#cache.keep(key, bucket, version, number, number, 0);
      return number;
    }
    const bytes = doubles[LENGTH];
    const value = this.#decode(text);
    if (typeof value === 'object' && value !== null) {
      if (isPeek && this.#cache.isOn && !this.#isCustom && freeze(value)) {
        this.#cache.keep(key, bucket, version, NONE, value, bytes);
      }
    } else if (typeof value !== 'string' || value.length <= MOST_CACHED) {
      this.#cache.keep(key, bucket, version, value, value, 0);
    }
    return value;
  }

  /* { value, version, ttl }, or undefined. */
  entry(key) {
    const text = this.#load(key);
    if (status[0] !== DONE) return undefined;
    const version = doubles[VERSION];
    const ttl = doubles[TTL];
    return { value: this.#decode(text), version, ttl };
  }

  has(key) {
    const cached = this.#cache.find(key);
    if (cached !== undefined) return cached.frozen !== undefined;
    return this.#look(key) === DONE;
  }

  /* ms, Infinity or undefined */
  ttl(key) {
    return this.#look(key) === DONE ? doubles[TTL] : undefined;
  }

  #look(key) {
    const call = () => {
      words[LEASES] = 0;
      doubles[HANDLE] = this.#handle;
      if (putKey(key)) mapLook();
      else mapLook(key);
      return status[0];
    };
    let result = call();
    if (result === BUSY) result = this.wait(call);
    if (result < 0) throw this.errorOf(result, key);
    return result;
  }

  /* Reads the entry into the frame and `source`. Returns the value if it is a text. The status is DONE or
   * ABSENT then. */
  #load(key) {
    source = scratch;
    words[LEASES] = 0;
    doubles[HANDLE] = this.#handle;
    const text = putKey(key) ? mapGet() : mapGet(key);
    return status[0] === DONE ? text : this.#loadSlowly(key);
  }

  #loadSlowly(key) {
    let text;
    const again = (ms) => {
      do {
        if (status[0] === MORE) source = largeScratch(doubles[LENGTH]);
        text = this.#loadAgain(key, ms);
      } while (status[0] === MORE);
      return status[0];
    };
    if (status[0] === MORE) again();
    if (status[0] === BUSY) this.wait(again);
    if (status[0] < 0) throw this.errorOf(status[0], key);
    return text;
  }

  /* With `ms`, writers have overtaken the read: it takes the lock if it may. */
  #loadAgain(key, ms) {
    words[LEASES] = 0;
    doubles[HANDLE] = this.#handle;
    const isShort = putKey(key);
    if (ms === undefined || this.#spec.attachReadOnly) {
      if (source === scratch) return isShort ? mapGet() : mapGet(key);
      if (isShort) binding.mapGetInto(source);
      else binding.mapGetInto(source, key);
    } else {
      const bytes = source === scratch ? undefined : source;
      words[MS] = ms;
      if (isShort) binding.mapGetLocked(bytes);
      else binding.mapGetLocked(bytes, key);
    }
    return undefined;
  }

  #decode(text) {
    const type = words[TYPE];
    if (type === T_NUMBER) return doubles[NUMBER];
    if (text !== undefined && !this.#isCustom) {
      if (type === JSON_ASCII) return this.#codec.parse(text);
      if (this.#hasTexts) return text;
    }
    return this.#codec.decode(type, source, doubles[LENGTH]);
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

  /* Numbers are stored as numbers whatever the codec is, so that they can be added to. */
  #store(key, value, when, expected, ttl, keepTtl) {
    let result;
    if (typeof value === 'number') {
      result = this.#putNumber(key, value, when, expected, ttl, keepTtl, this.#firstSlice);
      if (result === BUSY) {
        result = this.wait((ms) => this.#putNumber(key, value, when, expected, ttl, keepTtl, ms));
      }
    } else if (typeof value === 'string' && this.#hasTexts && 2 * value.length <= SCRATCH) {
      result = this.#putText(key, value, when, expected, ttl, keepTtl, this.#firstSlice);
      if (result === BUSY) {
        result = this.wait((ms) => this.#putText(key, value, when, expected, ttl, keepTtl, ms));
      }
    } else {
      result = this.#putEncoded(key, value, when, expected, ttl, keepTtl);
    }
    if (result === DONE) {
      this.#lastKey = key;
      this.#lastVersion = doubles[VERSION];
    } else if (result !== OTHER) throw this.errorOf(result, key, doubles[LENGTH]);
    return result;
  }

  #putNumber(key, value, when, expected, ttl, keepTtl, ms) {
    words[TYPE] = T_NUMBER;
    doubles[NUMBER] = value;
    doubles[LENGTH] = 8;
    this.#condition(when, expected, ttl, keepTtl, ms);
    if (putKey(key)) mapSet();
    else mapSet(key);
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
        if (putKey(key)) mapSet();
        else mapSet(key);
        return status[0];
      }
    }
    const isNarrow = isLatin1(value);
    words[TYPE] = isNarrow ? LATIN1 : UTF16;
    doubles[LENGTH] = isNarrow ? length : 2 * length;
    if (putKey(key)) mapSetText(value);
    else mapSetText(value, key);
    return status[0];
  }

  #putEncoded(key, value, when, expected, ttl, keepTtl) {
    const { type, bytes, length } = this.#codec.encode(value, scratch);
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
    const isShort = putKey(key);
    if (bytes === scratch) {
      if (isShort) mapSet();
      else mapSet(key);
    } else if (isShort) binding.mapSetFrom(bytes);
    else binding.mapSetFrom(bytes, key);
    return status[0];
  }

  #condition(when, expected, ttl, keepTtl, ms) {
    doubles[HANDLE] = this.#handle;
    words[WHEN] = when;
    doubles[EXPECTED] = expected;
    doubles[TTL] = ttl;
    words[KEEP_TTL] = keepTtl;
    words[MS] = ms;
  }

  /* The sum; the frame has the ttl, and whether the entry was created. */
  add(key, by, initial, ttl) {
    let result = this.#add(key, by, initial, ttl, this.#firstSlice);
    if (result === BUSY) result = this.wait((ms) => this.#add(key, by, initial, ttl, ms));
    if (result !== DONE) throw this.errorOf(result, key, 8);
    this.#lastKey = key;
    this.#lastVersion = doubles[VERSION];
    return doubles[NUMBER];
  }

  #add(key, by, initial, ttl, ms) {
    doubles[NUMBER] = by;
    doubles[INITIAL] = initial;
    this.#condition(ANY, 0, ttl, 0, ms);
    if (putKey(key)) mapAdd();
    else mapAdd(key);
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
    const call = (ms) => {
      this.#condition(when, version, Infinity, 0, ms);
      if (putKey(key)) mapDelete();
      else mapDelete(key);
      return status[0];
    };
    let result = call(this.#firstSlice);
    if (result === BUSY) result = this.wait(call);
    if (result !== DONE && result !== ABSENT && result !== OTHER) {
      throw this.errorOf(result, key, 0);
    }
    this.#lastKey = key;
    this.#lastVersion = 0;
    return result;
  }

  /* Whether there is an entry, which expires in `ttl` ms from now on. */
  expire(key, ttl) {
    const call = (ms) => {
      this.#condition(ANY, 0, ttl, 0, ms);
      if (putKey(key)) binding.mapExpire();
      else binding.mapExpire(key);
      return status[0];
    };
    let result = call(this.#firstSlice);
    if (result === BUSY) result = this.wait(call);
    if (result !== DONE && result !== ABSENT) throw this.errorOf(result, key, 0);
    return result === DONE;
  }

  /* Whether the key has, after a failed compareAndSet(), the version that this object has given it since
   * forgetChange(). */
  isOwnChange(key) {
    return this.#lastKey === key && this.#lastVersion === doubles[VERSION];
  }

  forgetChange() {
    this.#lastKey = undefined;
  }

  /* The result of call(ms), which waits for `ms` at most, as soon as it is not BUSY. */
  wait(call) {
    const { timeout } = this.#spec;
    const until = now() + timeout;
    for (;;) {
      const rest = until - now();
      const result = call(rest > 0 ? Math.ceil(Math.min(rest, SLICE)) : 0);
      if (result !== BUSY) return result;
      if (rest <= 0) throw errors.timedOut(this.#spec);
    }
  }

  errorOf(result, key, length) {
    /* Zeros replace the memory of the versions, and could be counted up to a cached one again. */
    if (isLost(result)) this.#cache.close();
    return errors.errorOf(result, this.#spec, { handle: this.#handle, key, length });
  }

  close() {
    this.#handle = -1;
    this.#cache.close();
  }
}

module.exports = { IF, Table };
