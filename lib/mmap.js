/*
 * Class Mmap: a file as bytes of this process.
 *
 * Plain copies are made here, between Buffers, because JS does them without a call into C; what JS
 * cannot reach (beyond the largest Buffer, or where external Buffers are refused) C copies. Two
 * windows are kept: `bytes`, the true image of the file, never shown to anybody, so that nobody can
 * detach or replace it; and `shown`, what the user gets (src/shm/mapping.h).
 */
'use strict';

const { constants: bufferLimits } = require('node:buffer');
const util = require('node:util');

const binding = require('./binding');
const { constants } = require('./constants');
const { MmapipcError, invalidValue, outOfRange } = require('./errors');
const { interpret } = require('./mmap-options');
const { errorOf, field, openError } = require('./report');
const { boolean, bytesOf, callback, integer, options } = require('./validate');

const { PROT_READ, PROT_WRITE } = constants;
const { MAX_LENGTH } = bufferLimits;
/* Buffer.copy of Node 22 cuts offsets to 32 bits: beyond 4 GiB C copies, in every version. */
const WINDOW = Math.min(MAX_LENGTH, 2 ** 32);
const CLOSED = -1;
const EMPTY = Buffer.alloc(0);
const VIEW = 'an instance of Buffer, TypedArray or DataView';

/* structuredClone and postMessage stop at a symbol and print it: the error says what to do. */
const NOT_CLONEABLE = Symbol(
  'An Mmap cannot be posted to another thread: post its .file and map that there. It',
);

class Mmap {
  #handle = CLOSED;
  #spec;
  #size;
  #address;
  #pageSize;
  #fd;
  #readable;
  #writable;
  #bytes; /* Buffer; undefined: not made yet; empty: only C can reach the bytes */
  #shown; /* the Buffer of `buffer`; undefined: not made yet */
  #views = []; /* WeakRefs to the ArrayBuffers of windows beyond `shown` */
  #sweepAt = 16; /* number of views at which the collected ones are forgotten */

  constructor(...args) {
    const spec = interpret(args);
    const handle = binding.open(
      this,
      spec.path ?? spec.fd,
      spec.offset,
      spec.length,
      spec.prot,
      spec.copyOnWrite,
      spec.protect,
      spec.anyFilesystem,
      spec.create,
      spec.mode,
    );
    if (handle < 0) throw openError(handle, spec);
    this.#handle = handle;
    this.#spec = spec;
    this.#size = Number(field('size'));
    this.#address = field('address');
    this.#pageSize = field('page_size');
    this.#fd = field('fd');
    this.#readable = (spec.prot & PROT_READ) !== 0;
    this.#writable = (spec.prot & PROT_WRITE) !== 0;
    this['[mmapipc]'] = NOT_CLONEABLE;
  }

  static with(file, fn) {
    callback(fn, 'The "fn" argument');
    const map = new Mmap(file);
    let result;
    try {
      result = fn(map);
    } catch (error) {
      map.close();
      throw error;
    }
    if (typeof result?.then !== 'function') {
      map.close();
      return result;
    }
    return Promise.resolve(result).finally(() => map.close());
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
    this.#checkOpen();
    if (this.#shown === undefined) {
      this.#shown = Buffer.from(this.#window(0, Math.min(this.#size, MAX_LENGTH)));
    }
    return this.#shown;
  }

  view(offset, length) {
    this.#checkOpen();
    const start = this.#start(offset);
    const n = this.#length(start, length);
    if (n > MAX_LENGTH) throw tooLong(n);
    if (n === 0) return Buffer.alloc(0);
    const shown = this.buffer;
    if (start + n <= shown.length) return shown.subarray(start, start + n);
    const view = this.#window(start, n);
    this.#remember(view);
    return Buffer.from(view);
  }

  read(offset, length) {
    this.#checkReadable();
    const start = this.#start(offset);
    const n = this.#length(start, length);
    if (n > MAX_LENGTH) throw tooLong(n);
    const target = Buffer.allocUnsafe(n);
    this.#copyOut(start, target, n);
    return target;
  }

  readInto(target, offset, length) {
    this.#checkReadable();
    const to = bytesOf(target, 'The "target" argument', VIEW);
    const start = this.#start(offset);
    const n = Math.min(this.#length(start, length), to.length);
    this.#copyOut(start, to, n);
    return n;
  }

  readString(offset, length, encoding = 'utf8') {
    this.#checkReadable();
    const start = this.#start(offset);
    const n = this.#length(start, length);
    if (!Buffer.isEncoding(encoding)) {
      throw invalidValue('The "encoding" argument', 'must be the name of an encoding of Buffer');
    }
    if (n > MAX_LENGTH) throw tooLong(n);
    const bytes = this.#truth();
    if (start + n <= bytes.length) return bytes.toString(encoding, start, start + n);
    return this.read(start, n).toString(encoding);
  }

  write(data, offset, length) {
    this.#checkOpen();
    if (!this.#writable) {
      throw new MmapipcError(
        'ERR_MMAPIPC_ACCESS',
        'the mapping is read-only; map with PROT_WRITE or readOnly: false to write',
      );
    }
    const isString = typeof data === 'string';
    const from = isString ? data : bytesOf(data, 'The "data" argument', `a string or ${VIEW}`);
    const start = this.#start(offset);
    const n = this.#length(start, length);
    const bytes = this.#truth();
    if (isString) {
      if (start + n <= bytes.length) return bytes.write(from, start, n, 'utf8');
      /* Cut between characters, as Buffer.write does. */
      const copy = Buffer.allocUnsafe(Math.min(n, Buffer.byteLength(from)));
      const used = copy.write(from, 'utf8');
      return this.#copyIn(start, copy, used);
    }
    return this.#copyIn(start, from, Math.min(n, from.length));
  }

  flush(offset, length, opts) {
    this.#checkOpen();
    const { async = false } = options(opts, ['async'], 'The options object');
    boolean(async, 'The option "async"');
    const start = this.#start(offset);
    const n = this.#length(start, length);
    this.#check(binding.flush(this.#handle, start, n, async), 'msync');
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
    return this.#check(binding.resident(this.#handle, start, n), 'mincore');
  }

  close() {
    if (this.#handle === CLOSED) return;
    const handle = this.#handle;
    const windows = this.#views.map((ref) => ref.deref());
    windows.push(this.#bytes?.buffer, this.#shown?.buffer);
    this.#handle = CLOSED;
    this.#bytes = this.#shown = undefined;
    this.#views = [];
    binding.close(
      handle,
      windows.filter((window) => window !== undefined),
    );
  }

  unmap() {
    this.close();
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    this.close();
  }

  [util.inspect.custom](depth, opts, inspect) {
    const fields = {
      file: this.file ?? `fd ${this.#spec.fd}`,
      size: this.#size,
      offset: this.offset,
      readOnly: this.readOnly,
      closed: this.closed,
    };
    return `Mmap ${(inspect ?? util.inspect)(fields, opts)}`;
  }

  #checkOpen() {
    if (this.#handle === CLOSED) {
      throw new MmapipcError('ERR_MMAPIPC_CLOSED', 'the mapping is closed');
    }
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
    const start = integer(offset, 'The "offset" argument');
    if (start >= this.#size) {
      throw outOfRange('"offset"', `< ${this.#size}, the size of the mapping`, offset);
    }
    return start;
  }

  /* Bytes from `start` on: all the rest, or as many as asked, clipped at the end. */
  #length(start, length) {
    const rest = this.#size - start;
    if (length === undefined) return rest;
    return Math.min(integer(length, 'The "length" argument'), rest);
  }

  /* A count, or the error of what the system refused. */
  #check(status, syscall) {
    if (status < 0) throw errorOf(status, syscall, this.#spec.path);
    return status;
  }

  /* An ArrayBuffer over what the user may see. */
  #window(start, n) {
    const window = binding.window(this.#handle, start, n, false);
    if (typeof window !== 'number') return window;
    throw new MmapipcError(
      'ERR_MMAPIPC_UNSUPPORTED',
      'this runtime refuses Buffers over memory of native code (Electron does); use read, ' +
        'readInto, readString and write',
    );
  }

  #truth() {
    if (this.#bytes === undefined) {
      const window = binding.window(this.#handle, 0, Math.min(this.#size, WINDOW), true);
      this.#bytes = typeof window === 'number' ? EMPTY : Buffer.from(window);
    }
    return this.#bytes;
  }

  /* Closing must detach every window that is still in use; the others are forgotten in time. */
  #remember(view) {
    if (this.#views.length >= this.#sweepAt) {
      this.#views = this.#views.filter((ref) => ref.deref() !== undefined);
      this.#sweepAt = Math.max(16, this.#views.length * 2);
    }
    this.#views.push(new WeakRef(view));
  }

  #copyOut(start, target, n) {
    const bytes = this.#truth();
    if (start + n <= bytes.length) {
      bytes.copy(target, 0, start, start + n);
    } else {
      this.#check(binding.read(this.#handle, start, target.subarray(0, n)), 'read');
    }
  }

  #copyIn(start, from, n) {
    const bytes = this.#truth();
    if (start + n > bytes.length) {
      return this.#check(binding.write(this.#handle, start, from.subarray(0, n)), 'write');
    }
    bytes.set(n === from.length ? from : from.subarray(0, n), start);
    return n;
  }
}

/* More than one Buffer, or one string, can hold. */
function tooLong(n) {
  return outOfRange('"length"', `<= ${MAX_LENGTH}, the most that a Buffer holds`, n);
}

module.exports = { Mmap };
