/*
 * The lock methods of every class that can be locked. The subclass gives its lock and its defaults by
 * the two symbols below.
 */
'use strict';

const { MmapipcError, invalidReturn } = require('../base/errors');
const { abortSignal, boolean, callback, integer, options, timeoutOf } = require('../base/validate');

/* [LOCK]() of the subclass returns its lock (lock/file-lock.js, lock/region-lock.js), and [DEFAULTS]()
 * returns { whole, shared, timeout, ranges } and, with ranges, { size, base }. */
const LOCK = Symbol('lock');
const DEFAULTS = Symbol('lock defaults');

const SYNC_OPTIONS = ['timeout', 'shared', 'offset', 'length'];
const TRY_OPTIONS = SYNC_OPTIONS.filter((name) => name !== 'timeout');
const ASYNC_OPTIONS = [...SYNC_OPTIONS, 'signal'];
const NONE = Object.freeze({});

/* Base with the lock methods. */
const lockable = (Base) =>
  class extends Base {
    lock(opts) {
      const lock = this[LOCK]();
      const defaults = this[DEFAULTS]();
      if (opts === undefined) {
        return lock.lock(defaults.whole, defaults.timeout);
      }
      const { request, timeout } = interpret(opts, SYNC_OPTIONS, defaults);
      return lock.lock(request, timeout);
    }

    tryLock(opts) {
      const lock = this[LOCK]();
      const { request } = interpret(opts, TRY_OPTIONS, this[DEFAULTS]());
      return lock.tryLock(request);
    }

    unlock() {
      const lock = this[LOCK]();
      if (lock.releaseSync()) return;
      const why = lock.heldAsync
        ? 'the lock was acquired by lockAsync: release it with guard.release()'
        : 'this object does not hold the lock';
      throw new MmapipcError('ERR_MMAPIPC_NOT_LOCKED', why);
    }

    /* It does not use lock(), try and finally: a `finally` does not run after a stack overflow in it, or
     * after the time limit of node:vm or worker.terminate() has ended fn. */
    withLock(fn, opts) {
      callback(fn, 'The "fn" argument');
      const lock = this[LOCK]();
      const defaults = this[DEFAULTS]();
      const { request, timeout } =
        opts === undefined
          ? { request: defaults.whole, timeout: defaults.timeout }
          : interpret(opts, SYNC_OPTIONS, defaults);
      const result = lock.run(fn, request, timeout);
      if (typeof result?.then !== 'function') return result;
      throw invalidReturn('withLock', 'the lock is released before it settles; use withLockAsync');
    }

    lockAsync(opts) {
      try {
        const lock = this[LOCK]();
        const { request, timeout, signal } = interpret(opts, ASYNC_OPTIONS, this[DEFAULTS]());
        return lock.lockAsync(request, timeout, signal);
      } catch (error) {
        return Promise.reject(error);
      }
    }

    async withLockAsync(fn, opts) {
      callback(fn, 'The "fn" argument');
      const guard = await this.lockAsync(opts);
      try {
        return await fn(guard);
      } finally {
        guard.release();
      }
    }
  };

/* { request: { shared, offset, length, start }, timeout, signal }; length 0: the whole file. */
function interpret(given, known, defaults) {
  const opts = given === undefined ? NONE : options(given, known, 'The options object');
  const { shared = defaults.shared, timeout = defaults.timeout, signal } = opts;
  boolean(shared, 'The option "shared"');
  timeoutOf(timeout, 'The option "timeout"');
  abortSignal(signal);
  if (!defaults.ranges) {
    if (!shared && opts.offset === undefined && opts.length === undefined) {
      return { request: defaults.whole, timeout, signal };
    }
    throw new MmapipcError(
      'ERR_MMAPIPC_UNSUPPORTED',
      'a region has no shared locks and no locks of a range; leave out shared, offset and length',
    );
  }
  return { request: rangeOf(opts, shared, defaults), timeout, signal };
}

function rangeOf({ offset, length }, shared, { size, base }) {
  if (offset === undefined && length === undefined) {
    return { shared, offset: 0, length: 0, start: 0 };
  }
  const from = integer(offset ?? 0, 'The option "offset"', 0, size - 1);
  const n = integer(length ?? size - from, 'The option "length"', 1);
  const bytes = Math.min(n, size - from);
  return { shared, offset: from, length: bytes, start: base + from };
}

module.exports = { lockable, LOCK, DEFAULTS };
