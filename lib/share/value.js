/*
 * The value of one Share, as calls into C get and set it. A set is one call while the lock is free;
 * a get is one call, and takes no lock, unless writers are quicker than it again and again.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE, now } = require('../base/clock');
const { TYPE: TYPES } = require('../codec/codec');
const { MmapipcError } = require('../base/errors');
const { staleError } = require('../region/errors');
const { closedError, codeOf, errorOf, readOnlyLockError } = require('../native/status');
const memory = require('./memory');

/* The hot ones by names of their own: the binding is an object of many properties. */
const { shareGet, shareSet } = binding;
const { CHECKED, EXPECTED, HANDLE, LENGTH, TYPE, VERSION, doubles, room, words } = memory;

const ANY = -1; /* set: over whatever version is there */
const { RECOVERED } = binding.numbers.lock;
const { OTHER, OTHER_RECOVERED } = binding.numbers.share;
const { MORE, OVERTAKEN } = binding.numbers.cell;
/* Under which lock a set works: a literal, whose fields the compiler folds. */
const WAY = { ...binding.numbers.shareWay };
const READ_TIMEOUT = 1000; /* ms that writers may be quicker than a reader */
const NAP = 1; /* ms */

const nobody = new Int32Array(new SharedArrayBuffer(4)); /* to sleep on */

class Value {
  version = 0; /* of the value got last */
  #handle;
  #codec;
  #checked; /* 1: with a checksum */
  #capacity;
  #timeout;
  #firstSlice;
  #lock; /* RegionLock; undefined: attached read-only */
  #share; /* for errors: { closed, path, name } */
  #spec; /* for errors */

  constructor(handle, spec, lock, share) {
    const { codec, checksum, capacity, timeout } = spec;
    this.#handle = handle;
    this.#codec = codec;
    this.#checked = checksum ? 1 : 0;
    this.#capacity = capacity;
    this.#timeout = timeout;
    this.#firstSlice = Math.ceil(Math.min(timeout, SLICE));
    this.#lock = lock;
    this.#share = share;
    this.#spec = spec;
  }

  /* A fresh value; undefined when nothing was set. */
  get() {
    const bytes = this.#read();
    return this.#codec.decode(words[TYPE], bytes, doubles[LENGTH]);
  }

  /* Its bytes, good until the next call. */
  #read() {
    words[CHECKED] = this.#checked;
    doubles[HANDLE] = this.#handle;
    const status = shareGet();
    const bytes = status === undefined ? room : this.#getSlowly(status);
    this.version = doubles[VERSION];
    return bytes;
  }

  /* { version, byteLength } of what is there, without getting it. */
  look() {
    let status = binding.shareLook(this.#handle);
    if (status === OVERTAKEN) status = this.#persist((ms) => this.#lookAgain(ms));
    if (status < 0) throw this.#errorOf(status);
    return { version: doubles[VERSION], byteLength: doubles[LENGTH] };
  }

  /* The version for people: takes no lock and never throws. The code of the error instead, when the
   * region is damaged; undefined when writers are too fast to tell. */
  glance() {
    const status = binding.shareLook(this.#handle);
    if (status < 0) return codeOf(status);
    return status === OVERTAKEN ? undefined : doubles[VERSION];
  }

  /* One more look; with `ms` under the lock, for which there is only a get. */
  #lookAgain(ms) {
    if (ms === undefined) return binding.shareLook(this.#handle);
    words[CHECKED] = 0;
    const status = binding.shareGetInto(this.#handle, room, ms);
    return status === MORE ? 0 : status;
  }

  /* The new version; undefined, when `expected` is given and not the version that is there. */
  set(value, expected = ANY, way = this.#way()) {
    if (this.#lock === undefined) throw this.#share.closed ? closedError() : readOnlyLockError();
    const { type, bytes, length } = this.#codec.encode(value, room);
    return this.#store(type, bytes, length, expected, way);
  }

  clear(way = this.#way()) {
    if (this.#lock === undefined) throw this.#share.closed ? closedError() : readOnlyLockError();
    this.#store(TYPES.NONE, room, 0, ANY, way);
  }

  #way() {
    return this.#lock !== undefined && this.#lock.seemsHeldSync ? WAY.UNDER : WAY.TAKE;
  }

  /* The same; waits for the lock without holding up the thread. The value is taken at once. */
  async setAsync(value, expected = ANY) {
    if (this.#lock === undefined) throw this.#share.closed ? closedError() : readOnlyLockError();
    const lock = this.#lock;
    const { type, bytes, length } = this.#codec.encode(value, room);
    this.#checkFits(length);
    if (lock.heldSync) return this.#store(type, bytes, length, expected, WAY.UNDER);
    if (!lock.heldAsync && !lock.isAwaited) {
      const status = this.#call(type, bytes, length, expected, WAY.TAKE, 0);
      const isTaken = status === 0 || codeOf(status) === 'ERR_MMAPIPC_DEADLOCK';
      if (!isTaken) return this.#result(status);
    }
    const copy = Buffer.from(bytes.subarray(0, length));
    const store = () => this.#result(this.#call(type, copy, length, expected, WAY.LAST, 0));
    return lock.actAsync(this.#timeout, store);
  }

  /* Throws when what is there is not what it was. */
  verify() {
    try {
      this.#read();
    } catch (error) {
      if (error.code !== 'ERR_MMAPIPC_CORRUPT') throw error;
      const place = this.#share.path ?? this.#share.name ?? 'the Share';
      throw new MmapipcError(
        'ERR_MMAPIPC_UNCLEAN',
        `what ${place} holds has no checksum, or not the right one: the machine went down while it ` +
          'was written, or it was made without { checksum: true }; remove it with unlink()',
        { path: place, cause: error },
      );
    }
  }

  #store(type, bytes, length, expected, way) {
    this.#checkFits(length);
    const status = this.#call(type, bytes, length, expected, way, this.#firstSlice);
    if (status === 1) return doubles[VERSION];
    if (status < 0 && way === WAY.UNDER) {
      if (codeOf(status) === 'ERR_MMAPIPC_DEADLOCK') throw this.#lock.updatingError();
      /* A call that seemed to hold the lock was unwound before it took it. */
      if (!this.#lock.held && !this.#share.closed) {
        return this.#store(type, bytes, length, expected, WAY.TAKE);
      }
    }
    if (status !== 0) return this.#result(status);
    const again = (ms) => this.#call(type, bytes, length, expected, way, ms);
    return this.#result(this.#lock.persist(this.#timeout, again));
  }

  #call(type, bytes, length, expected, way, ms) {
    doubles[LENGTH] = length;
    doubles[EXPECTED] = expected;
    words[TYPE] = type;
    words[CHECKED] = this.#checked;
    if (bytes === room) {
      doubles[HANDLE] = this.#handle;
      return shareSet(ms, way) ?? 1;
    }
    return binding.shareSetFrom(this.#handle, ms, way, bytes);
  }

  #result(status) {
    if (status < 0) throw this.#errorOf(status);
    if (status === RECOVERED || status === OTHER_RECOVERED) this.#lock.tellRecovered();
    return status === OTHER || status === OTHER_RECOVERED ? undefined : doubles[VERSION];
  }

  #checkFits(length) {
    if (length <= this.#capacity) return;
    throw new MmapipcError(
      'ERR_MMAPIPC_TOO_LARGE',
      `the value takes ${length} bytes, and the Share was made for ${this.#capacity}; set less, or ` +
        'make it with a larger capacity (which costs nothing until it is used)',
      { required: length, capacity: this.#capacity },
    );
  }

  /* The bytes of a value that is larger than the room, or that writers were quicker than. */
  #getSlowly(status) {
    let bytes = room;
    let last = status;
    const again = (ms) => {
      words[CHECKED] = this.#checked;
      if (last === MORE) bytes = memory.largeRoom(doubles[LENGTH]);
      last = binding.shareGetInto(this.#handle, bytes, ms);
      return last;
    };
    while (last === MORE) again();
    if (last === OVERTAKEN) this.#persist(again);
    if (last < 0) throw this.#errorOf(last);
    return bytes;
  }

  /* Reads until it is not overtaken any more: call(ms) under the lock, when it is to be had within
   * `ms`, call() without. */
  #persist(call) {
    const until = now() + READ_TIMEOUT;
    for (;;) {
      let status = call();
      while (status === MORE) status = call();
      if (status !== OVERTAKEN) return status;
      if (now() >= until) throw overtakenError();
      if (this.#lock === undefined) {
        Atomics.wait(nobody, 0, 0, NAP);
        continue;
      }
      status = call(SLICE);
      /* Nobody waits for a lock here that another object of this thread has. */
      if (codeOf(status) === 'ERR_MMAPIPC_DEADLOCK') Atomics.wait(nobody, 0, 0, NAP);
      else if (status <= 0) return status;
    }
  }

  #errorOf(status) {
    const code = codeOf(status);
    if (code === 'ERR_MMAPIPC_DEADLOCK') return this.#lock.deadlockError();
    if (code === 'ERR_MMAPIPC_CLOSED') return closedError();
    if (code === 'ERR_MMAPIPC_STALE') return staleError(this.#spec);
    return errorOf(status, 'lock', this.#share.path ?? this.#share.name);
  }
}

function overtakenError() {
  return new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `the value was set again and again, more quickly than it can be read, for ${READ_TIMEOUT} ms`,
  );
}

module.exports = { Value, WAY };
