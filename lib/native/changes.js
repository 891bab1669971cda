/*
 * The waits for a Share or a map to change: promises, and listeners of 'change'. The bell of the region
 * wakes the event loop (native/bell.js). It is armed again before the version is read, so no change is
 * missed. Several changes may be reported as one. After the last wait for a Share the bell stays open for
 * a second or two, since the next wait mostly follows, as in a loop; it is not armed again.
 *
 * The version of a map is the number of changes that its object has read.
 *
 * Without a bell, a thread of C waits for the region's event and sends one wake-up. Where no thread can
 * be started either (a limit of processes), the version is read every 20 ms.
 */
'use strict';

const binding = require('./binding');
const { LONGEST_TIMER, clearTimeout, now, setTimeout } = require('../base/clock');
const { abortError } = require('../base/errors');
const { openBell } = require('./bell');
const { keepAlive, listen, unlisten } = require('./wakeups');
const { offAbort, onAbort } = require('../base/signals');
const { NO_THREAD } = require('./status');

const POLL = 20; /* ms between two reads of the version without a thread */
const RETRY = 1000; /* ms between two tries to start one */
const UNKNOWN = -1;

class Changes {
  #handle;
  /* { version(isThreaded), listen?(known), errorOf(status), emit(version, before, isRing), fail(error),
   * timeoutError(timeout), stop() }; isThreaded: a thread waits for the event instead of the bell;
   * listen(): arms the bell, and returns the version; isRing: nothing else is on the stack; stop():
   * there is no wait now */
  #owner;
  /* { isDue(version), resolve(version), reject(error), close(error), timer, signal, onAbort } */
  #waiting = new Set();
  #fresh; /* the entry of a next() that has not returned its promise yet */
  #emitted; /* the version that listeners know */
  #holds = 0;
  #isListening = false;
  #isRef = false;
  #isOn = false; /* whether wake-ups are listened to */
  #isArmed = false; /* whether the next change gives a wake-up, or a timer is set */
  #isClosed = false;
  #hasFailed = false; /* whether fail() was called for the listeners */
  #seen = UNKNOWN; /* the version that listen() has found last */
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

  constructor(handle, owner) {
    this.#handle = handle;
    this.#owner = owner;
  }

  get isClosed() {
    return this.#isClosed;
  }

  /* A promise of the version, as soon as isDue(version). */
  next(isDue, timeout, signal) {
    this.#forgetLost();
    return new Promise((resolve, reject) => {
      const entry = { isDue, resolve, reject, close: reject, signal };
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
      this.#add(entry, timeout);
    } catch (error) {
      this.#settle(entry);
      throw error;
    }
    if (this.#isArmed) this.#settleIfChanged(entry);
    else this.#update();
  }

  #add(entry, timeout) {
    const { signal } = entry;
    this.#waiting.add(entry);
    this.#turn();
    keepAlive(entry, true);
    if (timeout !== Infinity) {
      const late = () => this.#settle(entry)?.reject(this.#owner.timeoutError(timeout));
      entry.timer = setTimeout(late, Math.min(timeout, LONGEST_TIMER));
    }
    if (signal === undefined) return;
    entry.onAbort = () => this.#settle(entry)?.reject(abortError(signal));
    onAbort(signal, entry.onAbort);
  }

  #version() {
    return this.#owner.version(this.#bell === undefined);
  }

  /* Watches, so that version() changes, without a wait. */
  hold(on) {
    this.#holds += on ? 1 : -1;
    this.#turn();
    if (on && !this.#isArmed && !this.#hasFailed) this.#update();
  }

  /* Looks at once whether waits are due. */
  look() {
    this.#update();
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
    const isFirst = on && !this.#isListening;
    this.#isListening = on;
    this.#turn();
    if (isFirst) this.#begin();
    keepAlive(this, on && this.#isRef);
    if (on && !this.#isArmed && !this.#hasFailed) this.#update();
  }

  #begin() {
    try {
      this.#emitted = this.#version();
    } catch (error) {
      this.#isListening = false;
      this.#turn();
      throw error;
    }
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
    const on = this.#isListening || this.#waiting.size > 0 || (this.#holds > 0 && !this.#isClosed);
    if (on === this.#isOn) return;
    if (on) {
      const status = listen(this.#handle, this.#onWakeup);
      if (status < 0) throw this.#owner.errorOf(status);
      this.#isOn = true;
      this.#isBellIdle = false;
      this.#bell ??= openBell(this.#handle, this.#ofBell);
      return;
    }
    this.#isOn = false;
    if (this.#bell === undefined || this.#owner.listen === undefined) this.#disarm();
    this.#owner.stop();
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

  /* The bell has rung. The event loop calls this with nothing else on the stack, so the listeners may run
   * at once; an error of theirs ends this call. */
  #hear() {
    this.#isArmed = false;
    if (this.#isOn) this.#update(true);
  }

  #update(isRing = false) {
    if (!this.#isOn) return;
    let version;
    try {
      version = this.#listen(isRing ? this.#seen : UNKNOWN);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#waiting.size > 0) this.#settleAll(version);
    if (!this.#isListening || version === this.#emitted) return;
    const before = this.#emitted;
    this.#emitted = version;
    this.#owner.emit(version, before, isRing);
  }

  /* Arms, and returns the version. `known`: the version that the last call has found, or UNKNOWN. */
  #listen(known) {
    if (this.#bell !== undefined && this.#owner.listen !== undefined) {
      this.#isArmed = false;
      this.#seen = this.#owner.listen(known);
      this.#isArmed = true;
      return this.#seen;
    }
    if (!this.#hasFailed || this.#waiting.size > 0) this.#arm();
    return this.#version();
  }

  #settleAll(version) {
    for (const entry of [...this.#waiting]) {
      if (entry.isDue(version)) this.#settle(entry)?.resolve(version);
    }
  }

  /* For a new entry while the watch is armed: every later change gives a wake-up. */
  #settleIfChanged(entry) {
    let version;
    try {
      version = this.#version();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (entry.isDue(version)) this.#settle(entry)?.resolve(version);
  }

  /* The timer does not keep the process alive: waits and listeners do (keepAlive). */
  #arm() {
    this.#isArmed = false;
    if (this.#bell !== undefined) {
      const status = binding.bellArm(this.#handle);
      if (status < 0) throw this.#owner.errorOf(status);
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
      if (status !== NO_THREAD) throw this.#owner.errorOf(status);
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
    this.#owner.fail(error);
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

module.exports = { Changes };
