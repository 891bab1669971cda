/*
 * Class Mmap: a file or a region as bytes of this process. This file checks the arguments and the state
 * of the mapping; mmap/bytes.js copies, and lock/methods.js locks.
 */
'use strict';

const { constants: bufferLimits } = require('node:buffer');
const util = require('node:util');

const binding = require('../native/binding');
const { constants } = require('../native/constants');
const { MmapipcError, invalidValue, outOfRange } = require('../base/errors');
const { DEFAULTS, LOCK } = require('../lock/methods');
const { lockDefaults, lockOf } = require('./lock');
const { interpret } = require('./options');
const { MappedBytes } = require('./bytes');
const { jsonOf, regionOf, shownFields } = require('../region/region');
const { openMapping } = require('./open');
const { attachOptions, leadsElsewhere, openOptions } = require('../region/options');
const { BEGIN, DONE, setRange } = require('../pack/pack');
const { AUTOLOCKS, DIRECT, NO_DIRECT, Packable } = require('../pack/methods');
const {
  closedError,
  countHits,
  errorOf,
  field,
  lostError,
  readOnlyError,
  tooLong,
} = require('../native/status');
const { DISPOSE, use } = require('../base/dispose');
const { boolean, bytesOf, callback, integer, options } = require('../base/validate');

const { PROT_READ, PROT_WRITE } = constants;
const { MAX_LENGTH } = bufferLimits;
const CLOSED = -1;
const { IN_PLACE } = binding.numbers.whereabouts;
const DATA = 'a string, or an instance of Buffer, TypedArray or DataView';
const ENCODING = 'The "encoding" argument';
const NO_ENCODING = 'must be the name of an encoding of Buffer';
const VIEW = 'an instance of Buffer, TypedArray or DataView';

/* structuredClone and postMessage throw at a symbol, and their error shows its text. */
const NOT_CLONEABLE = Symbol(
  'An Mmap cannot be posted to another thread: post its .file, .handle or .name and open that there. It',
);

class Mmap extends Packable {
  #handle = CLOSED;
  #spec;
  #size;
  #address;
  #pageSize;
  #fd;
  #readable;
  #writable;
  #bytes; /* MappedBytes */
  #fileId;
  #region; /* undefined for a file, or for memory of this process alone */
  #autolock;
  #direct = NO_DIRECT; /* the bytes for pack and unpack in JS; made by their first call of C */
  #lock; /* FileLock or RegionLock; undefined: not made yet */
  #lockDefaults; /* for lock/methods.js */
  #hits; /* countHits() when this mapping was last found to be whole */

  constructor(...args) {
    super();
    const spec = interpret(args);
    const handle = openMapping(this, spec);
    this.#handle = handle;
    this.#spec = spec;
    this.#size = Number(field('size'));
    this.#bytes = new MappedBytes(handle, this.#size);
    this.#address = field('address');
    this.#pageSize = field('page_size');
    this.#fd = field('fd');
    this.#readable = (spec.prot & PROT_READ) !== 0;
    this.#writable = (spec.prot & PROT_WRITE) !== 0;
    this.#hits = countHits();
    this.#autolock = spec.autolock;
    this.#lockDefaults = lockDefaults(spec, this.#size, this.#writable);
    this.#fileId = `${field('device')}:${field('inode')}`;
    this.#region = regionOf(this, handle, spec);
    this['[mmapipc]'] = NOT_CLONEABLE;
  }

  static with(file, fn) {
    callback(fn, 'The "fn" argument');
    return use(new Mmap(file), fn);
  }

  static attach(handle, opts) {
    return new Mmap(attachOptions(handle, opts));
  }

  static open(opts) {
    return new Mmap(openOptions(opts, 'file'));
  }

  get size() {
    return this.#size;
  }

  get offset() {
    return this.#spec.offset;
  }

  get file() {
    return this.#spec.path;
  }

  get handle() {
    return this.#region?.handle;
  }

  get name() {
    return this.#region?.name;
  }

  toJSON() {
    return jsonOf(this);
  }

  get stale() {
    if (this.#handle === CLOSED) return false;
    if (this.#region !== undefined) return binding.regionWhereabouts(this.#handle) !== IN_PLACE;
    return this.#spec.path !== undefined && leadsElsewhere(this.#spec.path, this.#fileId);
  }

  get readOnly() {
    return !this.#writable;
  }

  get closed() {
    return this.#handle === CLOSED;
  }

  get pageSize() {
    return this.#pageSize;
  }

  get fd() {
    this.#checkOpen();
    return this.#fd < 0 ? undefined : this.#fd;
  }

  get address() {
    this.#checkOpen();
    return this.#address;
  }

  get buffer() {
    this.#checkWhole();
    return this.#bytes.shown();
  }

  view(offset, length) {
    this.#checkWhole();
    const start = this.#start(offset);
    const n = this.#length(start, length);
    if (n > MAX_LENGTH) throw tooLong(n);
    return n === 0 ? Buffer.alloc(0) : this.#bytes.view(start, n);
  }

  read(offset, length) {
    if (this[AUTOLOCKS]()) return this.withLock(() => this.read(offset, length));
    this.#checkReadable();
    const start = this.#start(offset);
    const n = this.#length(start, length);
    if (n > MAX_LENGTH) throw tooLong(n);
    const target = Buffer.allocUnsafe(n);
    this.#check(this.#bytes.copyOut(start, target, n), 'read');
    this.#checkWhole();
    return target;
  }

  readInto(target, offset, length) {
    if (this[AUTOLOCKS]()) return this.withLock(() => this.readInto(target, offset, length));
    this.#checkReadable();
    const to = bytesOf(target, 'The "target" argument', VIEW);
    const start = this.#start(offset);
    const n = Math.min(this.#length(start, length), to.length);
    this.#check(this.#bytes.copyOut(start, to, n), 'read');
    this.#checkWhole();
    return n;
  }

  readString(offset, length, encoding = 'utf8') {
    if (this[AUTOLOCKS]()) return this.withLock(() => this.readString(offset, length, encoding));
    this.#checkReadable();
    const start = this.#start(offset);
    const n = this.#length(start, length);
    if (!Buffer.isEncoding(encoding)) throw invalidValue(ENCODING, NO_ENCODING);
    if (n > MAX_LENGTH) throw tooLong(n);
    const text = this.#bytes.toString(start, n, encoding) ?? this.read(start, n).toString(encoding);
    this.#checkWhole();
    return text;
  }

  write(data, offset, length, encoding) {
    if (this[AUTOLOCKS]()) return this.withLock(() => this.write(data, offset, length, encoding));
    this.#checkWritable();
    if (typeof data === 'string') return this.#writeString(data, offset, length, encoding);
    if (encoding !== undefined) throw invalidValue(ENCODING, 'is for strings, not for bytes');
    const from = bytesOf(data, 'The "data" argument', DATA);
    const start = this.#start(offset);
    const n = Math.min(this.#length(start, length), from.length);
    const written = this.#check(this.#bytes.copyIn(start, from, n), 'write');
    this.#checkWhole();
    return written;
  }

  #writeString(data, offset, length, encoding = 'utf8') {
    if (!Buffer.isEncoding(encoding)) throw invalidValue(ENCODING, NO_ENCODING);
    const start = this.#start(offset);
    const n = this.#length(start, length);
    const written = this.#check(this.#bytes.writeString(start, data, n, encoding), 'write');
    this.#checkWhole();
    return written;
  }

  flush(offset, length, opts) {
    this.#checkOpen();
    const { async = false } = options(opts, ['async'], 'The options object');
    boolean(async, 'The option "async"');
    const start = this.#start(offset);
    const n = this.#length(start, length);
    this.#check(binding.flush(this.#handle, start, n, async), 'msync');
    this.#checkWhole();
  }

  advise(advice, offset, length) {
    this.#checkOpen();
    const index = binding.advices.indexOf(advice);
    if (index < 0) {
      throw invalidValue(
        'The "advice" argument',
        `must be one of ${binding.advices.map((name) => `'${name}'`).join(', ')}`,
      );
    }
    const start = this.#start(offset);
    const n = this.#length(start, length);
    this.#check(binding.advise(this.#handle, index, start, n), 'madvise');
    this.#checkWhole();
  }

  lockMemory() {
    this.#checkOpen();
    this.#check(binding.lockMemory(this.#handle, true), 'mlock');
  }

  unlockMemory() {
    this.#checkOpen();
    this.#check(binding.lockMemory(this.#handle, false), 'munlock');
  }

  resident(offset, length) {
    this.#checkOpen();
    const start = this.#start(offset);
    const n = this.#length(start, length);
    const pages = this.#check(binding.resident(this.#handle, start, n), 'mincore');
    this.#checkWhole();
    return pages;
  }

  get locked() {
    return this.#handle !== CLOSED && this.#lock !== undefined && this.#lock.held;
  }

  close() {
    if (this.#handle === CLOSED) return;
    if (this.locked) {
      throw new MmapipcError(
        'ERR_MMAPIPC_LOCKED',
        'the mapping is locked; release the lock before close()',
      );
    }
    this.#lock?.close(closedError());
    const handle = this.#handle;
    this.#handle = CLOSED;
    this.#region?.close();
    this.#direct = NO_DIRECT;
    binding.close(handle, this.#bytes.release());
  }

  unmap() {
    this.close();
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
    return (this.#lock ??= lockOf(this, this.#handle, this.#spec, this.#fileId));
  }

  [DEFAULTS]() {
    return this.#lockDefaults;
  }

  [DIRECT](offset, size, writes) {
    const direct = this.#direct;
    const fits = Number.isInteger(offset) && offset >= 0 && offset < this.#size;
    if (!fits || offset + size > direct.size) return undefined;
    return (writes ? this.#writable : this.#readable) ? direct : undefined;
  }

  [BEGIN](offset, length, writes) {
    if (writes) this.#checkWritable();
    else this.#checkReadable();
    const start = this.#start(offset);
    setRange(this.#handle, start, this.#length(start, length));
    if (this.#direct === NO_DIRECT) this.#direct = this.#bytes.direct();
  }

  [DONE](status, syscall) {
    if (status >= 0 && countHits() === this.#hits && this.#handle !== CLOSED) return;
    this.#check(status, syscall);
    this.#checkWhole();
  }

  [util.inspect.custom](depth, opts, inspect) {
    if (!(#spec in this)) return 'Mmap {}'; /* the prototype */
    const fields = {
      ...shownFields(this.#spec, this.#region, this.#size),
      readOnly: this.readOnly,
      closed: this.closed,
    };
    return `Mmap ${(inspect ?? util.inspect)(fields, opts)}`;
  }

  #checkOpen() {
    if (this.#handle === CLOSED) throw closedError();
  }

  /* Called after the last access of every call: the bytes read may be zeros that the file never held. */
  #checkWhole() {
    this.#checkOpen();
    const count = countHits();
    if (count === this.#hits) return;
    const status = binding.lost(this.#handle);
    if (status < 0) throw lostError(status, this.#spec.path);
    this.#hits = count;
  }

  [AUTOLOCKS]() {
    return this.#autolock && this.#handle !== CLOSED && !this.locked;
  }

  #checkWritable() {
    this.#checkOpen();
    if (!this.#writable) throw readOnlyError();
  }

  #checkReadable() {
    this.#checkOpen();
    if (!this.#readable) {
      throw new MmapipcError(
        'ERR_MMAPIPC_ACCESS',
        'the mapping is write-only; map with PROT_READ | PROT_WRITE to read',
      );
    }
  }

  #start(offset) {
    if (offset === undefined) return 0;
    if (Number.isInteger(offset) && offset >= 0 && offset < this.#size) return offset;
    const start = integer(offset, 'The "offset" argument');
    if (start >= this.#size) {
      throw outOfRange('"offset"', `< ${this.#size}, the size of the mapping`, offset);
    }
    return start;
  }

  /* Bytes from `start` on: the rest, or `length`, clipped at the end. */
  #length(start, length) {
    const rest = this.#size - start;
    if (length === undefined) return rest;
    return Math.min(integer(length, 'The "length" argument'), rest);
  }

  /* Returns a count; a negative status is thrown. */
  #check(status, syscall) {
    if (status < 0) throw errorOf(status, syscall, this.#spec.path);
    return status;
  }
}

module.exports = { Mmap };
