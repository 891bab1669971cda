/*
 * Class Share: one structured value for all processes and threads that attach to it. This file has the
 * methods and checks their arguments. codec/codec.js turns a value into bytes, share/value.js stores and
 * reads them through C, and src/shm/cell.h describes how they stay whole.
 */
'use strict';

const os = require('node:os');
const util = require('node:util');

const binding = require('../native/binding');
const { ChangeEmitter, LISTENING } = require('../base/emitter');
const { nextTick } = require('../base/clock');
const { freeze } = require('../codec/codec');
const { MmapipcError } = require('../base/errors');
const { DEFAULTS, LOCK, lockable } = require('../lock/methods');
const { jsonOf, regionOf, shownFields } = require('../region/region');
const { staleError } = require('../region/errors');
const { RegionLock } = require('../lock/region-lock');
const { attachOptions, describe, openOptions } = require('../region/options');
const { closedError, codeOf, errorOf, field, readOnlyLockError } = require('../native/status');
const { DISPOSE, use } = require('../base/dispose');
const { Changes } = require('../native/changes');
const { StaleWatch } = require('../region/stale-watch');
const { ShareGuard, VALUE } = require('./guard');
const { openWhole } = require('./open');
const { EXISTING, interpret } = require('./options');
const { noResult, update } = require('./update');
const { VERSION, doubles } = require('./memory');
const { Value } = require('./value');
const { Watch } = require('../native/watch');
const { abortSignal, callback, integer, options, timeoutOf } = require('../base/validate');

const CLOSED = -1;
const { IN_PLACE, LOST } = binding.numbers.whereabouts;
const WARNING = { type: 'MmapipcWarning', code: 'MMAPIPC_NOT_OBSERVED' };

/* The indices of the two words of a version. */
const LOW = os.endianness() === 'LE' ? 0 : 1;
const HIGH = 1 - LOW;
const NO_WORDS = new Uint32Array(2);
const UNKNOWN = -1; /* no word has this value */

/* structuredClone and postMessage refuse a symbol, and print it in their error. */
const NOT_CLONEABLE = Symbol(
  'A Share cannot be posted to another thread: post its .handle or .name and open that there. It',
);

class Share extends lockable(ChangeEmitter) {
  #handle = CLOSED;
  #spec;
  #capacity;
  #region;
  #value; /* Value */
  #lock; /* RegionLock; undefined: attached read-only */
  #lockDefaults;
  #changes;
  #staleWatch = new StaleWatch(this, () =>
    binding.regionWhereabouts(this.#handle) === LOST ? staleError(this.#spec) : undefined,
  );
  #words = NO_WORDS; /* the version in shared memory; NO_WORDS where the runtime cannot show it */
  #low = UNKNOWN; /* of the version of #peeked */
  #high = UNKNOWN;
  #peeked;

  constructor(capacity, opts) {
    super();
    /* Or the error of postMessage would name the listeners, and not NOT_CLONEABLE. */
    Object.defineProperty(this, '_events', { enumerable: false });
    this['[mmapipc]'] = NOT_CLONEABLE;
    const spec = interpret(capacity, opts);
    const [handle, isUnclean] = openWhole(this, spec, Share.open);
    this.#handle = handle;
    this.#spec = spec;
    this.#capacity = Number(field('capacity'));
    this.#region = regionOf(this, handle, spec);
    this.#lockDefaults = { whole: undefined, shared: false, timeout: spec.timeout, ranges: false };
    if (!spec.attachReadOnly) this.#lock = this.#makeLock();
    this.#value = new Value(handle, { ...spec, capacity: this.#capacity }, this.#lock, this);
    const window = binding.window(handle, binding.layout.region.fields.cell_commit.offset, 8, true);
    if (typeof window !== 'number') this.#words = new Uint32Array(window);
    this.#changes = new Changes(handle, {
      version: () => this.version,
      listen: (known) => this.#listen(known),
      errorOf: (status) => this.#errorOf(status),
      emit: (version, before, isRing) => {
        if (isRing) this.emit('change', version);
        else this.#emitSoon('change', version);
      },
      fail: (error) => this.#emitFailure(error),
      timeoutError,
      stop: () => {},
    });
    if (isUnclean) this.#verify();
  }

  static with(...args) {
    const fn = args.pop();
    callback(fn, 'The "fn" argument');
    return use(new Share(...args), fn);
  }

  static attach(handle, opts) {
    return new Share(EXISTING, attachOptions(handle, opts));
  }

  static open(opts) {
    return new Share(EXISTING, openOptions(opts, 'path'));
  }

  get capacity() {
    return this.#capacity;
  }

  get codec() {
    return this.#spec.codec.name;
  }

  get handle() {
    return this.#region.handle;
  }

  get name() {
    return this.#region.name;
  }

  get path() {
    return this.#region.path;
  }

  toJSON() {
    return jsonOf(this);
  }

  get readOnly() {
    return this.#spec.attachReadOnly;
  }

  get stale() {
    return this.#handle !== CLOSED && binding.regionWhereabouts(this.#handle) !== IN_PLACE;
  }

  get closed() {
    return this.#handle === CLOSED;
  }

  get version() {
    return this.#value.look().version;
  }

  get byteLength() {
    return this.#value.look().byteLength;
  }

  set(value) {
    return this.#value.set(value);
  }

  setAsync(value) {
    return this.#promise(() => this.#value.setAsync(value));
  }

  get() {
    return this.#value.get();
  }

  peek() {
    const now = this.#words;
    if (Atomics.load(now, HIGH) === this.#high && Atomics.load(now, LOW) === this.#low) {
      return this.#peeked;
    }
    return this.#peek();
  }

  /* Plain objects and arrays are decoded once per version. They are frozen, because all callers share
   * them. The result of a custom codec may be an object that the user owns, and is not frozen. */
  #peek() {
    const value = this.#value.get();
    if (this.#words === NO_WORDS || this.codec === 'custom' || !freeze(value)) return value;
    const { version } = this.#value;
    this.#low = version % 2 ** 32;
    this.#high = Math.floor(version / 2 ** 32);
    return (this.#peeked = value);
  }

  update(fn) {
    callback(fn, 'The "fn" argument');
    const lock = this.#locking();
    if (lock.heldAsync) throw lock.deadlockError();
    const body = () => update(this.#value, fn);
    return lock.heldSync ? lock.runUpdate(body) : lock.run(body, undefined, this.#spec.timeout, 1);
  }

  updateAsync(fn) {
    return this.#promise(async () => {
      callback(fn, 'The "fn" argument');
      this.#locking();
      for (;;) {
        const old = this.#value.get();
        const { version } = this.#value;
        const value = await fn(old);
        if (value === undefined) throw noResult();
        if ((await this.#value.setAsync(value, version)) !== undefined) return value;
      }
    });
  }

  compareAndSet(version, value) {
    integer(version, 'The "version" argument');
    return this.#value.set(value, version) !== undefined;
  }

  clear() {
    this.#value.clear();
  }

  changed(opts) {
    return this.#promise(() => {
      const {
        since,
        timeout = Infinity,
        signal,
      } = options(opts, ['since', 'timeout', 'signal'], 'The options object');
      timeoutOf(timeout, 'The option "timeout"');
      abortSignal(signal);
      if (since !== undefined) integer(since, 'The option "since"');
      const known = since ?? this.version;
      return this.#changes.next((version) => version !== known, timeout, signal);
    });
  }

  /* The iterator begins with the first change after this call, not after the first next(). */
  watch(opts) {
    const { since, signal } = options(opts, ['since', 'signal'], 'The options object');
    abortSignal(signal);
    if (since !== undefined) integer(since, 'The option "since"');
    let known = since ?? this.version;
    const source = {
      isDue: (version) => version !== known,
      read: () => {
        const value = this.get();
        known = this.#value.version;
        return value;
      },
      end: () => {},
    };
    return new Watch(this.#changes, source, signal);
  }

  ref() {
    this.#changes.ref(true);
    return this;
  }

  unref() {
    this.#changes.ref(false);
    return this;
  }

  flush() {
    this.#checkOpen();
    const status = binding.flush(this.#handle, 0, Number.MAX_SAFE_INTEGER, false);
    if (status < 0) throw this.#errorOf(status, 'msync');
  }

  get locked() {
    return this.#lock !== undefined && this.#lock.held;
  }

  close() {
    if (this.#handle === CLOSED) return;
    if (this.locked) {
      throw new MmapipcError('ERR_MMAPIPC_LOCKED', 'the Share is locked; release the lock first');
    }
    this.#staleWatch.turn(false);
    this.#changes.close(closedError());
    this.#lock?.close(closedError());
    const handle = this.#handle;
    const words = this.#words;
    this.#handle = CLOSED;
    this.#words = NO_WORDS;
    this.#low = this.#high = UNKNOWN;
    this.#peeked = undefined;
    this.#region.close();
    binding.close(handle, words === NO_WORDS ? [] : [words.buffer]);
  }

  [DISPOSE]() {
    try {
      this.#lock?.close(closedError());
    } finally {
      this.close();
    }
  }

  [LOCK]() {
    this.#checkOpen();
    return this.#locking();
  }

  [DEFAULTS]() {
    return this.#lockDefaults;
  }

  [LISTENING](on) {
    if (on) this.#checkOpen();
    this.#changes.listening(on);
    this.#staleWatch.turn(on && this.#region.isAtPath);
  }

  get [VALUE]() {
    return this.#value;
  }

  [util.inspect.custom](depth, opts, inspect) {
    /* A prototype, or an object whose constructor threw. */
    if (!(#spec in this) || this.#value === undefined) return 'Share {}';
    const { size: capacity, ...where } = shownFields(this.#spec, this.#region, this.#capacity);
    const fields = {
      ...where,
      capacity,
      version: this.closed ? undefined : this.#value.glance(),
      codec: this.codec,
      readOnly: this.readOnly,
      closed: this.closed,
    };
    return `Share ${(inspect ?? util.inspect)(fields, opts)}`;
  }

  #makeLock() {
    return new RegionLock(this.#handle, {
      object: this,
      what: describe(this.#spec),
      Guard: ShareGuard,
      errorOf: (status) => this.#errorOf(status),
      onRecovered: () => this.#emitSoon('recovered'),
    });
  }

  #locking() {
    this.#checkOpen();
    if (this.#lock === undefined) throw readOnlyLockError();
    return this.#lock;
  }

  #checkOpen() {
    if (this.#handle === CLOSED) throw closedError();
  }

  #listen(known) {
    const status = binding.shareListen(this.#handle, known);
    if (status < 0) throw this.#errorOf(status);
    return doubles[VERSION];
  }

  /* Listeners run in a tick of their own, so that their errors do not end the call that emits. */
  #emitSoon(event, ...args) {
    if (this.listenerCount(event) > 0) nextTick(() => this.emit(event, ...args));
  }

  /* The user must learn that 'change' is not emitted any more. Without a listener of 'error' this is a
   * warning: another process, which has truncated a file, must not end this one. */
  #emitFailure(error) {
    if (this.listenerCount('error') > 0) this.#emitSoon('error', error);
    else {
      process.emitWarning(`'change' of a Share is not emitted any more: ${error.message}`, WARNING);
    }
  }

  async #promise(fn) {
    this.#checkOpen();
    return fn();
  }

  #errorOf(status, syscall = 'lock') {
    if (codeOf(status) === 'ERR_MMAPIPC_CLOSED') return closedError();
    return errorOf(status, syscall, this.path ?? this.name);
  }

  /* After a power failure or reboot: the value is used only if its checksum is right. */
  #verify() {
    try {
      this.#value.verify();
    } catch (error) {
      this.close();
      throw error;
    }
  }
}

function timeoutError(timeout) {
  return new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `the value was not set within ${timeout} ms; use a longer { timeout }, or none`,
  );
}

module.exports = { Share };
