/*
 * The lock of one object on its region (src/sync/lock.h). Taking a free lock is one call into C. A wait
 * is a loop of short calls, so that worker.terminate() and process.exit() take effect between two.
 *
 * A lock that the thread of an asynchronous wait has won is lent by C to synchronous calls of this
 * object. C takes it away for synchronous calls of other objects of this JS thread, because they would
 * wait for their own thread otherwise.
 */
'use strict';

const binding = require('../native/binding');
const { MmapipcError } = require('../base/errors');
const { HELD, LockGuard, RECOVERED, deadlock } = require('./guard');
const { Lock } = require('./lock');
const { openBell } = require('../native/bell');
const { codeOf } = require('../native/status');
const frame = require('../native/section-frame');

/* The two hot calls have no argument: they find the handle in `handleOfCall`. Constants of this module
 * are faster than properties of the binding, an object with many properties. */
const { regionLockTake, regionLockDrop, regionSection } = binding;
const handleOfCall = new Float64Array(binding.regionLockMemory());

const { BARGE, MS, STATUS, UPDATES, handles: handleOfSection, words: section } = frame;

const FROM_DEAD = binding.numbers.lock.RECOVERED;

/* C calls it at the beginning of a section whose lock was recovered from a dead owner. */
const recovered = (guard) => guard[HELD].markRecovered(guard);

class RegionLock extends Lock {
  #Guard;
  #bell; /* rings when the lock is released; undefined: not open */
  #isRung = false;
  #ofBell = {
    heard: () => {
      this.#isRung = true;
      this.queue.resume();
      this.#isRung = false;
      this.#listen();
    },
    failed: () => this.#dropBell(),
  };

  /* `owner`: { object, what, errorOf(status), Guard?, onRecovered?() } */
  constructor(handle, owner) {
    super(handle, owner);
    this.#Guard = owner.Guard ?? LockGuard;
  }

  /* Whether an operation tries first as if the lock were held; it may find that it is not. */
  get seemsHeldSync() {
    return this.guard !== null && !this.isAsync;
  }

  /* A guard; waits for `timeout` ms at most. */
  lock(request, timeout) {
    if (this.guard !== null && this.held) throw this.ownDeadlock();
    const guard = new this.#Guard(this);
    this.isAsync = false;
    this.guard = guard;
    handleOfCall[0] = this.handle;
    const status = regionLockTake();
    return status === undefined ? guard : this.#lockSlowly(guard, status, timeout);
  }

  /* `status`: of the first try. */
  #lockSlowly(guard, status, timeout) {
    const got = status > 0 ? status : this.#wait(guard, status, timeout);
    if (got === FROM_DEAD) this.markRecovered(guard);
    return guard;
  }

  #wait(guard, status, timeout) {
    const barge = timeout === 0;
    try {
      if (status < 0) throw this.errorOf(status);
      return this.callInSlices(undefined, timeout, (ms) =>
        binding.regionLockWait(this.handle, ms, barge),
      );
    } catch (error) {
      if (this.guard === guard) this.guard = null;
      throw error;
    }
  }

  /* The result of body(guard), which runs under the lock. C takes the lock, and releases it however
   * body ends. `updates`: 1 for an update of a Share, which leaves the recovery flag as it is. */
  run(body, request, timeout, updates = 0) {
    if (this.guard !== null && this.held) throw this.ownDeadlock();
    const guard = new this.#Guard(this);
    this.isAsync = false;
    this.guard = guard;
    try {
      const result = this.#section(body, guard, updates, 0, 0);
      return section[STATUS] === 1 ? result : this.#runSlowly(body, guard, timeout, updates);
    } finally {
      if (this.guard === guard) this.guard = null;
      this.queue.resumeSoon();
    }
  }

  #section(body, guard, updates, ms, barge) {
    handleOfSection[0] = this.handle;
    section[MS] = ms;
    section[BARGE] = barge;
    section[UPDATES] = updates;
    return regionSection(body, guard, recovered);
  }

  #runSlowly(body, guard, timeout, updates) {
    if (section[STATUS] < 0) throw this.errorOf(section[STATUS]);
    const barge = timeout === 0 ? 1 : 0;
    let result;
    this.callInSlices(undefined, timeout, (ms) => {
      result = this.#section(body, guard, updates, ms, barge);
      return section[STATUS];
    });
    return result;
  }

  /* The result of body(), an update under the lock that the user holds. */
  runUpdate(body) {
    const result = binding.regionUpdate(this.handle, body);
    const status = section[STATUS];
    if (status === 1) return result;
    throw codeOf(status) === 'ERR_MMAPIPC_DEADLOCK' ? inUpdateError() : this.errorOf(status);
  }

  /* A promise of the result of act(), which runs as soon as the lock is acquired, and releases it in one
   * call of C. It leaves the recovery flag as it is. */
  actAsync(timeout, act) {
    return this.queue.push(undefined, timeout, undefined, act);
  }

  /* Whether the queue is not empty. */
  get isAwaited() {
    return this.queue.length !== 0;
  }

  get object() {
    return this.owner.object;
  }

  /* The queue is resumed first, because no code may run after the release. */
  drop() {
    this.queue.resumeSoon();
    handleOfCall[0] = this.handle;
    const status = regionLockDrop();
    this.guard = null;
    if (status === undefined) return true;
    if (codeOf(status) === 'ERR_MMAPIPC_NOT_LOCKED') return false;
    throw this.errorOf(status);
  }

  isHeldInC() {
    return binding.regionLockHeld(this.handle);
  }

  /* The error of a synchronous call that needs the lock and cannot acquire it. */
  deadlockError() {
    return this.held
      ? this.ownDeadlock()
      : deadlock('another object of this thread holds the lock');
  }

  /* The error of a set() within the function of update(), by the user that holds the lock. */
  updatingError() {
    return inUpdateError();
  }

  /* An operation of C has recovered the lock from a dead owner. */
  reportRecovery() {
    this.owner.onRecovered?.();
  }

  markRecovered(guard) {
    guard[RECOVERED]();
    if (binding.regionLockRecovers(this.handle)) this.reportRecovery();
  }

  /* For the queue. */

  tryNow(request, barge) {
    this.prepare();
    handleOfCall[0] = this.handle;
    let status = regionLockTake();
    if (status === undefined) return 1;
    if (status === 0 && barge) status = binding.regionLockWait(this.handle, 0, true);
    if (status > 0) return status;
    this.guard = null;
    /* Another object of this thread holds the lock: for a call that does not wait, it is not free. */
    return barge && codeOf(status) === 'ERR_MMAPIPC_DEADLOCK' ? 0 : status;
  }

  /* The thread of the wait sends a wake-up. The bell is sooner, if it rings. */
  begin() {
    const status = binding.regionLockBegin(this.handle);
    if (status !== 0) return status;
    this.#bell ??= openBell(this.handle, this.#ofBell);
    this.#bell?.use(true);
    this.#listen();
    return status;
  }

  #listen() {
    if (this.#bell !== undefined && this.isAwaited) binding.regionLockListen(this.handle);
  }

  #dropBell() {
    this.#bell?.close();
    this.#bell = undefined;
  }

  pollInC() {
    const { regionLockHear, regionLockPoll } = binding;
    const status = this.#isRung ? regionLockHear(this.handle) : regionLockPoll(this.handle);
    if (status !== 0) this.#bell?.use(false);
    return status;
  }

  cancel() {
    this.#bell?.use(false);
    binding.regionLockCancel(this.handle);
  }

  close(error) {
    super.close(error);
    this.#dropBell();
  }

  giveUp() {
    binding.regionLockGiveUp(this.handle);
  }

  hold(request, status) {
    const { guard } = this;
    if (status === FROM_DEAD) this.markRecovered(guard);
    return guard;
  }

  errorOf(status) {
    if (codeOf(status) === 'ERR_MMAPIPC_DEADLOCK') return this.deadlockError();
    return super.errorOf(status);
  }

  timeoutError(request, timeout) {
    const found = binding.regionLockHolder(this.handle);
    const holder = typeof found === 'object' ? found : undefined;
    return new MmapipcError(
      'ERR_MMAPIPC_TIMEOUT',
      `the lock of ${this.owner.what} was not free within ${timeout} ms${describe(holder)}`,
      { holder },
    );
  }

  prepare() {
    const guard = new this.#Guard(this);
    this.isAsync = false;
    this.guard = guard;
  }
}

function inUpdateError() {
  return new MmapipcError(
    'ERR_MMAPIPC_DEADLOCK',
    'the function given to update() sets the value of the same object, which the result of the ' +
      'update would overwrite; return the new value instead',
  );
}

/* The holder in words, if the table of the region names it. */
function describe(holder) {
  if (holder === undefined) return '';
  const { number, pid, thread, heldMs, alive } = holder;
  const name = pid === undefined ? `participant ${number}` : `process ${pid} (thread ${thread})`;
  return `; ${name} has held it for ${heldMs} ms${alive ? '' : ', and is dead'}`;
}

module.exports = { RegionLock };
