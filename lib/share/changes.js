/*
 * The waits for a Share to change: promises, and listeners of 'change'. The bell of the region wakes
 * the event loop (native/bell.js). It is armed again before the version is read, so no change is missed.
 * Several changes may be reported as one. After the last wait the bell stays open for a second or two,
 * since the next wait mostly follows, as in a loop; it is not armed again.
 *
 * Without a bell, a thread of C waits for the region's event and sends one wake-up. Where no thread can
 * be started either (a limit of processes), the version is read every 20 ms.
 */
'use strict';

const binding = require('../native/binding');
const { LONGEST_TIMER, clearTimeout, now, setTimeout } = require('../base/clock');
const { MmapipcError, abortError } = require('../base/errors');
const { openBell } = require('../native/bell');
const { keepAlive, listen, unlisten } = require('../native/wakeups');
const { offAbort, onAbort } = require('../base/signals');
const { NO_THREAD } = require('../native/status');
const { VERSION, doubles } = require('./memory');

const POLL = 20; /* ms between two reads of the version without a thread */
const RETRY = 1000; /* ms between two tries to start one */
const UNKNOWN = -1;

class Changes {
  #handle;
  /* { version(), errorOf(status), emit(version), emitSoon(version), fail(error) } */
  #share;
  /* { since, resolve(version), reject(error), close(error), timer, signal, onAbort } */
  #waiting = new Set();
  #fresh; /* the entry of a next() that has not returned its promise yet */
  #emitted; /* the version that listeners know */
  #isListening = false;
  #isRef = false;
  #isOn = false; /* whether wake-ups are listened to */
  #isArmed = false; /* whether the next change gives a wake-up, or a timer is set */
  #isClosed = false;
  #hasFailed = false; /* whether fail() was called for the listeners */
  #seen = UNKNOWN; /* the version that the last ring has found */
  #bell; /* undefined: none; a thread of C watches instead */
  #isBellIdle = false; /* whether the bell was not used at the last look */
  #timer; /* of the next #update() without a thread */
  #retryAt = 0;
  #onWakeup = () => {
    this.#forgetLost();
    this.#update();
  };
  #ofBell = {
    heard: () => {
      this.#forgetLost();
      this.#hear();
    },
    look: () => {
      this.#forgetLost();
      if (this.#isOn) this.#update();
      else if (this.#isBellIdle) this.#disarm();
      this.#isBellIdle = !this.#isOn;
    },
    failed: () => this.#loseBell(),
  };

  constructor(handle, share) {
    this.#handle = handle;
    this.#share = share;
  }

  get isClosed() {
    return this.#isClosed;
  }

  /* A promise of the version, as soon as it is not `since`. */
  next(since, timeout, signal) {
    this.#forgetLost();
    return new Promise((resolve, reject) => {
      const entry = { since, resolve, reject, close: reject, signal };
      this.#fresh = entry;
      this.wait(entry, timeout);
      this.#fresh = undefined;
    });
  }

  /* The entry of a call of next() that was unwound before it returned its promise. */
  #forgetLost() {
    if (this.#fresh === undefined) return;
    this.#settle(this.#fresh);
    this.#fresh = undefined;
  }

  /* Calls one function of `entry` once, unless forget() comes first. */
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
    if (this.#isArmed) this.#settleIfChanged(entry);
    else this.#update();
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

  /* Sets whether there are listeners. Each step can be repeated, because an earlier call may have been
   * unwound. */
  listening(on) {
    this.#forgetLost();
    if (on && !this.#isListening) this.#emitted = this.#share.version();
    this.#isListening = on;
    this.#turn();
    keepAlive(this, on && this.#isRef);
    if (on && !this.#isArmed && !this.#hasFailed) this.#update();
  }

  /* Sets whether listeners keep the process alive. */
  ref(on) {
    this.#forgetLost();
    this.#isRef = on;
    keepAlive(this, on && this.#isListening);
  }

  close(error) {
    this.#isClosed = true;
    this.listening(false);
    for (const entry of [...this.#waiting]) this.#settle(entry)?.close(error);
    if (this.#bell !== undefined) this.#disarm();
  }

  /* C watches while there are waits or listeners. */
  #turn() {
    const on = this.#isListening || this.#waiting.size > 0;
    if (on === this.#isOn) return;
    if (on) {
      const status = listen(this.#handle, this.#onWakeup);
      if (status < 0) throw this.#share.errorOf(status);
      this.#isOn = true;
      this.#isBellIdle = false;
      this.#bell ??= openBell(this.#handle, this.#ofBell);
      return;
    }
    this.#isOn = false;
    if (this.#bell === undefined) this.#disarm();
  }

  #disarm() {
    this.#isArmed = false;
    clearTimeout(this.#timer);
    if (!this.#isOn) unlisten(this.#handle, this.#onWakeup);
    if (this.#bell === undefined) binding.watchDisarm(this.#handle);
    this.#bell?.close();
    this.#bell = undefined;
  }

  /* The system does not watch the bell any more: the thread takes its place. */
  #loseBell() {
    this.#bell?.close();
    this.#bell = undefined;
    this.#isArmed = false;
    this.#update();
  }

  /* The bell has rung. The event loop calls this with nothing else on the stack, so the listeners run at
   * once; an error of theirs ends this call. */
  #hear() {
    this.#isArmed = false;
    if (!this.#isOn) return;
    if (this.#bell === undefined || this.#hasFailed) {
      this.#update();
      return;
    }
    const status = binding.shareListen(this.#handle, this.#seen);
    if (status < 0) {
      this.#fail(this.#share.errorOf(status));
      return;
    }
    this.#isArmed = true;
    const version = (this.#seen = doubles[VERSION]);
    if (this.#waiting.size > 0) this.#settleAll(version);
    if (!this.#isListening || version === this.#emitted) return;
    this.#emitted = version;
    this.#share.emit(version);
  }

  #update() {
    if (!this.#isOn) return;
    let version;
    try {
      if (!this.#hasFailed || this.#waiting.size > 0) this.#arm();
      version = this.#share.version();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#settleAll(version);
    if (!this.#isListening || version === this.#emitted) return;
    this.#emitted = version;
    this.#share.emitSoon(version);
  }

  #settleAll(version) {
    for (const entry of [...this.#waiting]) {
      if (entry.since !== version) this.#settle(entry)?.resolve(version);
    }
  }

  /* For a new entry while the watch is armed: every later change gives a wake-up. */
  #settleIfChanged(entry) {
    let version;
    try {
      version = this.#share.version();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (entry.since !== version) this.#settle(entry)?.resolve(version);
  }

  /* The timer does not keep the process alive: waits and listeners do (keepAlive). */
  #arm() {
    this.#isArmed = false;
    if (this.#bell !== undefined) {
      const status = binding.shareListen(this.#handle, UNKNOWN);
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
    this.#timer = setTimeout(this.#onWakeup, POLL);
    this.#timer.unref();
    this.#isArmed = true;
  }

  /* Changes cannot be observed any more: rejects the waits, and tries no more for the listeners. */
  #fail(error) {
    for (const entry of [...this.#waiting]) this.#settle(entry)?.reject(error);
    if (!this.#isListening || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#isArmed = false;
    clearTimeout(this.#timer);
    this.#disarm();
    this.#share.fail(error);
  }

  /* Removes the entry. Returns it, or undefined if it was settled before. */
  #settle(entry) {
    if (!this.#waiting.has(entry)) return undefined;
    keepAlive(entry, false); /* first: if it is unwound, the entry is still there to be settled */
    this.#waiting.delete(entry);
    if (entry.timer !== undefined) clearTimeout(entry.timer);
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
