/*
 * getOrSetAsync(): a value that is missing is made once, by one caller of all processes. That caller has a
 * lease on the key (map/leases.js). The others wait; if the process of the lease dies, the next one takes
 * the lease over. All callers of this thread for one key share one making.
 */
'use strict';

const binding = require('../native/binding');
const { LONGEST_TIMER, clearTimeout, setTimeout } = require('../base/clock');
const { abortError } = require('../base/errors');
const { offAbort, onAbort } = require('../base/signals');
const { makeTimedOut, noResult } = require('./errors');
const leases = require('./leases');

/* Most ms between two looks at a key that another process makes. A lease that is given up is no change, and
 * nor is the death of its process. */
const PERIOD = 50;

class Makings {
  #table;
  #number; /* of this participant */
  #observer;
  #all = new Map(); /* key -> Set of callers */

  constructor(table, number, observer) {
    this.#table = table;
    this.#number = number;
    this.#observer = observer;
  }

  /* A promise of the value. `make()` runs if it is missing. */
  get(key, make, ttl, { timeout, signal }) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw abortError(signal);
      const value = this.#table.get(key);
      if (value !== undefined) {
        resolve(value);
        return;
      }
      const caller = { resolve, reject, signal, timer: undefined, onAbort: undefined };
      const callers = this.#all.get(key);
      this.#watch(key, caller, timeout);
      if (callers !== undefined && callers.isRunning) {
        callers.add(caller);
        return;
      }
      const fresh = new Set([caller]);
      fresh.isRunning = false; /* if it stays so, this call is unwound before the next line has begun */
      this.#all.set(key, fresh);
      this.#run(key, make, ttl, fresh);
    });
  }

  #watch(key, caller, timeout) {
    const { signal } = caller;
    const leave = (error) => {
      this.#all.get(key)?.delete(caller);
      release(caller);
      caller.reject(error);
    };
    if (timeout !== Infinity) {
      const late = () => leave(makeTimedOut(key, timeout));
      caller.timer = setTimeout(late, Math.min(timeout, LONGEST_TIMER));
    }
    if (signal === undefined) return;
    caller.onAbort = () => leave(abortError(signal));
    onAbort(signal, caller.onAbort);
  }

  #settle(key, callers, act) {
    if (this.#all.get(key) === callers) this.#all.delete(key);
    for (const caller of callers) {
      release(caller);
      act(caller);
    }
  }

  /* All but its first lines runs on a fresh stack, whose end no caller can be near. */
  async #run(key, make, ttl, callers) {
    callers.isRunning = true;
    await null;
    try {
      const made = await this.#find(key, make, ttl, callers);
      this.#settle(key, callers, (one) => one.resolve(made));
    } catch (error) {
      this.#settle(key, callers, (one) => one.reject(error));
    }
  }

  async #find(key, make, ttl, callers) {
    for (;;) {
      const value = this.#table.get(key);
      if (value !== undefined) return value;
      const version = this.#takeLease(key);
      if (version !== 0) return this.#make(key, make, ttl, version);
      await this.#observer.soon(() => this.#table.has(key), PERIOD);
      if (callers.size === 0) {
        /* Each has given up. A call that comes before this one has returned must not join. */
        if (this.#all.get(key) === callers) this.#all.delete(key);
        return undefined;
      }
    }
  }

  /* The version of a lease of this participant, or 0. */
  #takeLease(key) {
    const { version, isLease, number } = leases.look(this.#table, key);
    if (version !== 0 && (!isLease || this.#isMaking(number))) return 0;
    return leases.take(this.#table, key, version, this.#number);
  }

  /* This participant makes nothing for the key now: its lease is left from a call that was unwound. If
   * the kernel's answer is not known, the other one counts as alive. */
  #isMaking(number) {
    return number !== this.#number && binding.regionAlive(this.#table.handle, number) !== 0;
  }

  async #make(key, make, ttl, version) {
    const table = this.#table;
    let value;
    try {
      value = await make();
      if (value === undefined) throw noResult('getOrSetAsync', '');
      if (table.compareAndSet(key, version, value, ttl)) return value;
    } catch (error) {
      this.#giveUp(key, version);
      throw error;
    }
    /* A set() of any process wins over the lease. */
    const other = table.get(key);
    return other === undefined ? value : other;
  }

  #giveUp(key, version) {
    try {
      this.#table.deleteVersion(key, version);
    } catch {
      // closed: the lease is that of a dead participant; the error of make() matters more
    }
  }

  close(error) {
    for (const [key, callers] of [...this.#all]) {
      this.#settle(key, callers, (one) => one.reject(error));
      callers.clear();
    }
  }
}

function release({ timer, signal, onAbort: listener }) {
  clearTimeout(timer);
  if (listener !== undefined) offAbort(signal, listener);
}

module.exports = { Makings };
