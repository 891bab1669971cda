/*
 * The guard of a Share's lock: an acquisition under which the value is read and changed, also when it
 * was taken by lockAsync, which no other call of the object may use.
 */
'use strict';

const { MmapipcError } = require('./errors');
const { LockGuard } = require('./lock-guard');
const { integer } = require('./validate');

/* How a guard acts on its Share: share[UNDER] has store, clear and update. */
const UNDER = Symbol('under the lock');

class ShareGuard extends LockGuard {
  #lock;

  constructor(lock, recovered) {
    super(lock, recovered);
    this.#lock = lock;
  }

  get() {
    return this.#share().get();
  }

  set(value) {
    return this.#share()[UNDER].store(value);
  }

  update(fn) {
    return this.#share()[UNDER].update(fn);
  }

  clear() {
    this.#share()[UNDER].clear();
  }

  compareAndSet(version, value) {
    integer(version, 'The "version" argument');
    return this.#share()[UNDER].store(value, version) !== undefined;
  }

  #share() {
    if (this.#lock.guard === this) return this.#lock.object;
    throw new MmapipcError(
      'ERR_MMAPIPC_NOT_LOCKED',
      'this guard was released; take the lock again to act under it',
    );
  }
}

module.exports = { ShareGuard, UNDER };
