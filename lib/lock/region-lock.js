/*
 * The lock of one object on its region (src/sync/lock.h): calls that block, calls that try, and a
 * queue of promises. A free lock is one call into C; a wait is a loop of short ones, so that
 * worker.terminate() and process.exit() act between two.
 *
 * C is the truth. A function of JS can be unwound wherever it enters another or loops (the end of the
 * stack, the time limit of node:vm), so #held is set before the call of C that takes the lock, and
 * after that call there are only stores and returns. #held === null means that no user holds it; any
 * other value is a hint, which `held` checks.
 *
 * What the thread of an asynchronous wait has won, C lends to synchronous calls of this object, and
 * takes away for those of others of this JS thread, which would else wait for themselves.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE, now } = require('../base/clock');
const { MmapipcError } = require('../base/errors');
const { HELD, LockGuard, RECOVERED, deadlock } = require('./guard');
const { LockQueue } = require('./queue');
const { codeOf } = require('../native/status');
const frame = require('../native/section-frame');

/* The two hot calls, which have no argument: the handle lies here. (By names of their own, as the
 * binding is an object of many properties.) */
const { regionLockTake, regionLockDrop, regionSection } = binding;
const handleOfCall = new Float64Array(binding.regionLockMemory());

const { BARGE, MS, STATUS, UPDATES, handles: handleOfSection, words: section } = frame;

const FROM_DEAD = binding.numbers.lock.RECOVERED;

/* For C, at the beginning of a section whose lock was a dead owner's. */
const recovered = (guard) => guard[HELD].tellGuard(guard);

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
    if (this.#held === null) return false;
    if (binding.regionLockHeld(this.#handle)) return true;
    this.#held = null;
    return false;
  }

  get heldAsync() {
    return this.#heldAsync && this.held;
  }

  get heldSync() {
    return !this.#heldAsync && this.held;
  }

  /* Whether to try an operation under the lock first; it may find that nothing is held. */
  get seemsHeldSync() {
    return this.#held !== null && !this.#heldAsync;
  }

  holds(guard) {
    return this.#held === guard && this.held;
  }

  tryLock() {
    if (this.held) return null;
    const status = this.tryNow(undefined, true);
    if (status > 0) return this.hold(undefined, status);
    if (status === 0) return null;
    throw this.errorOf(status);
  }

  lock(request, timeout) {
    if (this.#held !== null && this.held) throw this.#ownDeadlock();
    const guard = new this.#Guard(this);
    this.#heldAsync = false;
    this.#held = guard;
    handleOfCall[0] = this.#handle;
    const status = regionLockTake();
    return status === undefined ? guard : this.#lockSlowly(guard, status, timeout);
  }

  /* `status`: of the first try. */
  #lockSlowly(guard, status, timeout) {
    const got = status > 0 ? status : this.#wait(guard, status, timeout);
    if (got === FROM_DEAD) this.tellGuard(guard);
    return guard;
  }

  #wait(guard, status, timeout) {
    try {
      if (status < 0) throw this.errorOf(status);
      return this.#repeat(timeout, (ms, barge) => binding.regionLockWait(this.#handle, ms, barge));
    } catch (error) {
      if (this.#held === guard) this.#held = null;
      throw error;
    }
  }

  /* What body(guard) returns, which runs under the lock. C takes and releases it, whatever ends body.
   * `updates`: 1 for an update of a Share, no user is told of a recovery. */
  run(body, request, timeout, updates = 0) {
    if (this.#held !== null && this.held) throw this.#ownDeadlock();
    const guard = new this.#Guard(this);
    this.#heldAsync = false;
    this.#held = guard;
    try {
      const result = this.#section(body, guard, updates, 0, 0);
      return section[STATUS] === 1 ? result : this.#runSlowly(body, guard, timeout, updates);
    } finally {
      if (this.#held === guard) this.#held = null;
      this.#queue.resumeSoon();
    }
  }

  #section(body, guard, updates, ms, barge) {
    handleOfSection[0] = this.#handle;
    section[MS] = ms;
    section[BARGE] = barge;
    section[UPDATES] = updates;
    return regionSection(body, guard, recovered);
  }

  #runSlowly(body, guard, timeout, updates) {
    if (section[STATUS] < 0) throw this.errorOf(section[STATUS]);
    let result;
    this.#repeat(timeout, (ms, barge) => {
      result = this.#section(body, guard, updates, ms, barge ? 1 : 0);
      return section[STATUS];
    });
    return result;
  }

  /* The same of an update under the lock that the user holds. */
  runUpdate(body) {
    const result = binding.regionUpdate(this.#handle, body);
    const status = section[STATUS];
    if (status === 1) return result;
    throw codeOf(status) === 'ERR_MMAPIPC_DEADLOCK' ? inUpdateError() : this.errorOf(status);
  }

  lockAsync(request, timeout, signal) {
    return this.#queue.push(request, timeout, signal);
  }

  /* What act() returns, which runs as soon as the lock is acquired, and releases it in one call of C.
   * No user is told of a recovery. */
  actAsync(timeout, act) {
    return this.#queue.push(undefined, timeout, undefined, act);
  }

  /* Whether the queue is not empty. */
  get isAwaited() {
    return this.#queue.length !== 0;
  }

  get object() {
    return this.#owner.object;
  }

  /* Releases what this guard took; does nothing for a guard whose lock is gone. */
  release(guard) {
    if (this.#held === guard) this.#drop();
  }

  /* Releases what lock() or tryLock() took; false: this object holds nothing of that. */
  releaseSync() {
    return this.#held !== null && !this.#heldAsync && this.#drop();
  }

  /* Whether there was something to release. What waits here is told before, as nothing may run
   * afterwards. */
  #drop() {
    this.#queue.resumeSoon();
    handleOfCall[0] = this.#handle;
    const status = regionLockDrop();
    this.#held = null;
    if (status === undefined) return true;
    if (codeOf(status) === 'ERR_MMAPIPC_NOT_LOCKED') return false;
    throw this.errorOf(status);
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

  /* Why a synchronous call that needs the lock cannot have it. */
  deadlockError() {
    return this.held
      ? this.#ownDeadlock()
      : deadlock('another object of this thread holds the lock');
  }

  /* Of a set by the user that holds the lock. */
  updatingError() {
    return inUpdateError();
  }

  /* An operation of C's (a set) was BUSY; `again()` is that operation, a slice long: its status. */
  persist(timeout, again) {
    return this.#repeat(timeout, again);
  }

  /* An operation of C's has found, and recovered, a dead owner. */
  tellRecovered() {
    this.#owner.onRecovered?.();
  }

  tellGuard(guard) {
    guard[RECOVERED]();
    if (binding.regionLockRecovers(this.#handle)) this.tellRecovered();
  }

  /* The steps of the queue. */

  tryNow(request, barge) {
    this.#prepare();
    handleOfCall[0] = this.#handle;
    let status = regionLockTake();
    if (status === undefined) return 1;
    if (status === 0 && barge) status = binding.regionLockWait(this.#handle, 0, true);
    if (status > 0) return status;
    this.#held = null;
    /* Another object of this thread holds it: taken, for calls that do not wait here. */
    return barge && codeOf(status) === 'ERR_MMAPIPC_DEADLOCK' ? 0 : status;
  }

  begin() {
    return binding.regionLockBegin(this.#handle);
  }

  poll() {
    if (this.held) return 0;
    this.#prepare();
    const status = binding.regionLockPoll(this.#handle);
    if (status <= 0) this.#held = null;
    return status;
  }

  cancel() {
    binding.regionLockCancel(this.#handle);
  }

  hold(request, status) {
    const guard = this.#held;
    if (status === FROM_DEAD) this.tellGuard(guard);
    return guard;
  }

  /* The guard has been given to the user of lockAsync(). Until then unlock() may release it. */
  given() {
    this.#heldAsync = true;
  }

  /* The operation has released it. */
  acted() {
    this.#held = null;
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

  #prepare() {
    const guard = new this.#Guard(this);
    this.#heldAsync = false;
    this.#held = guard;
  }

  #repeat(timeout, call) {
    const until = now() + timeout;
    for (let rest = timeout; ; rest = until - now()) {
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

function inUpdateError() {
  return new MmapipcError(
    'ERR_MMAPIPC_DEADLOCK',
    'the function given to update() sets the value of the same object, which the result of the ' +
      'update would overwrite; return the new value instead',
  );
}

/* Of the holder, as far as it stands in the table of the region. */
function describe(holder) {
  if (holder === undefined) return '';
  const { number, pid, thread, heldMs, alive } = holder;
  const name = pid === undefined ? `participant ${number}` : `process ${pid} (thread ${thread})`;
  return `; ${name} has held it for ${heldMs} ms${alive ? '' : ', and is dead'}`;
}

module.exports = { RegionLock };
