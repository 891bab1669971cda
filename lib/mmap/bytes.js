/*
 * The bytes of one mapping.
 *
 * A window is an external ArrayBuffer over the mapping. JS copies between Buffers by itself where a
 * window reaches, because that takes no call into C. C copies the rest: beyond 4 GiB, or in a runtime
 * that refuses external ArrayBuffers. There are two windows: one over the true image of the file, which
 * no user code sees, so that none can detach or replace it; and the user's (src/shm/mapping.h).
 */
'use strict';

const { constants } = require('node:buffer');

const binding = require('../native/binding');
const { MmapipcError } = require('../base/errors');

const { MAX_LENGTH } = constants;
/* Bytes of a window. Some versions of Node cut offsets to 32 bits in methods of Buffer (copy in Node
 * 22): beyond 4 GiB C copies, in every version. */
const MOST_WINDOW = Math.min(MAX_LENGTH, 2 ** 32);
/* Faster than Buffer.copy. Taken from the prototype, because a subclass may override it. */
const { set } = Uint8Array.prototype;
const EMPTY = Buffer.alloc(0);

class MappedBytes {
  #handle;
  #size;
  #truth; /* Buffer over the true image; undefined: not made yet; empty: only C reaches the bytes */
  #shown; /* the user's Buffer; undefined: not made yet */
  #views = []; /* WeakRefs to the ArrayBuffers of further windows, made by view() */
  #sweepAt = 16; /* number of views at which the collected ones are removed */

  constructor(handle, size) {
    this.#handle = handle;
    this.#size = size;
  }

  /* The user's Buffer: always the same object. */
  shown() {
    if (this.#shown === undefined) {
      this.#shown = this.#window(0, Math.min(this.#size, MAX_LENGTH));
    }
    return this.#shown;
  }

  view(start, n) {
    const shown = this.shown();
    if (start + n <= shown.length) return shown.subarray(start, start + n);
    const view = this.#window(start, n);
    this.#remember(view.buffer);
    return view;
  }

  /* The following three return a count, or a negative status of C. */
  copyOut(start, target, n) {
    const bytes = this.#truth ?? this.#makeTruth();
    if (start + n > bytes.length) {
      return binding.read(this.#handle, start, target.subarray(0, n));
    }
    set.call(target, new Uint8Array(bytes.buffer, start, n));
    return n;
  }

  copyIn(start, from, n) {
    const bytes = this.#truth ?? this.#makeTruth();
    const source = n === from.length ? from : from.subarray(0, n);
    if (start + n > bytes.length) return binding.write(this.#handle, start, source);
    set.call(bytes, source, start);
    return n;
  }

  /* Writes at most n bytes of the text, cut between characters. */
  writeString(start, text, n, encoding) {
    const bytes = this.#truth ?? this.#makeTruth();
    if (start + n <= bytes.length) return bytes.write(text, start, n, encoding);
    const copy = Buffer.allocUnsafe(Math.min(n, Buffer.byteLength(text, encoding)));
    return this.copyIn(start, copy, copy.write(text, encoding));
  }

  /* undefined where only C reaches the bytes; the caller copies them first. */
  toString(start, n, encoding) {
    const bytes = this.#truth ?? this.#makeTruth();
    return start + n <= bytes.length ? bytes.toString(encoding, start, start + n) : undefined;
  }

  /* { size, view, bytes }: the true image as far as JS reaches it, as a DataView and as a Buffer. It
   * must not get into the hands of user code. */
  direct() {
    const bytes = this.#truth ?? this.#makeTruth();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return { size: bytes.length, view, bytes };
  }

  /* Returns the ArrayBuffers in use, to be detached, and drops them. Every later call goes to C, which
   * refuses it. */
  release() {
    const windows = this.#views.map((ref) => ref.deref());
    windows.push(this.#truth?.buffer, this.#shown?.buffer);
    this.#truth = EMPTY;
    this.#shown = undefined;
    this.#views = [];
    return windows.filter((window) => window !== undefined && window !== EMPTY.buffer);
  }

  /* The ArrayBuffer ends where the Buffer ends, but may begin up to 7 bytes earlier, at a multiple of
   * 8. */
  #window(start, n) {
    const window = binding.window(this.#handle, start, n, false);
    if (typeof window !== 'number') return Buffer.from(window, window.byteLength - n, n);
    throw new MmapipcError(
      'ERR_MMAPIPC_UNSUPPORTED',
      'this runtime refuses Buffers over memory of native code (as Electron does); use read, ' +
        'readInto, readString and write',
    );
  }

  #makeTruth() {
    const window = binding.window(this.#handle, 0, Math.min(this.#size, MOST_WINDOW), true);
    this.#truth = typeof window === 'number' ? EMPTY : Buffer.from(window);
    return this.#truth;
  }

  /* Closing must detach every window that is still in use. Collected ones are removed from time to
   * time. */
  #remember(view) {
    if (this.#views.length >= this.#sweepAt) {
      this.#views = this.#views.filter((ref) => ref.deref() !== undefined);
      this.#sweepAt = Math.max(16, this.#views.length * 2);
    }
    this.#views.push(new WeakRef(view));
  }
}

module.exports = { MappedBytes };
