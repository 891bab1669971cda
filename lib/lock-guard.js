/*
 * What lock(), tryLock() and lockAsync() give: one acquisition, to be released once. And the error of
 * one that could never come.
 */
'use strict';

const { MmapipcError } = require('./errors');
const { DISPOSE } = require('./scope');

/* guard[HELD]: the lock, null once it is released. */
const HELD = Symbol('held lock');

/* A class of guards that has these methods besides. (A class derived from LockGuard would cost each
 * lock() 10 ns: V8 makes private fields slowly where new.target is not the class itself.) */
function guardClass(name, methods) {
  class Guard {
    #lock;
    #recovered;

    constructor(lock, recovered) {
      this.#lock = lock;
      this.#recovered = recovered;
    }

    get recovered() {
      return this.#recovered;
    }

    get [HELD]() {
      return this.#lock;
    }

    release() {
      const lock = this.#lock;
      if (lock === null) return;
      this.#lock = null;
      lock.release(this);
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

module.exports = { HELD, LockGuard, deadlock, guardClass };
