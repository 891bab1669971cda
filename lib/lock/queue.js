/*
 * The asynchronous acquisitions of one object: a queue of promises, the first of which tries, or
 * waits in C. First come, first served; a timeout or a signal takes one out of it.
 *
 * `steps` is the object's lock. It has: held; tryNow(request, barge) and poll(): > 0 taken, 0 not, or
 * a negative status; begin(request): a wait in C is under way, 0 or a status; cancel(); hold(request,
 * status): the guard of what was taken; given(): that guard is the user's now; acted(): the operation
 * has released it; errorOf(status); timeoutError(request, timeout).
 *
 * Where no thread can be started for the wait, the first tries again every few milliseconds.
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
  #steps;
  /* { request, timeout, act, resolve, reject, signal, timer, onAbort } */
  #entries = [];
  #fresh; /* the entry of a push() that has not returned its promise yet */
  #waiting = false; /* in C, for the first of them */
  #poller; /* the timer of the next try, where no thread can be had */
  #onNotice = () => this.resume();

  constructor(handle, steps) {
    this.#handle = handle;
    this.#steps = steps;
  }

  get length() {
    return this.#entries.length;
  }

  /* What the first of them asks for. */
  get first() {
    return this.#entries[0]?.request;
  }

  /* A promise of the guard; with `act` of what act() returns under the lock, which it releases. */
  push(request, timeout, signal, act) {
    if (signal?.aborted) return Promise.reject(abortError(signal));
    this.#forgetLost();
    if (timeout === 0 && (this.#steps.held || this.#entries.length !== 0)) {
      return Promise.reject(this.#steps.timeoutError(request, timeout));
    }
    const entry = { request, timeout, act, signal };
    const promise = new Promise((resolve, reject) => {
      entry.resolve = resolve;
      entry.reject = reject;
    });
    /* `steps` is reached from here: an object whose lock is awaited is not collected. */
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

  /* Stops the wait under way; its entry stays first in the queue. It goes on when the call that wanted
   * this is over, even if that was unwound. */
  suspend() {
    if (!this.#waiting) return;
    this.resumeSoon();
    this.#waiting = false;
    this.#steps.cancel();
  }

  /* Lets the first of the queue try, or wait, or have what the wait has won. */
  resume() {
    this.#forgetLost();
    this.#proceed();
  }

  #proceed() {
    if (this.#waiting) this.#settleFirst(this.#steps.poll());
    while (!this.#waiting && this.#entries.length > 0 && !this.#steps.held) {
      const { request, timeout } = this.#entries[0];
      const isPolled = this.#poller !== undefined;
      let status = this.#steps.tryNow(request, timeout === 0 || isPolled);
      if (status === 0 && timeout > 0) {
        status = this.#steps.begin(request);
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

  /* The lock is about to be released. Not at once: the code that runs may take it again, and would
   * meet a guard that no caller has yet. */
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

  /* The status of a wait that may have been stopped, or gone on, since the notice was sent. */
  #settleFirst(status) {
    if (status === 0) return;
    this.#waiting = false;
    this.#finish(this.#entries[0], status);
  }

  /* With status > 0 the lock is held here, and unlock() can release it until the user has the guard. */
  #finish(entry, status) {
    const steps = this.#steps;
    this.#remove(entry);
    if (status < 0) {
      entry.reject(steps.errorOf(status));
    } else if (status === 0) {
      entry.reject(steps.timeoutError(entry.request, entry.timeout));
    } else if (entry.act === undefined) {
      entry.resolve(steps.hold(entry.request, status));
      steps.given();
    } else {
      this.#act(entry, status);
    }
  }

  #act(entry, status) {
    try {
      this.#steps.hold(entry.request, status);
      entry.resolve(entry.act());
    } catch (error) {
      entry.reject(error);
    } finally {
      this.#steps.acted();
    }
  }

  #remove(entry) {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    keepAlive(entry, false);
    clearTimeout(entry.timer);
    if (entry.onAbort !== undefined) offAbort(entry.signal, entry.onAbort);
    if (this.#entries.length > 0) return;
    unlisten(this.#handle, this.#onNotice);
    clearTimeout(this.#poller);
    this.#poller = undefined;
  }

  /* Its wait may have won in time, and the event loop been too busy to hear of it. */
  #expire(entry) {
    if (this.#waiting && entry === this.#entries[0]) this.resume();
    if (!this.#entries.includes(entry)) return;
    this.#giveUp(entry, this.#steps.timeoutError(entry.request, entry.timeout));
  }

  /* The next one goes on a moment later (suspend()): when a signal ends thousands of waits, not each of
   * them is to become the first, and wait in C. */
  #giveUp(entry, error) {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    if (at === 0) this.suspend();
    this.#remove(entry);
    entry.reject(error);
  }

  /* The entry of a call that was unwound before it returned its promise. */
  #forgetLost() {
    const entry = this.#fresh;
    if (entry === undefined) return;
    if (entry === this.#entries[0]) this.suspend();
    if (this.#entries.includes(entry)) this.#remove(entry);
    this.#fresh = undefined;
  }

  #listen() {
    const status = listen(this.#handle, this.#onNotice);
    if (status < 0) throw this.#steps.errorOf(status);
  }
}

module.exports = { LockQueue };
