/*
 * The parts that the lock of a file and the lock of a region share: the guard that holds the lock, the
 * queue of asynchronous acquisitions, and waits in slices. A subclass adds the calls into C.
 *
 * C knows whether the lock is held. A function of JS can be unwound wherever it calls another function
 * or loops (the end of the stack, the time limit of node:vm). So `guard` is set before the call of C
 * that takes the lock, and after that call there are only stores and returns. guard === null means that
 * no user holds the lock. Any other value is a hint, which `held` checks.
 *
 * The fields belong to this class and its subclasses; no other code uses them.
 */
'use strict';

const { now, sliceAfter } = require('../base/clock');
const { deadlock } = require('./guard');
const { LockQueue } = require('./queue');

class Lock {
  handle;
  owner; /* { errorOf(status), ... }; refers to the object, and so keeps it alive */
  guard = null; /* the LockGuard of the acquisition; a hint */
  isAsync = false; /* whether lockAsync() acquired it */
  queue;

  constructor(handle, owner) {
    this.handle = handle;
    this.owner = owner;
    this.queue = new LockQueue(handle, this);
  }

  /*
   * The calls into C of a subclass:
   *   isHeldInC()
   *   tryNow(request, barge): > 0 taken, 0 not taken, or a negative status
   *   pollInC(): the same, of the wait that begin() has started
   *   begin(request), cancel(): start and end the wait of the queue
   *   giveUp(): ends the wait of a synchronous call
   *   drop(): releases the lock; true if there was something to release
   * and prepare(request), which makes the guard; errorOf(status); timeoutError(request, timeout).
   */

  get held() {
    if (this.guard === null) return false;
    if (this.isHeldInC()) return true;
    this.guard = null;
    return false;
  }

  get heldAsync() {
    return this.isAsync && this.held;
  }

  get heldSync() {
    return !this.isAsync && this.held;
  }

  holds(guard) {
    return this.guard === guard && this.held;
  }

  /* A guard, or null if the lock is not free. */
  tryLock(request) {
    if (this.held) return null;
    const status = this.tryNow(request, true);
    if (status > 0) return this.hold(request, status);
    if (status === 0) return null;
    throw this.errorOf(status);
  }

  lockAsync(request, timeout, signal) {
    return this.queue.push(request, timeout, signal);
  }

  /* Releases the acquisition of this guard; does nothing for a guard that was released before. */
  release(guard) {
    if (this.guard === guard) this.drop();
  }

  /* Releases the acquisition of lock() or tryLock(). Returns false if this object holds none. */
  releaseSync() {
    return this.guard !== null && !this.isAsync && this.drop();
  }

  /* The object is being closed: waiting promises are rejected, and a held lock is released. */
  close(error) {
    this.queue.close(error);
    if (this.guard !== null) this.drop();
  }

  /* The error of a synchronous call while this object holds the lock. */
  ownDeadlock() {
    return deadlock(
      this.isAsync
        ? 'a guard of lockAsync of this object holds the lock'
        : 'this object holds the lock already',
    );
  }

  /* Calls `call(ms)`, which waits for `ms` at most, until it returns a status > 0, and returns that. A
   * negative status and the end of the timeout are thrown. */
  callInSlices(request, timeout, call) {
    const begin = now();
    const until = begin + timeout;
    for (let rest = timeout; ; rest = until - now()) {
      const ms = rest > 0 ? Math.ceil(Math.min(rest, sliceAfter(now() - begin))) : 0;
      const status = call(ms);
      if (status > 0) return status;
      if (status === 0 && ms > 0) continue;
      this.giveUp();
      throw status < 0 ? this.errorOf(status) : this.timeoutError(request, timeout);
    }
  }

  /* For the queue (lock/queue.js). */

  poll() {
    if (this.held) return 0;
    this.prepare(this.queue.first);
    const status = this.pollInC();
    if (status <= 0) this.guard = null;
    return status;
  }

  hold() {
    return this.guard;
  }

  /* The user of lockAsync() has the guard. Until then unlock() may release the lock. */
  given() {
    this.isAsync = true;
  }

  /* The operation has released the lock. */
  acted() {
    this.guard = null;
  }

  errorOf(status) {
    return this.owner.errorOf(status);
  }
}

module.exports = { Lock };
