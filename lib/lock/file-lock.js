/*
 * The lock of one object on its file: the steps of binding (take, begin, poll, cancel, drop) made
 * into calls that block, calls that try, and a queue of promises. One lock at a time for an object.
 *
 * As in lock/region-lock.js, #held is a hint, set before the lock is taken; C knows whether it is held.
 *
 * All objects of this thread on one file form a group. A synchronous call that finds the lock taken
 * asks it first: a lock held in this very thread would never be released while the thread waits.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE, now } = require('../base/clock');
const { MmapipcError } = require('../base/errors');
const { groupOf, join } = require('../native/file-groups');
const { LockGuard, deadlock } = require('./guard');
const { holderOf } = require('./holder');
const { LockQueue } = require('./queue');
const { STATUS, words: section } = require('../native/section-frame');
const { NO_THREAD } = require('../native/status');

const { fileSection } = binding;

const NAPS = 10; /* tries, 50 us apart, before a synchronous call sends a thread to wait */
const NAPS_PER_SLICE = 400; /* where no thread can be had */

function overlap(a, b) {
  if (a.shared && b.shared) return false;
  if (a.length === 0 || b.length === 0) return true;
  return a.start < b.start + b.length && b.start < a.start + a.length;
}

class FileLock {
  #handle;
  #file; /* { id: 'device:inode', path, errorOf(status) }, which keeps the owner alive */
  #group;
  #held = null; /* the LockGuard */
  #heldAsync = false;
  #request; /* of what is held */
  #queue;

  constructor(handle, file) {
    this.#handle = handle;
    this.#file = file;
    this.#group = groupOf(file.id);
    join(this.#group, this);
    this.#queue = new LockQueue(handle, this);
  }

  get held() {
    if (this.#held === null) return false;
    if (binding.fileLockHeld(this.#handle)) return true;
    this.#held = null;
    return false;
  }

  get heldAsync() {
    return this.#heldAsync && this.held;
  }

  get heldSync() {
    return !this.#heldAsync && this.held;
  }

  holds(guard) {
    return this.#held === guard && this.held;
  }

  /* A guard, or null when it is not free. */
  tryLock(request) {
    if (this.#held !== null && this.held) return null;
    if (this.#queue.length !== 0) this.#queue.suspend();
    try {
      const status = this.tryNow(request);
      if (status < 0) throw this.#file.errorOf(status);
      return status === 1 ? this.#held : null;
    } finally {
      if (this.#queue.length !== 0) this.#queue.resume();
    }
  }

  /* A guard; sleeps until then, or until `timeout` ms have passed. */
  lock(request, timeout) {
    if (this.#held !== null && this.held) throw deadlock('this object holds the lock already');
    if (this.#queue.length !== 0) this.#queue.suspend();
    const guard = this.#prepare(request);
    try {
      const status = this.#take(request, timeout > 0 ? NAPS : 0);
      if (status === 1) return guard;
      this.#wait(request, timeout, status, this.#steps(request));
      return guard;
    } catch (error) {
      if (this.#held === guard) this.#held = null;
      throw error;
    } finally {
      if (this.#queue.length !== 0) this.#queue.resume();
    }
  }

  /* What body(guard) returns, which runs under the lock. C takes and releases it, whatever ends body. */
  run(body, request, timeout) {
    if (this.#held !== null && this.held) throw deadlock('this object holds the lock already');
    if (this.#queue.length !== 0) this.#queue.suspend();
    const guard = this.#prepare(request);
    let result;
    const take = (naps) => {
      const { shared, offset, length } = request;
      result = fileSection(this.#handle, shared, naps, offset, length, body, guard);
      return section[STATUS];
    };
    const poll = (ms) => {
      result = binding.fileSectionPoll(this.#handle, ms, body, guard);
      return section[STATUS];
    };
    try {
      const status = take(timeout > 0 ? NAPS : 0);
      if (status !== 1) this.#wait(request, timeout, status, { take, poll });
      return result;
    } finally {
      if (this.#held === guard) this.#held = null;
      if (this.#queue.length !== 0) this.#queue.resume();
    }
  }

  lockAsync(request, timeout, signal) {
    return this.#queue.push(request, timeout, signal);
  }

  /* Releases what this guard took; does nothing for a guard whose lock is gone. */
  release(guard) {
    if (this.#held !== guard) return;
    this.#queue.resumeSoon();
    binding.lockDrop(this.#handle);
    this.#held = null;
  }

  /* Releases what lock() or tryLock() took; false: this object holds nothing of that. */
  releaseSync() {
    if (!this.heldSync) return false;
    this.releaseHeld();
    return true;
  }

  /* Whatever guard it was taken with. */
  releaseHeld() {
    if (this.#held !== null) this.release(this.#held);
  }

  /* The object is being closed: what waits is rejected, what is held is released. */
  close(error) {
    this.#queue.close(error);
    this.releaseHeld();
  }

  /* Whether this object holds what is wanted, so that a wait in this thread would never end. */
  conflicts(request) {
    return this.held && overlap(this.#request, request);
  }

  suspend() {
    this.#queue.suspend();
  }

  resume() {
    if (this.#queue.length !== 0) this.#queue.resume();
  }

  /* The steps of the queue. */

  tryNow(request) {
    this.#prepare(request);
    const status = this.#take(request, 0);
    if (status !== 1) this.#held = null;
    return status;
  }

  begin({ shared, offset, length }) {
    return binding.lockBegin(this.#handle, shared, offset, length, true);
  }

  poll() {
    if (this.held) return 0;
    this.#prepare(this.#queue.first);
    const status = binding.lockPoll(this.#handle, 0);
    if (status !== 1) this.#held = null;
    return status;
  }

  cancel() {
    binding.lockCancel(this.#handle);
  }

  hold() {
    return this.#held;
  }

  /* The guard has been given to the user of lockAsync(). Until then unlock() may release it. */
  given() {
    this.#heldAsync = true;
  }

  errorOf(status) {
    return this.#file.errorOf(status);
  }

  timeoutError({ shared, length }, timeout) {
    const holder = holderOf(this.#file.id, shared || length > 0);
    const who = holder === undefined ? '' : `; process ${holder.pid} holds it`;
    return new MmapipcError(
      'ERR_MMAPIPC_TIMEOUT',
      `the lock of ${this.#file.path ?? 'the file'} was not free within ${timeout} ms${who}`,
      { path: this.#file.path, holder },
    );
  }

  #prepare(request) {
    /* A lock of the kernel's is released with its holder, undetected: never recovered. */
    const guard = new LockGuard(this);
    this.#heldAsync = false;
    this.#request = request;
    return (this.#held = guard);
  }

  /* 1 taken, 0 not, or a negative status. */
  #take({ shared, offset, length }, naps) {
    const status =
      length === 0
        ? binding.lockTake(this.#handle, shared, naps)
        : binding.lockTake(this.#handle, shared, naps, offset, length);
    return status === undefined ? 1 : status;
  }

  #steps(request) {
    return {
      take: (naps) => this.#take(request, naps),
      poll: (ms) => binding.lockPoll(this.#handle, ms),
    };
  }

  #checkDeadlock(request) {
    for (const other of this.#others()) {
      if (other.conflicts(request)) {
        throw deadlock('another object of this thread holds the lock');
      }
    }
  }

  /* After a first try that was in vain. The others' asynchronous waits stop meanwhile: one of them
   * could win, and not be told of it while this thread sleeps. Unwound, the wait ends by itself. */
  #wait(request, timeout, status, steps) {
    if (status < 0) throw this.#file.errorOf(status);
    this.#checkDeadlock(request);
    const others = this.#others();
    for (const other of others) other.suspend();
    try {
      this.#waitLong(request, timeout, steps);
    } finally {
      for (const other of others) other.resume();
    }
  }

  #waitLong(request, timeout, steps) {
    const { shared, offset, length } = request;
    const until = now() + timeout;
    let begun = 0;
    if (timeout > 0) begun = binding.lockBegin(this.#handle, shared, offset, length, false);
    for (let rest = timeout; rest > 0; rest = until - now()) {
      let status = begun;
      if (begun === 0) status = steps.poll(Math.ceil(Math.min(rest, SLICE)));
      if (status === NO_THREAD) status = steps.take(NAPS_PER_SLICE);
      if (status === 1) return;
      if (status < 0) throw this.#file.errorOf(status);
    }
    binding.lockCancel(this.#handle);
    throw this.timeoutError(request, timeout);
  }

  #others() {
    return this.#group.members
      .map((ref) => ref.deref())
      .filter((other) => other !== undefined && other !== this);
  }
}

module.exports = { FileLock };
