/*
 * What lock(), tryLock() and lockAsync() return: one acquisition, to be released once. And the error
 * of an acquisition that could never succeed.
 */
'use strict';

const { MmapipcError } = require('../base/errors');
const { DISPOSE } = require('../base/dispose');

/* guard[HELD]: the lock, null once it is released. */
const HELD = Symbol('held lock');
/* guard[RECOVERED](): it was taken from a dead owner. */
const RECOVERED = Symbol('recovered');

/* A class of guards that has these methods besides. (A class derived from LockGuard would cost each
 * lock() 10 ns: V8 makes private fields slowly where new.target is not the class itself.)
 *
 * A guard is made before its lock is taken, as nothing can fail between the taking and the return to
 * the user. So a guard may exist whose lock was never taken: the lock knows (lock.holds(guard)). */
function guardClass(name, methods) {
  class Guard {
    #lock;
    #recovered = false;

    constructor(lock) {
      this.#lock = lock;
    }

    get recovered() {
      return this.#recovered;
    }

    get [HELD]() {
      const lock = this.#lock;
      return lock !== null && lock.holds(this) ? lock : null;
    }

    [RECOVERED]() {
      this.#recovered = true;
    }

    /* The lock first: unwound in between, the guard can release it again. */
    release() {
      const lock = this.#lock;
      if (lock === null) return;
      lock.release(this);
      this.#lock = null;
    }

    [DISPOSE]() {
      this.release();
    }
  }
  Object.defineProperty(Guard, 'name', { value: name });
  for (const [key, value] of Object.entries(methods)) {
    Object.defineProperty(Guard.prototype, key, { value, writable: true, configurable: true });
  }
  return Guard;
}

const LockGuard = guardClass('LockGuard', {});

function deadlock(why) {
  return new MmapipcError(
    'ERR_MMAPIPC_DEADLOCK',
    `${why}, and could not release it while the thread waits; release it first, or use lockAsync`,
  );
}

module.exports = { HELD, LockGuard, RECOVERED, deadlock, guardClass };
