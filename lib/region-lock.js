/*
 * The lock of one object on its region (src/shm/lock.h): calls that block, calls that try, and a
 * queue of promises. A free lock is one call into C; a wait is a loop of short ones, so that
 * worker.terminate() and process.exit() act between two.
 *
 * What the thread of an asynchronous wait has won, C lends to synchronous calls of this object, and
 * takes away for those of others of this JS thread, which would else wait for themselves.
 */
'use strict';

const binding = require('./binding');
const { MmapipcError } = require('./errors');
const { LockGuard, deadlock } = require('./lock-guard');
const { LockQueue } = require('./lock-queue');
const { codeOf } = require('./report');

/* The two hot calls, which have no argument: the handle lies here. (By names of their own, as the
 * binding is an object of many properties.) */
const { regionLockTake, regionLockDrop } = binding;
const handleOfCall = new Float64Array(binding.regionLockMemory());

const SLICE = 20; /* ms of a native wait */
const RECOVERED = 2; /* MIPC_LOCK_RECOVERED */

class RegionLock {
  #handle;
  #owner; /* { object, what, errorOf(status), Guard?, onRecovered?() } */
  #Guard;
  #held = null; /* the LockGuard */
  #heldAsync = false;
  #queue;

  constructor(handle, owner) {
    this.#handle = handle;
    this.#owner = owner;
    this.#Guard = owner.Guard ?? LockGuard;
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

  tryLock() {
    if (this.#held !== null) return null;
    const status = this.tryNow(undefined, true);
    if (status > 0) return this.#hold(status, false);
    if (status === 0) return null;
    throw this.errorOf(status);
  }

  lock(request, timeout) {
    if (this.#held !== null) throw this.#ownDeadlock();
    handleOfCall[0] = this.#handle;
    const status = regionLockTake();
    if (status === undefined) {
      this.#heldAsync = false;
      return (this.#held = new this.#Guard(this, false));
    }
    return this.#hold(status > 0 ? status : this.#wait(status, timeout), false);
  }

  lockAsync(request, timeout, signal) {
    return this.#queue.push(request, timeout, signal);
  }

  /* Whether somebody awaits it. */
  get isAwaited() {
    return this.#queue.length !== 0;
  }

  get object() {
    return this.#owner.object;
  }

  /* For an operation of ours, whose guard no user sees: whoever locks next is told of a recovery. */
  lockQuietly(timeout) {
    return this.#untell(this.lock(undefined, timeout));
  }

  async lockQuietlyAsync(timeout) {
    return this.#untell(await this.lockAsync(undefined, timeout));
  }

  #untell(guard) {
    if (guard.recovered) binding.regionLockUntell(this.#handle);
    return guard;
  }

  /* Gives back what this guard took; does nothing for a guard whose lock is gone. */
  release(guard) {
    if (this.#held !== guard) return;
    this.#held = null;
    handleOfCall[0] = this.#handle;
    const status = regionLockDrop();
    this.#queue.resumeSoon();
    if (status !== undefined) throw this.errorOf(status);
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

  /* Why a synchronous call that needs the lock cannot have it. */
  deadlockError() {
    return this.#held === null
      ? deadlock('another object of this thread holds the lock')
      : this.#ownDeadlock();
  }

  /* An operation of C's (a set) was BUSY; `again()` is that operation, a slice long: its status. */
  persist(timeout, again) {
    return this.#repeat(timeout, again);
  }

  /* An operation of C's has found, and recovered, a dead owner. */
  tellRecovered() {
    this.#owner.onRecovered?.();
  }

  /* The steps of the queue. */

  tryNow(request, barge) {
    handleOfCall[0] = this.#handle;
    const status = regionLockTake();
    if (status === undefined) return 1;
    if (status !== 0 || !barge) return status;
    const now = binding.regionLockWait(this.#handle, 0, true);
    /* Another object of this thread has it: taken, for those who do not wait here. */
    return codeOf(now) === 'ERR_MMAPIPC_DEADLOCK' ? 0 : now;
  }

  begin() {
    return binding.regionLockBegin(this.#handle);
  }

  poll() {
    return this.#held === null ? binding.regionLockPoll(this.#handle) : 0;
  }

  cancel() {
    binding.regionLockCancel(this.#handle);
  }

  hold(request, status) {
    return this.#hold(status, true);
  }

  errorOf(status) {
    if (codeOf(status) === 'ERR_MMAPIPC_DEADLOCK') return this.deadlockError();
    return this.#owner.errorOf(status);
  }

  timeoutError(request, timeout) {
    const found = binding.regionLockHolder(this.#handle);
    const holder = typeof found === 'object' ? found : undefined;
    return new MmapipcError(
      'ERR_MMAPIPC_TIMEOUT',
      `the lock of ${this.#owner.what} was not free within ${timeout} ms${describe(holder)}`,
      { holder },
    );
  }

  #hold(status, isAsync) {
    this.#heldAsync = isAsync;
    const isRecovered = status === RECOVERED;
    this.#held = new this.#Guard(this, isRecovered);
    if (isRecovered && binding.regionLockRecovers(this.#handle)) this.tellRecovered();
    return this.#held;
  }

  /* > 0; `status`: of the first try. */
  #wait(status, timeout) {
    if (status < 0) throw this.errorOf(status);
    return this.#repeat(timeout, (ms, barge) => binding.regionLockWait(this.#handle, ms, barge));
  }

  #repeat(timeout, call) {
    const until = performance.now() + timeout;
    for (let rest = timeout; ; rest = until - performance.now()) {
      const ms = rest > 0 ? Math.ceil(Math.min(rest, SLICE)) : 0;
      const status = call(ms, timeout === 0);
      if (status > 0) return status;
      if (status === 0 && ms > 0) continue;
      binding.regionLockGiveUp(this.#handle);
      throw status < 0 ? this.errorOf(status) : this.timeoutError(undefined, timeout);
    }
  }

  #ownDeadlock() {
    return deadlock(
      this.#heldAsync
        ? 'a guard of lockAsync of this object holds the lock'
        : 'this object holds the lock already',
    );
  }
}

/* Of the holder, as far as the table of the region knows him. */
function describe(holder) {
  if (holder === undefined) return '';
  const { number, pid, thread, heldMs, alive } = holder;
  const who = pid === undefined ? `participant ${number}` : `process ${pid} (thread ${thread})`;
  return `; ${who} has held it for ${heldMs} ms${alive ? '' : ', and is dead'}`;
}

module.exports = { RegionLock };
