/*
 * The lock of one object on its file: the steps of binding (take, begin, poll, cancel, drop) made
 * into calls that block, calls that try, and a queue of promises. One lock at a time for an object.
 *
 * All objects of this thread on one file form a group. A synchronous call that finds the lock taken
 * asks it first: a lock held in this very thread would never be released while the thread waits.
 */
'use strict';

const binding = require('./binding');
const { MmapipcError, abortError } = require('./errors');
const { holderOf } = require('./lock-holder');

const NAPS = 10; /* tries, 50 us apart, before a synchronous call sends a thread to wait */
const LONGEST_TIMER = 2 ** 31 - 1; /* ms; Node fires longer ones at once */
const SLICE = 20; /* ms of a native wait: worker.terminate() and process.exit() act between two */

/* handle -> FileLock with an asynchronous wait under way */
const waiting = new Map();
let noticesReady = false;

function onNotice(handle) {
  waiting.get(handle)?.onNotice();
}

/* Promises not settled yet keep the event loop running. */
let pending = 0;

function countPending(by) {
  pending += by;
  if (pending === 0 || (pending === 1 && by === 1)) binding.lockKeepAlive(pending > 0);
}

/*
 * A group: the FileLocks of this thread on one file, weakly, as one that holds the lock may be
 * collected. They find the group by 'device:inode' and keep it alive; what is gone, groups and
 * members, is forgotten in time.
 */
const groups = new Map(); /* id -> WeakRef to { members: [WeakRef], sweepAt } */
let sweepAt = 16;

function groupOf(id) {
  let group = groups.get(id)?.deref();
  if (group === undefined) {
    if (groups.size >= sweepAt) {
      for (const [key, ref] of groups) if (ref.deref() === undefined) groups.delete(key);
      sweepAt = Math.max(16, groups.size * 2);
    }
    group = { members: [], sweepAt: 16 };
    groups.set(id, new WeakRef(group));
  }
  return group;
}

function join(group, lock) {
  if (group.members.length >= group.sweepAt) {
    group.members = group.members.filter((ref) => ref.deref() !== undefined);
    group.sweepAt = Math.max(16, group.members.length * 2);
  }
  group.members.push(new WeakRef(lock));
}

function overlap(a, b) {
  if (a.shared && b.shared) return false;
  if (a.length === 0 || b.length === 0) return true;
  return a.start < b.start + b.length && b.start < a.start + a.length;
}

class LockGuard {
  #lock;

  constructor(lock) {
    this.#lock = lock;
  }

  /* A lock that the kernel keeps comes free with its holder, and says nothing of it. */
  get recovered() {
    return false;
  }

  release() {
    const lock = this.#lock;
    if (lock === null) return;
    this.#lock = null;
    lock.release(this);
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    this.release();
  }
}

class FileLock {
  #handle;
  #file; /* { id: 'device:inode', path, errorOf(status) }, which keeps the owner alive */
  #group;
  #held = null; /* the LockGuard */
  #heldAsync = false;
  #request; /* of what is held */
  #queue = []; /* of { request, timeout, resolve, reject, signal, timer, onAbort } */

  constructor(handle, file) {
    this.#handle = handle;
    this.#file = file;
    this.#group = groupOf(file.id);
    join(this.#group, this);
  }

  get held() {
    return this.#held !== null;
  }

  get heldAsync() {
    return this.#held !== null && this.#heldAsync;
  }

  get heldSync() {
    return this.#held !== null && !this.#heldAsync;
  }

  /* A guard, or null when it is not free. */
  tryLock(request) {
    if (this.#held !== null) return null;
    if (this.#queue.length !== 0) this.suspend();
    try {
      return this.#take(request, 0) ? this.#hold(request, false) : null;
    } finally {
      if (this.#queue.length !== 0) this.resume();
    }
  }

  /* A guard; sleeps until then, or until `timeout` ms have passed. */
  lock(request, timeout) {
    if (this.#held !== null) throw deadlock('this object holds the lock already');
    if (this.#queue.length !== 0) this.suspend();
    try {
      if (!this.#take(request, timeout > 0 ? NAPS : 0)) {
        this.#checkDeadlock(request);
        this.#wait(request, timeout);
      }
      return this.#hold(request, false);
    } finally {
      if (this.#queue.length !== 0) this.resume();
    }
  }

  lockAsync(request, timeout, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortError(signal));
        return;
      }
      if (timeout === 0 && (this.#held !== null || this.#queue.length !== 0)) {
        reject(this.#timeoutError(request, timeout));
        return;
      }
      if (!noticesReady) {
        const status = binding.lockNotices(onNotice);
        if (status < 0) throw this.#file.errorOf(status);
        noticesReady = true;
      }
      const entry = { request, timeout, resolve, reject, signal };
      if (timeout > 0 && timeout !== Infinity) {
        const giveUp = () => this.#giveUp(entry, this.#timeoutError(request, timeout));
        entry.timer = setTimeout(giveUp, Math.min(timeout, LONGEST_TIMER));
      }
      if (signal !== undefined) {
        entry.onAbort = () => this.#giveUp(entry, abortError(signal));
        signal.addEventListener('abort', entry.onAbort, { once: true });
      }
      countPending(1);
      this.#queue.push(entry);
      if (this.#queue.length === 1) this.resume();
    });
  }

  /* Gives back what this guard took; does nothing for a guard whose lock is gone. */
  release(guard) {
    if (this.#held !== guard) return;
    binding.lockDrop(this.#handle);
    this.#held = null;
    if (this.#queue.length !== 0) this.resume();
  }

  /* Whatever is held, in whosever hands its guard is. */
  releaseHeld() {
    if (this.#held !== null) this.#held.release();
  }

  /* The object is being closed: what waits is told, what is held is given back. */
  close(error) {
    this.suspend();
    const entries = this.#queue;
    this.#queue = [];
    for (const entry of entries) this.#settle(entry).reject(error);
    this.releaseHeld();
  }

  onNotice() {
    const status = binding.lockPoll(this.#handle, 0);
    if (status === 0) return; /* of a wait that was stopped since */
    waiting.delete(this.#handle);
    const entry = this.#queue.shift();
    this.#finish(entry, status);
    this.resume();
  }

  /* Whether this object holds what is wanted, so that a wait in this thread would never end. */
  conflicts(request) {
    return this.#held !== null && overlap(this.#request, request);
  }

  /* Stops the asynchronous wait under way; its entry stays first in the queue. */
  suspend() {
    if (!waiting.has(this.#handle)) return;
    binding.lockCancel(this.#handle);
    waiting.delete(this.#handle);
  }

  /* Lets the first of the queue try, or wait. */
  resume() {
    while (this.#held === null && this.#queue.length > 0 && !waiting.has(this.#handle)) {
      const entry = this.#queue[0];
      let status = this.#tryNow(entry.request, 0);
      if (status === 0 && entry.timeout > 0) {
        status = this.#begin(entry);
        if (status === 0) return;
      }
      this.#queue.shift();
      this.#finish(entry, status);
    }
  }

  #take(request, naps) {
    const status = this.#tryNow(request, naps);
    if (status < 0) throw this.#file.errorOf(status);
    return status === 1;
  }

  /* 1 taken, 0 not, or a negative status. */
  #tryNow({ shared, offset, length }, naps) {
    const status =
      length === 0
        ? binding.lockTake(this.#handle, shared, naps)
        : binding.lockTake(this.#handle, shared, naps, offset, length);
    return status === undefined ? 1 : status;
  }

  #hold(request, isAsync) {
    this.#heldAsync = isAsync;
    this.#request = request;
    return (this.#held = new LockGuard(this));
  }

  #checkDeadlock(request) {
    for (const other of this.#others()) {
      if (other.conflicts(request)) {
        throw deadlock('another object of this thread holds the lock');
      }
    }
  }

  /* The others' asynchronous waits stop meanwhile: one of them could win, and not be told of it
   * while this thread sleeps. */
  #wait(request, timeout) {
    const { shared, offset, length } = request;
    const others = this.#others();
    for (const other of others) other.suspend();
    try {
      const until = performance.now() + timeout;
      if (timeout > 0) {
        const status = binding.lockBegin(this.#handle, shared, offset, length, false);
        if (status < 0) throw this.#file.errorOf(status);
      }
      for (let rest = timeout; rest > 0; rest = until - performance.now()) {
        const status = binding.lockPoll(this.#handle, Math.ceil(Math.min(rest, SLICE)));
        if (status < 0) throw this.#file.errorOf(status);
        if (status === 1) return;
      }
      binding.lockCancel(this.#handle);
      throw this.#timeoutError(request, timeout);
    } finally {
      for (const other of others) other.resume();
    }
  }

  #begin({ request: { shared, offset, length } }) {
    const status = binding.lockBegin(this.#handle, shared, offset, length, true);
    if (status === 0) waiting.set(this.#handle, this);
    return status;
  }

  #finish(entry, status) {
    this.#settle(entry);
    if (status === 1) entry.resolve(this.#hold(entry.request, true));
    else if (status === 0) entry.reject(this.#timeoutError(entry.request, entry.timeout));
    else entry.reject(this.#file.errorOf(status));
  }

  #settle(entry) {
    countPending(-1);
    clearTimeout(entry.timer);
    entry.signal?.removeEventListener('abort', entry.onAbort);
    return entry;
  }

  #giveUp(entry, error) {
    const at = this.#queue.indexOf(entry);
    if (at < 0) return;
    if (at === 0) this.suspend();
    this.#queue.splice(at, 1);
    this.#settle(entry).reject(error);
    this.resume();
  }

  #others() {
    return this.#group.members
      .map((ref) => ref.deref())
      .filter((other) => other !== undefined && other !== this);
  }

  #timeoutError({ shared, length }, timeout) {
    const holder = holderOf(this.#file.id, shared || length > 0);
    const who = holder === undefined ? '' : `; process ${holder.pid} holds it`;
    return new MmapipcError(
      'ERR_MMAPIPC_TIMEOUT',
      `the lock of ${this.#file.path ?? 'the file'} was not free within ${timeout} ms${who}`,
      { path: this.#file.path, holder },
    );
  }
}

function deadlock(why) {
  return new MmapipcError(
    'ERR_MMAPIPC_DEADLOCK',
    `${why}, and could not release it while the thread waits; release it first, or use lockAsync`,
  );
}

module.exports = { FileLock };
