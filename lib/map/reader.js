/*
 * Reads of one map, and what all its calls share: the calls into C for one key. Reads take no lock, unless
 * writers overtake them many times. A wait is a loop of short calls, so that worker.terminate() and
 * process.exit() take effect between two.
 *
 * Keys were checked to be strings. An entry has a version, which rises with each change of its key; 0
 * means that there is no entry.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE, now } = require('../base/clock');
const { freeze } = require('../codec/codec');
const { TYPE: TYPES } = require('../codec/types');
const { largeScratch } = require('../base/large');
const { codeOf } = require('../native/status');
const errors = require('./errors');
const { NONE } = require('./cache');
const memory = require('./memory');

/* The hot calls. Constants of this module are faster than properties of the binding, an object with many
 * properties. */
const { mapGet, mapGetOf, mapLook, mapLookOf } = binding;
const { BUCKET, BUCKET_VERSION, HANDLE, LEASES, LENGTH, MS, NUMBER, TTL, TYPE, VERSION } = memory;
const { doubles, putKey, putParts, scratch, status, words } = memory;

const { BUSY, DONE, MORE } = binding.numbers.map;
const { JSON_ASCII, NUMBER: T_NUMBER } = TYPES;

const MOST_CACHED = 256; /* characters of a string */

/* Where the last read has put the bytes of the value: the scratch, or a Buffer for a large one. */
let source = scratch;

/* Whether the memory of the map does not show its file any more. */
function isLost(result) {
  if (result >= 0) return false;
  const code = codeOf(result);
  return code === undefined || code === 'ERR_MMAPIPC_TRUNCATED';
}

/* The fields belong to this class and its subclass; other files of the folder read handle, codec and
 * isCustom. */
class Reader {
  handle;
  spec;
  codec;
  hasTexts;
  isCustom;
  cache;
  prefix; /* of every key; null: none */
  owner; /* the SharedMap: an iteration keeps it from being collected, which would close the handle */

  constructor(handle, spec, cache, prefix, owner) {
    this.handle = handle;
    this.spec = spec;
    this.codec = spec.codec;
    this.hasTexts = spec.codec.hasTexts;
    this.isCustom = spec.codec.name === 'custom';
    this.cache = cache;
    this.prefix = prefix === '' ? null : prefix;
    this.owner = owner;
  }

  /* Puts the whole key into the frame. Returns false if it must be passed to the call. */
  put(key) {
    return this.prefix === null ? putKey(key) : putParts(this.prefix, key);
  }

  whole(key) {
    return this.prefix === null ? key : this.prefix + key;
  }

  /* A fresh value, or undefined. */
  get(key) {
    const cached = this.cache.find(key);
    if (cached !== undefined && cached.value !== NONE) return cached.value;
    return this.#read(key, false);
  }

  /* The value of an unchanged entry is one frozen object. */
  peek(key) {
    const cached = this.cache.find(key);
    if (cached !== undefined && cached.frozen !== NONE) return cached.frozen;
    return this.#read(key, true);
  }

  #read(key, isPeek) {
    const text = this.#load(key);
    const bucket = doubles[BUCKET];
    const word = doubles[BUCKET_VERSION];
    if (status[0] !== DONE) {
      this.cache.keep(key, bucket, word, undefined, undefined, 0);
      return undefined;
    }
    const version = doubles[TTL] === Infinity ? word : 0;
    if (words[TYPE] === T_NUMBER) {
      const number = doubles[NUMBER];
      this.cache.keep(key, bucket, version, number, number, 0);
      return number;
    }
    const bytes = doubles[LENGTH];
    const value = this.#decode(text);
    if (typeof value === 'object' && value !== null) {
      if (isPeek && this.cache.isOn && !this.isCustom && freeze(value)) {
        this.cache.keep(key, bucket, version, NONE, value, bytes);
      }
    } else if (value === undefined) {
      /* Of a custom codec. In the cache it would mean that there is no entry. */
    } else if (typeof value !== 'string' || value.length <= MOST_CACHED) {
      this.cache.keep(key, bucket, version, value, value, 0);
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
    const cached = this.cache.find(key);
    if (cached !== undefined) return cached.frozen !== undefined;
    return this.#look(key) === DONE;
  }

  /* 0: there is no entry */
  version(key) {
    return this.#look(key) === DONE ? doubles[VERSION] : 0;
  }

  /* ms, Infinity or undefined */
  ttl(key) {
    return this.#look(key) === DONE ? doubles[TTL] : undefined;
  }

  /* DONE or ABSENT; the frame has version and ttl. */
  #look(key) {
    let result = this.#lookOnce(key);
    if (result === BUSY) result = this.#lookAgain(key);
    if (result < 0) throw this.errorOf(result, key);
    return result;
  }

  #lookAgain(key) {
    return this.wait(() => this.#lookOnce(key));
  }

  #lookOnce(key) {
    words[LEASES] = 0;
    doubles[HANDLE] = this.handle;
    if (this.put(key)) mapLook();
    else mapLookOf(this.whole(key));
    return status[0];
  }

  /* Reads the entry into the frame and `source`. Returns the value if it is a text. The status is DONE or
   * ABSENT then. */
  #load(key) {
    source = scratch;
    words[LEASES] = 0;
    doubles[HANDLE] = this.handle;
    const text = this.put(key) ? mapGet() : mapGetOf(this.whole(key));
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
    doubles[HANDLE] = this.handle;
    const isShort = this.put(key);
    if (ms === undefined || this.spec.attachReadOnly) {
      if (source === scratch) return isShort ? mapGet() : mapGetOf(this.whole(key));
      if (isShort) binding.mapGetInto(source);
      else binding.mapGetInto(source, this.whole(key));
    } else {
      const bytes = source === scratch ? undefined : source;
      words[MS] = ms;
      if (isShort) binding.mapGetLocked(bytes);
      else binding.mapGetLocked(bytes, this.whole(key));
    }
    return undefined;
  }

  #decode(text) {
    const type = words[TYPE];
    if (type === T_NUMBER) return doubles[NUMBER];
    if (text !== undefined && !this.isCustom) {
      if (type === JSON_ASCII) return this.codec.parse(text);
      if (this.hasTexts) return text;
    }
    return this.codec.decode(type, source, doubles[LENGTH]);
  }

  /* The result of call(ms), which waits for `ms` at most, as soon as it is not BUSY. */
  wait(call) {
    const { timeout } = this.spec;
    const until = now() + timeout;
    for (;;) {
      const rest = until - now();
      const result = call(rest > 0 ? Math.ceil(Math.min(rest, SLICE)) : 0);
      if (result !== BUSY) return result;
      if (rest <= 0) throw errors.timedOut(this.spec);
    }
  }

  errorOf(result, key, length) {
    /* Zeros replace the memory of the versions, and could be counted up to a cached one again. */
    if (isLost(result)) this.cache.close();
    return errors.errorOf(result, this.spec, {
      handle: this.handle,
      key: this.whole(key),
      length,
    });
  }

  close() {
    this.handle = -1;
    this.cache.close();
  }
}

module.exports = { Reader };
