/*
 * What waits for a Share to change: promises, and listeners of 'change'. A thread of C waits for the
 * region's event and gives notice once; it is armed again before the version is looked at, so that no
 * change is missed, and several are reported as one.
 *
 * Where no thread can be started (a limit of processes), the version is looked at every 20 ms instead.
 */
'use strict';

const os = require('node:os');

const binding = require('../native/binding');
const { LONGEST_TIMER, clearTimeout, now, setTimeout } = require('../base/clock');
const { MmapipcError, abortError } = require('../base/errors');
const { openBell } = require('../native/bell');
const { keepAlive, listen, unlisten } = require('../native/notices');
const { offAbort, onAbort } = require('../base/signals');

const NO_THREAD = -os.constants.errno.EAGAIN;
const POLL = 20; /* ms between two looks without a thread */
const RETRY = 1000; /* ms between two tries to start one */

class Changes {
  #handle;
  #share; /* { version(), errorOf(status), tell(version), fail(error) } */
  /* { since, resolve(version), reject(error), close(error), timer, signal, onAbort } */
  #waiting = new Set();
  #told; /* the version that listeners know, while there are some */
  #isListening = false;
  #isRef = false;
  #isOn = false; /* notices are listened to */
  #isArmed = false; /* the next change is noticed */
  #isClosed = false;
  #hasFailed = false; /* and listeners were told so */
  #bell; /* undefined: none, a thread of C watches instead */
  #timer; /* of the next look without a thread */
  #retryAt = 0;
  #onNotice = () => this.#look();

  constructor(handle, share) {
    this.#handle = handle;
    this.#share = share;
  }

  get isClosed() {
    return this.#isClosed;
  }

  /* The version once it is another than `since`. */
  next(since, timeout, signal) {
    return new Promise((resolve, reject) => {
      this.wait({ since, resolve, reject, close: reject, signal }, timeout);
    });
  }

  /* Calls one of the functions of `entry`, once, unless it is forgotten before. */
  wait(entry, timeout = Infinity) {
    const { signal } = entry;
    if (signal?.aborted) {
      entry.reject(abortError(signal));
      return;
    }
    try {
      this.#begin(entry, timeout);
    } catch (error) {
      this.#settle(entry);
      throw error;
    }
    if (this.#isArmed) this.#lookFor(entry);
    else this.#look();
  }

  #begin(entry, timeout) {
    const { signal } = entry;
    this.#waiting.add(entry);
    this.#turn();
    keepAlive(entry, true);
    if (timeout !== Infinity) {
      const late = () => this.#settle(entry)?.reject(timeoutError(timeout));
      entry.timer = setTimeout(late, Math.min(timeout, LONGEST_TIMER));
    }
    if (signal === undefined) return;
    entry.onAbort = () => this.#settle(entry)?.reject(abortError(signal));
    onAbort(signal, entry.onAbort);
  }

  isWaiting(entry) {
    return this.#waiting.has(entry);
  }

  forget(entry) {
    this.#settle(entry);
  }

  /* Whether there are listeners. Each step may be repeated, as a call before may have been unwound. */
  listening(on) {
    if (on && !this.#isListening) this.#told = this.#share.version();
    this.#isListening = on;
    this.#turn();
    keepAlive(this, on && this.#isRef);
    if (on && !this.#isArmed && !this.#hasFailed) this.#look();
  }

  /* Whether listeners keep the process alive. */
  ref(on) {
    this.#isRef = on;
    keepAlive(this, on && this.#isListening);
  }

  close(error) {
    this.#isClosed = true;
    this.listening(false);
    for (const entry of [...this.#waiting]) this.#settle(entry)?.close(error);
  }

  /* C is to watch while there are waits or listeners. */
  #turn() {
    const on = this.#isListening || this.#waiting.size > 0;
    if (on === this.#isOn) return;
    if (on) {
      const status = listen(this.#handle, this.#onNotice);
      if (status < 0) throw this.#share.errorOf(status);
      this.#isOn = true;
      this.#bell ??= openBell(this.#handle, this.#onNotice, () => this.#loseBell());
      return;
    }
    this.#isOn = this.#isArmed = false;
    clearTimeout(this.#timer);
    unlisten(this.#handle, this.#onNotice);
    if (this.#bell === undefined) {
      binding.watchDisarm(this.#handle);
    } else {
      this.#bell.close();
      this.#bell = undefined;
    }
  }

  /* The watch of the bell failed: the thread takes its place. */
  #loseBell() {
    this.#bell?.close();
    this.#bell = undefined;
    this.#look();
  }

  #look() {
    if (!this.#isOn) return;
    let version;
    try {
      if (!this.#hasFailed || this.#waiting.size > 0) this.#arm();
      version = this.#share.version();
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const entry of [...this.#waiting]) {
      if (entry.since !== version) this.#settle(entry)?.resolve(version);
    }
    if (!this.#isListening || version === this.#told) return;
    this.#told = version;
    this.#share.tell(version);
  }

  /* For a new one, while the watch is armed: every change of the value from here on is noticed. */
  #lookFor(entry) {
    let version;
    try {
      version = this.#share.version();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (entry.since !== version) this.#settle(entry)?.resolve(version);
  }

  /* A wait or listener that is to keep the process alive is known (native/notices.js), so the timer need
   * not. */
  #arm() {
    this.#isArmed = false;
    if (this.#bell !== undefined) {
      const status = binding.bellArm(this.#handle);
      if (status < 0) throw this.#share.errorOf(status);
      this.#isArmed = true;
      return;
    }
    const time = now();
    if (time >= this.#retryAt) {
      const status = binding.watchArm(this.#handle);
      if (status === 0) {
        this.#isArmed = true;
        return;
      }
      if (status !== NO_THREAD) throw this.#share.errorOf(status);
      this.#retryAt = time + RETRY;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onNotice, POLL);
    this.#timer.unref();
    this.#isArmed = true;
  }

  /* Changes cannot be observed any more. */
  #fail(error) {
    for (const entry of [...this.#waiting]) this.#settle(entry)?.reject(error);
    if (!this.#isListening || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#isArmed = false;
    clearTimeout(this.#timer);
    binding.watchDisarm(this.#handle);
    this.#share.fail(error);
  }

  /* The entry, when it was still there. */
  #settle(entry) {
    if (!this.#waiting.delete(entry)) return undefined;
    keepAlive(entry, false);
    clearTimeout(entry.timer);
    if (entry.onAbort !== undefined) offAbort(entry.signal, entry.onAbort);
    this.#turn();
    return entry;
  }
}

function timeoutError(timeout) {
  return new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `the value was not set within ${timeout} ms; use a longer { timeout }, or none`,
  );
}

module.exports = { Changes };
