/*
 * The asynchronous acquisitions of one object: a queue of promises, the first of which tries, or
 * waits in C. First come, first served; a timeout or a signal takes one out of it.
 *
 * `steps` is the object's lock. It has: held; tryNow(request) and poll(): > 0 taken, 0 not, or a
 * negative status; begin(request): a wait in C is under way, 0 or a status; cancel(); hold(request,
 * status): the guard of what was taken; errorOf(status); timeoutError(request, timeout).
 */
'use strict';

const { abortError } = require('./errors');
const { countPending, listen, unlisten } = require('./notices');

const LONGEST_TIMER = 2 ** 31 - 1; /* ms; Node fires longer ones at once */

class LockQueue {
  #handle;
  #steps;
  #entries = []; /* { request, timeout, resolve, reject, signal, timer, onAbort } */
  #waiting = false; /* in C, for the first of them */
  #onNotice = () => this.#settleFirst(this.#steps.poll());

  constructor(handle, steps) {
    this.#handle = handle;
    this.#steps = steps;
  }

  get length() {
    return this.#entries.length;
  }

  push(request, timeout, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortError(signal));
        return;
      }
      if (timeout === 0 && (this.#steps.held || this.#entries.length !== 0)) {
        reject(this.#steps.timeoutError(request, timeout));
        return;
      }
      /* `steps` is reached from here: an object somebody awaits the lock of is not collected. */
      if (this.#entries.length === 0) this.#listen();
      const entry = { request, timeout, resolve, reject, signal };
      if (timeout > 0 && timeout !== Infinity) {
        entry.timer = setTimeout(() => this.#expire(entry), Math.min(timeout, LONGEST_TIMER));
      }
      if (signal !== undefined) {
        entry.onAbort = () => this.#giveUp(entry, abortError(signal));
        signal.addEventListener('abort', entry.onAbort, { once: true });
      }
      countPending(1);
      this.#entries.push(entry);
      if (this.#entries.length === 1) this.resume();
    });
  }

  /* Stops the wait under way; its entry stays first in the queue. */
  suspend() {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#steps.cancel();
  }

  /* Lets the first of the queue try, or wait, or have what the wait has won. */
  resume() {
    if (this.#waiting) this.#onNotice();
    while (!this.#steps.held && this.#entries.length > 0 && !this.#waiting) {
      const { request, timeout } = this.#entries[0];
      let status = this.#steps.tryNow(request, timeout === 0);
      if (status === 0 && timeout > 0) {
        status = this.#steps.begin(request);
        if (status === 0) {
          this.#waiting = true;
          return;
        }
      }
      this.#finish(this.#entries.shift(), status);
    }
  }

  /* The lock was given back. Not at once: the code that runs may take it again, and would meet a
   * guard that nobody has been given yet. */
  resumeSoon() {
    if (this.#entries.length !== 0) queueMicrotask(() => this.resume());
  }

  /* The object is being closed. */
  close(error) {
    this.suspend();
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries) this.#settle(entry).reject(error);
  }

  /* The status of a wait that may have been stopped, or gone on, since the notice was sent. */
  #settleFirst(status) {
    if (status === 0 || !this.#waiting) return;
    this.#waiting = false;
    this.#finish(this.#entries.shift(), status);
    this.resume();
  }

  #finish(entry, status) {
    this.#settle(entry);
    const steps = this.#steps;
    if (status > 0) entry.resolve(steps.hold(entry.request, status));
    else if (status === 0) entry.reject(steps.timeoutError(entry.request, entry.timeout));
    else entry.reject(steps.errorOf(status));
  }

  #settle(entry) {
    countPending(-1);
    clearTimeout(entry.timer);
    entry.signal?.removeEventListener('abort', entry.onAbort);
    if (this.#entries.length === 0) unlisten(this.#handle, this.#onNotice);
    return entry;
  }

  /* Its wait may have won in time, and the event loop been too busy to hear of it. */
  #expire(entry) {
    if (this.#waiting && entry === this.#entries[0]) this.#onNotice();
    if (!this.#entries.includes(entry)) return;
    this.#giveUp(entry, this.#steps.timeoutError(entry.request, entry.timeout));
  }

  #giveUp(entry, error) {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    if (at === 0) this.suspend();
    this.#entries.splice(at, 1);
    this.#settle(entry).reject(error);
    this.resume();
  }

  #listen() {
    const status = listen(this.#handle, this.#onNotice);
    if (status < 0) throw this.#steps.errorOf(status);
  }
}

module.exports = { LockQueue };
