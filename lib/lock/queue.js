/*
 * The asynchronous acquisitions of one object: a queue of promises, in the order of the calls. The first
 * of them tries, or waits in C. A timeout or a signal removes an entry.
 *
 * `lock` is the object's lock (lock/lock.js). The queue uses: held; tryNow(request, barge) and poll(),
 * which return > 0 taken, 0 not taken, or a negative status; begin(request), which starts a wait in C and
 * returns 0 or a status; cancel(); hold(request, status), the guard of the acquisition; given(), the user
 * has that guard; acted(), the operation has released the lock; errorOf(status);
 * timeoutError(request, timeout).
 *
 * Where no thread can be started for the wait, the first entry tries again every few milliseconds.
 */
'use strict';

const { LONGEST_TIMER, clearTimeout, queueMicrotask, setTimeout } = require('../base/clock');
const { abortError } = require('../base/errors');
const { keepAlive, listen, unlisten } = require('../native/wakeups');
const { offAbort, onAbort } = require('../base/signals');
const { NO_THREAD } = require('../native/status');

const POLL = 5; /* ms */

class LockQueue {
  #handle;
  #lock;
  /* { request, timeout, act, resolve, reject, signal, timer, onAbort } */
  #entries = [];
  #fresh; /* the entry of a push() that has not returned its promise yet */
  #waiting = false; /* whether a wait in C is under way, for the first entry */
  #poller; /* the timer of the next try, where no thread can be started */
  #onWakeup = () => this.resume();

  constructor(handle, lock) {
    this.#handle = handle;
    this.#lock = lock;
  }

  get length() {
    return this.#entries.length;
  }

  /* The request of the first entry. */
  get first() {
    return this.#entries[0]?.request;
  }

  /* A promise of the guard. With `act`: of the result of act(), which runs under the lock and releases it. */
  push(request, timeout, signal, act) {
    if (signal?.aborted) return Promise.reject(abortError(signal));
    this.#forgetLost();
    if (timeout === 0 && (this.#lock.held || this.#entries.length !== 0)) {
      return Promise.reject(this.#lock.timeoutError(request, timeout));
    }
    const entry = { request, timeout, act, signal };
    const promise = new Promise((resolve, reject) => {
      entry.resolve = resolve;
      entry.reject = reject;
    });
    /* The listener refers to the lock, so an object whose lock is awaited is not collected. */
    if (this.#entries.length === 0) this.#listen();
    this.#fresh = entry;
    this.#entries.push(entry);
    keepAlive(entry, true);
    if (timeout > 0 && timeout !== Infinity) {
      entry.timer = setTimeout(() => this.#expire(entry), Math.min(timeout, LONGEST_TIMER));
    }
    if (signal !== undefined) {
      entry.onAbort = () => this.#giveUp(entry, abortError(signal));
      onAbort(signal, entry.onAbort);
    }
    if (this.#entries.length === 1) this.#proceed();
    this.#fresh = undefined;
    return promise;
  }

  /* Stops the wait under way. Its entry stays the first, and goes on when the calling code has returned,
   * or was unwound. */
  suspend() {
    if (!this.#waiting) return;
    this.resumeSoon();
    this.#waiting = false;
    this.#lock.cancel();
  }

  /* The first entry tries, waits, or gets the lock that its wait has won. */
  resume() {
    this.#forgetLost();
    this.#proceed();
  }

  #proceed() {
    if (this.#waiting) this.#settleFirst(this.#lock.poll());
    while (!this.#waiting && this.#entries.length > 0 && !this.#lock.held) {
      const { request, timeout } = this.#entries[0];
      const isPolled = this.#poller !== undefined;
      let status = this.#lock.tryNow(request, timeout === 0 || isPolled);
      if (status === 0 && timeout > 0) {
        status = this.#lock.begin(request);
        if (status === 0) {
          this.#waiting = true;
          return;
        }
        if (status === NO_THREAD) {
          this.#tryLater();
          return;
        }
      }
      this.#finish(this.#entries[0], status);
    }
  }

  #tryLater() {
    clearTimeout(this.#poller);
    this.#poller = setTimeout(() => this.resume(), POLL);
  }

  /* The lock is about to be released. The queue goes on in a microtask: the running code may take the
   * lock again at once, and must not find it held by a guard that no caller has yet. */
  resumeSoon() {
    if (this.#entries.length !== 0) queueMicrotask(() => this.resume());
  }

  /* The object is being closed. */
  close(error) {
    this.suspend();
    for (const entry of [...this.#entries]) {
      this.#remove(entry);
      entry.reject(error);
    }
  }

  /* `status`: of a wait that may have been stopped, or started again, since the wake-up was sent. */
  #settleFirst(status) {
    if (status === 0) return;
    this.#waiting = false;
    this.#finish(this.#entries[0], status);
  }

  /* With status > 0 the object holds the lock, and unlock() can release it until the user has the guard. */
  #finish(entry, status) {
    const lock = this.#lock;
    this.#remove(entry);
    if (status < 0) {
      entry.reject(lock.errorOf(status));
    } else if (status === 0) {
      entry.reject(lock.timeoutError(entry.request, entry.timeout));
    } else if (entry.act === undefined) {
      entry.resolve(lock.hold(entry.request, status));
      lock.given();
    } else {
      this.#act(entry, status);
    }
  }

  #act(entry, status) {
    try {
      this.#lock.hold(entry.request, status);
      entry.resolve(entry.act());
    } catch (error) {
      entry.reject(error);
    } finally {
      this.#lock.acted();
    }
  }

  #remove(entry) {
    keepAlive(entry, false); /* first: if it is unwound, the entry is still there to be removed */
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    clearTimeout(entry.timer);
    if (entry.onAbort !== undefined) offAbort(entry.signal, entry.onAbort);
    if (this.#entries.length > 0) return;
    unlisten(this.#handle, this.#onWakeup);
    clearTimeout(this.#poller);
    this.#poller = undefined;
  }

  /* Its wait may have won in time, and the busy event loop not have handled the wake-up yet. */
  #expire(entry) {
    if (this.#waiting && entry === this.#entries[0]) this.resume();
    if (!this.#entries.includes(entry)) return;
    this.#giveUp(entry, this.#lock.timeoutError(entry.request, entry.timeout));
  }

  /* The next entry goes on in a microtask (suspend()). When a signal ends thousands of waits, not each of
   * them should become the first, and wait in C. */
  #giveUp(entry, error) {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    if (at === 0) this.suspend();
    this.#remove(entry);
    entry.reject(error);
  }

  /* Removes the entry of a push() that was unwound before it returned its promise. */
  #forgetLost() {
    const entry = this.#fresh;
    if (entry === undefined) return;
    if (entry === this.#entries[0]) this.suspend();
    if (this.#entries.includes(entry)) this.#remove(entry);
    this.#fresh = undefined;
  }

  #listen() {
    const status = listen(this.#handle, this.#onWakeup);
    if (status < 0) throw this.#lock.errorOf(status);
  }
}

module.exports = { LockQueue };
