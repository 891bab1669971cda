/*
 * The guards that lock(), tryLock() and lockAsync() return: each is one acquisition, to be released once.
 * Also the error of an acquisition that could never succeed.
 */
'use strict';

const { MmapipcError } = require('../base/errors');
const { DISPOSE } = require('../base/dispose');

/* guard[HELD]: the lock, or null after the release. */
const HELD = Symbol('held lock');
/* guard[RECOVERED](): records that the lock was recovered from a dead owner. */
const RECOVERED = Symbol('recovered');

/* Makes a class of guards with additional methods. (A class derived from LockGuard would cost each
 * lock() 10 ns, because V8 creates private fields slowly if new.target is another class.)
 *
 * A guard is made before its lock is taken, so that nothing can fail between the taking and the return to
 * the user. So the lock of a guard may never have been taken; lock.holds(guard) tests it. */
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

    /* Releases the lock first: if the call is unwound after that, the guard can release again. */
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
    `${why}, and cannot release it while this thread waits; release it first, or use lockAsync`,
  );
}

module.exports = { HELD, LockGuard, RECOVERED, deadlock, guardClass };
