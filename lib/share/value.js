/*
 * The value of one Share: the calls into C that get and set it. A set is one call if the lock is free. A
 * get is one call, and takes no lock unless writers overtake it repeatedly.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE, now } = require('../base/clock');
const { TYPE: TYPES } = require('../codec/codec');
const { MmapipcError } = require('../base/errors');
const { staleError } = require('../region/errors');
const { closedError, codeOf, errorOf, readOnlyLockError } = require('../native/status');
const memory = require('./memory');

/* The hot calls. Constants of this module are faster than properties of the binding, an object with many
 * properties. */
const { shareGet, shareSet } = binding;
const { CHECKED, EXPECTED, HANDLE, LENGTH, TYPE, VERSION, doubles, scratch, words } = memory;

const ANY = -1; /* set whatever the version is */
const { RECOVERED } = binding.numbers.lock;
const { OTHER, OTHER_RECOVERED } = binding.numbers.share;
const { MORE, OVERTAKEN } = binding.numbers.cell;
/* Under which lock a set works: a literal, whose fields the compiler folds. */
const WAY = { ...binding.numbers.shareWay };
const READ_TIMEOUT = 1000; /* ms that writers may overtake a reader */
const NAP = 1; /* ms */

const sleeper = new Int32Array(new SharedArrayBuffer(4)); /* no thread wakes it */

class Value {
  version = 0; /* of the last get() */
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

  /* The bytes of the value, valid until the next call. */
  #read() {
    words[CHECKED] = this.#checked;
    doubles[HANDLE] = this.#handle;
    const status = shareGet();
    const bytes = status === undefined ? scratch : this.#getSlowly(status);
    this.version = doubles[VERSION];
    return bytes;
  }

  /* { version, byteLength } of the value, without its bytes. */
  look() {
    let status = binding.shareLook(this.#handle);
    if (status === OVERTAKEN) status = this.#readAgain((ms) => this.#lookAgain(ms));
    if (status < 0) throw this.#errorOf(status);
    return { version: doubles[VERSION], byteLength: doubles[LENGTH] };
  }

  /* The version for util.inspect: takes no lock and never throws. Returns the code of the error if the
   * region is damaged, and undefined if a writer overtakes the call. */
  glance() {
    const status = binding.shareLook(this.#handle);
    if (status < 0) return codeOf(status);
    return status === OVERTAKEN ? undefined : doubles[VERSION];
  }

  /* Looks once more. With `ms` it does so under the lock, by a get, because C has no look under the lock. */
  #lookAgain(ms) {
    if (ms === undefined) return binding.shareLook(this.#handle);
    words[CHECKED] = 0;
    const status = binding.shareGetInto(this.#handle, scratch, ms);
    return status === MORE ? 0 : status;
  }

  /* The new version, or undefined if `expected` is given and is not the present version. */
  set(value, expected = ANY, way = this.#way()) {
    if (this.#lock === undefined) throw this.#share.closed ? closedError() : readOnlyLockError();
    const { type, bytes, length } = this.#codec.encode(value, scratch, this.#capacity);
    return this.#store(type, bytes, length, expected, way);
  }

  clear(way = this.#way()) {
    if (this.#lock === undefined) throw this.#share.closed ? closedError() : readOnlyLockError();
    this.#store(TYPES.NONE, scratch, 0, ANY, way);
  }

  #way() {
    return this.#lock !== undefined && this.#lock.seemsHeldSync ? WAY.UNDER : WAY.TAKE;
  }

  /* The same, and the wait for the lock does not block the thread. The value is encoded at once. */
  async setAsync(value, expected = ANY) {
    if (this.#lock === undefined) throw this.#share.closed ? closedError() : readOnlyLockError();
    const lock = this.#lock;
    const { type, bytes, length } = this.#codec.encode(value, scratch, this.#capacity);
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

  /* Throws if the checksum does not match the value. */
  verify() {
    try {
      this.#read();
    } catch (error) {
      if (error.code !== 'ERR_MMAPIPC_CORRUPT') throw error;
      const name = this.#share.path ?? this.#share.name ?? 'the Share';
      throw new MmapipcError(
        'ERR_MMAPIPC_UNCLEAN',
        `the value of ${name} has no checksum or a wrong one: it was written during a power failure or ` +
          'reboot, or created without { checksum: true }; remove it with unlink()',
        { path: name, cause: error },
      );
    }
  }

  #store(type, bytes, length, expected, way) {
    this.#checkFits(length);
    const status = this.#call(type, bytes, length, expected, way, this.#firstSlice);
    if (status === 1) return doubles[VERSION];
    if (status < 0 && way === WAY.UNDER) {
      if (codeOf(status) === 'ERR_MMAPIPC_DEADLOCK') throw this.#lock.updatingError();
      /* The lock only seemed to be held: the call that was to take it was unwound. */
      if (!this.#lock.held && !this.#share.closed) {
        return this.#store(type, bytes, length, expected, WAY.TAKE);
      }
    }
    if (status !== 0) return this.#result(status);
    const again = (ms) => this.#call(type, bytes, length, expected, way, ms);
    return this.#result(this.#lock.callInSlices(undefined, this.#timeout, again));
  }

  #call(type, bytes, length, expected, way, ms) {
    doubles[LENGTH] = length;
    doubles[EXPECTED] = expected;
    words[TYPE] = type;
    words[CHECKED] = this.#checked;
    if (bytes === scratch) {
      doubles[HANDLE] = this.#handle;
      return shareSet(ms, way) ?? 1;
    }
    return binding.shareSetFrom(this.#handle, ms, way, bytes);
  }

  #result(status) {
    if (status < 0) throw this.#errorOf(status);
    if (status === RECOVERED || status === OTHER_RECOVERED) this.#lock.reportRecovery();
    return status === OTHER || status === OTHER_RECOVERED ? undefined : doubles[VERSION];
  }

  #checkFits(length) {
    if (length <= this.#capacity) return;
    throw new MmapipcError(
      'ERR_MMAPIPC_TOO_LARGE',
      `the value needs ${length} bytes, and the capacity of the Share is ${this.#capacity}; set a ` +
        'smaller value, or create the Share with a larger capacity (unused capacity takes no memory)',
      { required: length, capacity: this.#capacity },
    );
  }

  /* The bytes of a value that is larger than the scratch memory, or that a writer has overtaken. */
  #getSlowly(status) {
    let bytes = scratch;
    let last = status;
    const again = (ms) => {
      words[CHECKED] = this.#checked;
      if (last === MORE) bytes = memory.largeScratch(doubles[LENGTH]);
      last = binding.shareGetInto(this.#handle, bytes, ms);
      return last;
    };
    while (last === MORE) again();
    if (last === OVERTAKEN) this.#readAgain(again);
    if (last < 0) throw this.#errorOf(last);
    return bytes;
  }

  /* Reads until no writer overtakes it: call() takes no lock; call(ms) waits for the lock, for `ms` at
   * most, and reads under it. */
  #readAgain(call) {
    const until = now() + READ_TIMEOUT;
    for (;;) {
      let status = call();
      while (status === MORE) status = call();
      if (status !== OVERTAKEN) return status;
      if (now() >= until) throw overtakenError();
      if (this.#lock === undefined) {
        Atomics.wait(sleeper, 0, 0, NAP);
        continue;
      }
      status = call(SLICE);
      /* The lock is not waited for if another object of this thread holds it. */
      if (codeOf(status) === 'ERR_MMAPIPC_DEADLOCK') Atomics.wait(sleeper, 0, 0, NAP);
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
    `for ${READ_TIMEOUT} ms the value was set faster than it can be read; set it less often, or read it ` +
      'under the lock',
  );
}

module.exports = { Value, WAY };
