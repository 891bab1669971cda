/*
 * The lock of one object on its file (src/sync/filelock.h). An object holds one acquisition at a time.
 *
 * All objects of this thread on one file form a group (native/file-groups.js). A synchronous call that
 * finds the lock taken asks the group first: an acquisition of this thread is never released while the
 * thread waits.
 */
'use strict';

const binding = require('../native/binding');
const { MmapipcError } = require('../base/errors');
const { groupOf, join } = require('../native/file-groups');
const { LockGuard, deadlock } = require('./guard');
const { holderOf } = require('./holder');
const { Lock } = require('./lock');
const { STATUS, words: section } = require('../native/section-frame');
const { NO_THREAD } = require('../native/status');

const { fileSection } = binding;

const NAPS = 10; /* tries, 50 us apart, before a synchronous call starts a thread that waits */
const NAPS_PER_SLICE = 400; /* where no thread can be started */

function overlap(a, b) {
  if (a.shared && b.shared) return false;
  if (a.length === 0 || b.length === 0) return true;
  return a.start < b.start + b.length && b.start < a.start + a.length;
}

class FileLock extends Lock {
  #group;
  #request; /* of the acquisition */

  /* `owner`: { id: 'device:inode', path, errorOf(status) } */
  constructor(handle, owner) {
    super(handle, owner);
    this.#group = groupOf(owner.id);
    join(this.#group, this);
  }

  tryLock(request) {
    if (this.queue.length === 0) return super.tryLock(request);
    this.queue.suspend();
    try {
      return super.tryLock(request);
    } finally {
      this.resume();
    }
  }

  /* A guard; waits for `timeout` ms at most. */
  lock(request, timeout) {
    if (this.guard !== null && this.held) throw this.ownDeadlock();
    if (this.queue.length !== 0) this.queue.suspend();
    const guard = this.prepare(request);
    try {
      const status = this.#take(request, timeout > 0 ? NAPS : 0);
      if (status === 1) return guard;
      this.#wait(request, timeout, status, {
        take: (naps) => this.#take(request, naps),
        poll: (ms) => binding.lockPoll(this.handle, ms),
      });
      return guard;
    } catch (error) {
      if (this.guard === guard) this.guard = null;
      throw error;
    } finally {
      this.resume();
    }
  }

  /* The result of body(guard), which runs under the lock. C takes the lock, and releases it however
   * body ends. */
  run(body, request, timeout) {
    if (this.guard !== null && this.held) throw this.ownDeadlock();
    if (this.queue.length !== 0) this.queue.suspend();
    const guard = this.prepare(request);
    let result;
    const take = (naps) => {
      const { shared, offset, length } = request;
      result = fileSection(this.handle, shared, naps, offset, length, body, guard);
      return section[STATUS];
    };
    const poll = (ms) => {
      result = binding.fileSectionPoll(this.handle, ms, body, guard);
      return section[STATUS];
    };
    try {
      const status = take(timeout > 0 ? NAPS : 0);
      if (status !== 1) this.#wait(request, timeout, status, { take, poll });
      return result;
    } finally {
      if (this.guard === guard) this.guard = null;
      this.resume();
    }
  }

  releaseSync() {
    return this.heldSync && super.releaseSync();
  }

  drop() {
    this.queue.resumeSoon();
    binding.lockDrop(this.handle);
    this.guard = null;
    return true;
  }

  isHeldInC() {
    return binding.fileLockHeld(this.handle);
  }

  /* For the other locks of the group, which may be of another copy of this package. */

  /* Whether this object holds an acquisition that excludes the request. */
  conflicts(request) {
    return this.held && overlap(this.#request, request);
  }

  suspend() {
    this.queue.suspend();
  }

  resume() {
    if (this.queue.length !== 0) this.queue.resume();
  }

  /* For the queue. */

  tryNow(request) {
    this.prepare(request);
    const status = this.#take(request, 0);
    if (status !== 1) this.guard = null;
    return status;
  }

  begin({ shared, offset, length }) {
    return binding.lockBegin(this.handle, shared, offset, length, true);
  }

  pollInC() {
    return binding.lockPoll(this.handle, 0);
  }

  cancel() {
    binding.lockCancel(this.handle);
  }

  giveUp() {
    this.cancel();
  }

  timeoutError({ shared, length }, timeout) {
    const { id, path } = this.owner;
    const holder = holderOf(id, shared || length > 0);
    const by = holder === undefined ? '' : `; process ${holder.pid} holds it`;
    return new MmapipcError(
      'ERR_MMAPIPC_TIMEOUT',
      `the lock of ${path ?? 'the file'} was not free within ${timeout} ms${by}`,
      { path, holder },
    );
  }

  /* The kernel releases a file lock when its holder dies, and does not report it: such a guard is
   * never marked as recovered. */
  prepare(request) {
    const guard = new LockGuard(this);
    this.isAsync = false;
    this.#request = request;
    return (this.guard = guard);
  }

  /* 1 taken, 0 not taken, or a negative status. */
  #take({ shared, offset, length }, naps) {
    const status =
      length === 0
        ? binding.lockTake(this.handle, shared, naps)
        : binding.lockTake(this.handle, shared, naps, offset, length);
    return status === undefined ? 1 : status;
  }

  /* After a first try that did not take the lock. The asynchronous waits of the other objects stop
   * meanwhile: one could win, and would learn of it only after this wait. C ends a wait that is unwound. */
  #wait(request, timeout, status, steps) {
    if (status < 0) throw this.errorOf(status);
    const others = this.#others();
    for (const other of others) {
      if (other.conflicts(request)) {
        throw deadlock('another object of this thread holds the lock');
      }
    }
    for (const other of others) other.suspend();
    try {
      this.#waitLong(request, timeout, steps);
    } finally {
      for (const other of others) other.resume();
    }
  }

  #waitLong(request, timeout, { take, poll }) {
    const { shared, offset, length } = request;
    let begun = 0;
    if (timeout > 0) begun = binding.lockBegin(this.handle, shared, offset, length, false);
    this.callInSlices(request, timeout, (ms) => {
      if (ms === 0) return 0;
      const status = begun === 0 ? poll(ms) : begun;
      return status === NO_THREAD ? take(NAPS_PER_SLICE) : status;
    });
  }

  #others() {
    return this.#group.members
      .map((ref) => ref.deref())
      .filter((other) => other !== undefined && other !== this);
  }
}

module.exports = { FileLock };
