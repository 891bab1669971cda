/*
 * Class SharedMap: named values for all processes and threads that attach to it. This file opens the map,
 * locks it and closes it; map/methods.js has the methods for its entries, and src/map/map.h describes how
 * they stay whole.
 */
'use strict';

const { constants } = require('node:buffer');
const util = require('node:util');

const binding = require('../native/binding');
const { ChangeEmitter, LISTENING } = require('../base/emitter');
const { nextTick } = require('../base/clock');
const { MmapipcError } = require('../base/errors');
const { DEFAULTS, LOCK, lockable } = require('../lock/methods');
const { jsonOf, regionOf, shownFields } = require('../region/region');
const { staleError } = require('../region/errors');
const { RegionLock } = require('../lock/region-lock');
const { attachOptions, describe, openOptions } = require('../region/options');
const { readOnlyLockError } = require('../native/status');
const { DISPOSE, use } = require('../base/dispose');
const { callback } = require('../base/validate');
const { StaleWatch } = require('../region/stale-watch');
const { Cache } = require('./cache');
const { closedError, errorOf } = require('./errors');
const { Makings } = require('./makings');
const { Observer } = require('./observer');
const { START, mapLike } = require('./methods');
const { SharedMapNamespace } = require('./namespace');
const { openMap } = require('./open');
const { EXISTING, interpret } = require('./options');
const { Table } = require('./table');

const CLOSED = -1;
const { IN_PLACE, LOST } = binding.numbers.whereabouts;
const WARNING = { type: 'MmapipcWarning', code: 'MMAPIPC_NOT_OBSERVED' };
const BUCKET = binding.layout.mapBucket.size;

/* structuredClone and postMessage refuse a symbol, and print it in their error. */
const NOT_CLONEABLE = Symbol(
  'A SharedMap cannot be posted to another thread: post its .handle or .name and open that there. It',
);

class SharedMap extends mapLike(lockable(ChangeEmitter)) {
  #handle = CLOSED;
  #spec;
  #capacity;
  #evict;
  #region;
  #lock; /* RegionLock; undefined: attached read-only */
  #lockDefaults;
  #core; /* { table, ttl, timeout, buckets, makings, observer, checkOpen(), size(), view(prefix) } */
  #cache;
  #window; /* ArrayBuffer over the buckets; undefined where the runtime cannot show them */
  #staleWatch = new StaleWatch(this, () =>
    binding.regionWhereabouts(this.#handle) === LOST ? staleError(this.#spec) : undefined,
  );

  constructor(capacity, opts) {
    super();
    /* Or the error of postMessage would name the listeners, and not NOT_CLONEABLE. */
    Object.defineProperty(this, '_events', { enumerable: false });
    this['[mmapipc]'] = NOT_CLONEABLE;
    const spec = interpret(capacity, opts);
    const opened = openMap(this, spec);
    const { handle, shape } = opened;
    this.#handle = handle;
    this.#spec = spec;
    this.#capacity = opened.capacity;
    this.#evict = shape.evicts ? 'lru' : 'none';
    this.#region = regionOf(this, handle, spec);
    this.#lockDefaults = { whole: undefined, shared: false, timeout: spec.timeout, ranges: false };
    if (!spec.attachReadOnly) this.#lock = this.#makeLock();
    this.#window = windowOf(handle, shape, spec.cache);
    this.#core = this.#makeCore(opened);
    this[START](this.#core, this.#core.table, '');
  }

  #makeCore({ handle, shape, number }) {
    const spec = this.#spec;
    const buckets = this.#window === undefined ? undefined : new Float64Array(this.#window);
    const tableOf = (cache, prefix) => new Table(handle, spec, cache, prefix, this);
    this.#cache = new Cache(buckets, spec.cache);
    const table = tableOf(this.#cache, '');
    const observer = new Observer(handle, table, {
      errorOf: (status) => this.#errorOf(status),
      emit: (change) => this.#emitSoon('change', change),
      fail: (error) => this.#emitFailure(error),
    });
    const core = {
      table,
      ttl: spec.ttl,
      timeout: spec.timeout,
      buckets: shape.buckets,
      makings: new Makings(table, number, observer),
      observer,
      checkOpen: () => this.#checkOpen(),
      size: () => this.#call(binding.mapSize),
      view: (prefix) =>
        new SharedMapNamespace(this, core, tableOf(new Cache(buckets, spec.cache), prefix), prefix),
    };
    return core;
  }

  static with(...args) {
    const fn = args.pop();
    callback(fn, 'The "fn" argument');
    return use(new SharedMap(...args), fn);
  }

  static attach(handle, opts) {
    return new SharedMap(EXISTING, attachOptions(handle, opts));
  }

  static open(opts) {
    return new SharedMap(EXISTING, openOptions(opts, 'path'));
  }

  get capacity() {
    return this.#capacity;
  }

  get codec() {
    return this.#spec.codec.name;
  }

  get evict() {
    return this.#evict;
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

  stats() {
    const facts = this.#call(binding.mapFacts);
    const { entries, capacity, used, evicted, expired, moved, stripes, buckets, locked } = facts;
    return {
      entries,
      capacity,
      used,
      free: capacity - used,
      evictions: evicted,
      expirations: expired,
      moves: moved,
      stripes,
      locked,
      buckets,
      cached: this.#cache.size,
    };
  }

  ref() {
    this.#core.observer.ref(true);
    return this;
  }

  unref() {
    this.#core.observer.ref(false);
    return this;
  }

  flush() {
    this.#checkOpen();
    const status = binding.flush(this.#handle, 0, Number.MAX_SAFE_INTEGER, false);
    if (status < 0) throw this.#errorOf(status);
  }

  get locked() {
    return this.#lock !== undefined && this.#lock.held;
  }

  close() {
    if (this.#handle === CLOSED) return;
    if (this.locked) {
      throw new MmapipcError('ERR_MMAPIPC_LOCKED', 'the map is locked; release the lock first');
    }
    this.#staleWatch.turn(false);
    this.#core.observer.close(closedError());
    this.#lock?.close(closedError());
    const handle = this.#handle;
    const window = this.#window;
    this.#handle = CLOSED;
    this.#window = undefined;
    this.#core.table.close();
    this.#core.makings.close(closedError());
    this.#region.close();
    binding.close(handle, window === undefined ? [] : [window]);
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
    if (this.#lock === undefined) throw readOnlyLockError();
    return this.#lock;
  }

  [DEFAULTS]() {
    return this.#lockDefaults;
  }

  [LISTENING](on) {
    if (on) this.#checkOpen();
    this.#core.observer.listening(on);
    this.#staleWatch.turn(on && this.#region.isAtPath);
  }

  [util.inspect.custom](depth, opts, inspect) {
    /* A prototype, or an object whose constructor threw. */
    if (!(#spec in this) || this.#core === undefined) return 'SharedMap {}';
    const { size: capacity, ...where } = shownFields(this.#spec, this.#region, this.#capacity);
    const entries = binding.mapSize(this.#handle);
    const fields = {
      ...where,
      capacity,
      entries: this.closed || entries < 0 ? undefined : entries,
      evict: this.#evict,
      codec: this.codec,
      readOnly: this.readOnly,
      closed: this.closed,
    };
    return `SharedMap ${(inspect ?? util.inspect)(fields, opts)}`;
  }

  #makeLock() {
    return new RegionLock(this.#handle, {
      object: this,
      what: describe(this.#spec),
      errorOf: (status) => this.#errorOf(status),
      onRecovered: () => this.#emitSoon('recovered'),
    });
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
      process.emitWarning(`'change' of a map is not emitted any more: ${error.message}`, WARNING);
    }
  }

  #checkOpen() {
    if (this.#handle === CLOSED) throw closedError();
  }

  #call(fn) {
    const result = fn(this.#handle);
    if (result < 0) throw this.#errorOf(result);
    return result;
  }

  #errorOf(status) {
    return errorOf(status, this.#spec, { handle: this.#handle, key: '', length: 0 });
  }
}

/* undefined: nothing is cached. */
function windowOf(handle, { buckets, bucketsAt }, cache) {
  const size = buckets * BUCKET;
  if (cache === 0 || size > constants.MAX_LENGTH) return undefined;
  const window = binding.window(handle, binding.payloadOffset + bucketsAt, size, true);
  return typeof window === 'number' ? undefined : window;
}

module.exports = { SharedMap };
