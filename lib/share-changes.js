/*
 * Who waits for a Share to change: promises, and listeners of 'change'. A thread of C waits for the
 * region's event and gives notice once; it is armed again before the version is looked at, so that no
 * change is missed, and told of several as one.
 */
'use strict';

const binding = require('./binding');
const { MmapipcError, abortError } = require('./errors');
const { countPending, listen, unlisten } = require('./notices');

const LONGEST_TIMER = 2 ** 31 - 1; /* ms; Node fires longer ones at once */

class Changes {
  #handle;
  #share; /* { version(), errorOf(status), tell(version) } */
  #waiting = new Set(); /* { since, resolve, reject, timer, signal, onAbort } */
  #told; /* the version that listeners know, while there are some */
  #isListening = false;
  #isRef = false;
  #isOn = false; /* C watches */
  #onNotice = () => this.#look();

  constructor(handle, share) {
    this.#handle = handle;
    this.#share = share;
  }

  /* The version once it is another than `since`. */
  next(since, timeout, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortError(signal));
        return;
      }
      const entry = { since, resolve, reject, signal };
      this.#waiting.add(entry);
      this.#turn();
      countPending(1);
      if (timeout !== Infinity) {
        const late = () => this.#settle(entry).reject(timeoutError(timeout));
        entry.timer = setTimeout(late, Math.min(timeout, LONGEST_TIMER));
      }
      if (signal !== undefined) {
        entry.onAbort = () => this.#settle(entry).reject(abortError(signal));
        signal.addEventListener('abort', entry.onAbort, { once: true });
      }
      this.#look();
    });
  }

  /* Whether there are listeners. */
  listening(on) {
    if (on === this.#isListening) return;
    if (on) this.#told = this.#share.version();
    this.#isListening = on;
    this.#turn();
    if (this.#isRef) countPending(on ? 1 : -1);
    if (on) this.#look();
  }

  /* Whether listeners keep the process alive. */
  ref(on) {
    if (on === this.#isRef) return;
    this.#isRef = on;
    if (this.#isListening) countPending(on ? 1 : -1);
  }

  close(error) {
    this.listening(false);
    for (const entry of [...this.#waiting]) this.#settle(entry).reject(error);
  }

  /* C is to watch while anybody waits or listens. */
  #turn() {
    const on = this.#isListening || this.#waiting.size > 0;
    if (on === this.#isOn) return;
    this.#isOn = on;
    if (!on) {
      unlisten(this.#handle, this.#onNotice);
      binding.watchDisarm(this.#handle);
      return;
    }
    const status = listen(this.#handle, this.#onNotice);
    if (status < 0) throw this.#share.errorOf(status);
  }

  #look() {
    if (!this.#isOn) return;
    let version;
    try {
      const status = binding.watchArm(this.#handle);
      if (status < 0) throw this.#share.errorOf(status);
      version = this.#share.version();
    } catch (error) {
      for (const entry of [...this.#waiting]) this.#settle(entry).reject(error);
      return;
    }
    for (const entry of [...this.#waiting]) {
      if (entry.since !== version) this.#settle(entry).resolve(version);
    }
    if (!this.#isListening || version === this.#told) return;
    this.#told = version;
    this.#share.tell(version);
  }

  #settle(entry) {
    if (!this.#waiting.delete(entry)) return NOBODY;
    countPending(-1);
    clearTimeout(entry.timer);
    entry.signal?.removeEventListener('abort', entry.onAbort);
    this.#turn();
    return entry;
  }
}

const NOBODY = { resolve() {}, reject() {} };

function timeoutError(timeout) {
  return new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `nobody has set the value within ${timeout} ms; ask for a longer { timeout }, or none`,
  );
}

module.exports = { Changes };
