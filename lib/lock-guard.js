/*
 * What lock(), tryLock() and lockAsync() give: one acquisition, to be released once. And the error of
 * one that could never come.
 */
'use strict';

const { MmapipcError } = require('./errors');
const { DISPOSE } = require('./scope');

class LockGuard {
  #lock; /* null: released */
  #recovered;

  constructor(lock, recovered) {
    this.#lock = lock;
    this.#recovered = recovered;
  }

  get recovered() {
    return this.#recovered;
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

function deadlock(why) {
  return new MmapipcError(
    'ERR_MMAPIPC_DEADLOCK',
    `${why}, and could not release it while the thread waits; release it first, or use lockAsync`,
  );
}

module.exports = { LockGuard, deadlock };
