/*
 * The lock of one object on its file: the steps of binding (take, begin, poll, cancel, drop) made
 * into calls that block, calls that try, and a queue of promises. One lock at a time for an object.
 *
 * All objects of this thread on one file form a group. A synchronous call that finds the lock taken
 * asks it first: a lock held in this very thread would never be released while the thread waits.
 */
'use strict';

const binding = require('./binding');
const { MmapipcError } = require('./errors');
const { LockGuard, deadlock } = require('./lock-guard');
const { holderOf } = require('./lock-holder');
const { LockQueue } = require('./lock-queue');

const NAPS = 10; /* tries, 50 us apart, before a synchronous call sends a thread to wait */
const SLICE = 20; /* ms of a native wait: worker.terminate() and process.exit() act between two */

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
    if (this.#queue.length !== 0) this.#queue.suspend();
    try {
      return this.#take(request, 0) ? this.#hold(request, false) : null;
    } finally {
      if (this.#queue.length !== 0) this.#queue.resume();
    }
  }

  /* A guard; sleeps until then, or until `timeout` ms have passed. */
  lock(request, timeout) {
    if (this.#held !== null) throw deadlock('this object holds the lock already');
    if (this.#queue.length !== 0) this.#queue.suspend();
    try {
      if (!this.#take(request, timeout > 0 ? NAPS : 0)) {
        this.#checkDeadlock(request);
        this.#wait(request, timeout);
      }
      return this.#hold(request, false);
    } finally {
      if (this.#queue.length !== 0) this.#queue.resume();
    }
  }

  lockAsync(request, timeout, signal) {
    return this.#queue.push(request, timeout, signal);
  }

  /* Gives back what this guard took; does nothing for a guard whose lock is gone. */
  release(guard) {
    if (this.#held !== guard) return;
    binding.lockDrop(this.#handle);
    this.#held = null;
    this.#queue.resumeSoon();
  }

  /* Whatever is held, in whosever hands its guard is. */
  releaseHeld() {
    if (this.#held !== null) this.#held.release();
  }

  /* The object is being closed: what waits is told, what is held is given back. */
  close(error) {
    this.#queue.close(error);
    this.releaseHeld();
  }

  /* Whether this object holds what is wanted, so that a wait in this thread would never end. */
  conflicts(request) {
    return this.#held !== null && overlap(this.#request, request);
  }

  suspend() {
    this.#queue.suspend();
  }

  resume() {
    if (this.#queue.length !== 0) this.#queue.resume();
  }

  /* The steps of the queue. */

  tryNow(request) {
    return this.#tryNow(request, 0);
  }

  begin({ shared, offset, length }) {
    return binding.lockBegin(this.#handle, shared, offset, length, true);
  }

  poll() {
    return binding.lockPoll(this.#handle, 0);
  }

  cancel() {
    binding.lockCancel(this.#handle);
  }

  hold(request) {
    return this.#hold(request, true);
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
    /* A lock that the kernel keeps comes free with its holder, and says nothing of it. */
    return (this.#held = new LockGuard(this, false));
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
      throw this.timeoutError(request, timeout);
    } finally {
      for (const other of others) other.resume();
    }
  }

  #others() {
    return this.#group.members
      .map((ref) => ref.deref())
      .filter((other) => other !== undefined && other !== this);
  }
}

module.exports = { FileLock };
