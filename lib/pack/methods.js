/*
 * pack and unpack as methods. A subclass says where in memory its bytes are (PLACE for C, WINDOW for
 * JS), whether they are still what they were when the call is done (DONE), and whether each call
 * takes the lock (AUTOLOCKS).
 */
'use strict';

const { lockable } = require('../lock/methods');
const { DONE, packInto, putArguments, putArray, unpackFrom, unpackInto } = require('./pack');
const { PACK, UNPACK } = require('./programs');

const AUTOLOCKS = Symbol('autolocks');
/* WINDOW(offset, size, writes) gives where JS may reach these bytes, or nothing. */
const WINDOW = Symbol('window');
const NO_WINDOW = { size: -1, view: undefined, bytes: undefined };

/* The bytes written by JS alone, or undefined. */
function packInJs(target, offset, template, values) {
  const { plan } = PACK.find(template);
  if (plan === undefined) return undefined;
  const window = target[WINDOW](offset, plan.size, true);
  if (window === undefined || !plan.store(window.view, window.bytes, offset, values)) {
    return undefined;
  }
  target[DONE](0);
  return plan.size;
}

/* The values read by JS alone, or undefined. */
function unpackInJs(source, offset, template) {
  const { plan } = UNPACK.find(template);
  if (plan === undefined) return undefined;
  const window = source[WINDOW](offset, plan.size, false);
  if (window === undefined) return undefined;
  const values = plan.load(window.view, window.bytes, offset);
  source[DONE](0);
  return values;
}

class Packable extends lockable(Object) {
  pack(offset, template, ...values) {
    if (this[AUTOLOCKS]()) return this.withLock(() => this.pack(offset, template, ...values));
    const written = packInJs(this, offset, template, values);
    if (written !== undefined) return written;
    putArguments(values);
    return packInto(this, offset, template, values);
  }

  packArray(offset, template, values) {
    if (this[AUTOLOCKS]()) return this.withLock(() => this.packArray(offset, template, values));
    putArray(values);
    return packInto(this, offset, template, values);
  }

  unpack(offset, length, template, options) {
    if (typeof length === 'string') return this.#unpack(offset, undefined, length, template);
    return this.#unpack(offset, length, template, options);
  }

  #unpack(offset, length, template, options) {
    if (this[AUTOLOCKS]()) {
      return this.withLock(() => unpackFrom(this, offset, length, template, options));
    }
    if (length === undefined && options === undefined) {
      const values = unpackInJs(this, offset, template);
      if (values !== undefined) return values;
    }
    return unpackFrom(this, offset, length, template, options);
  }

  unpackInto(offset, template, target) {
    if (this[AUTOLOCKS]()) return this.withLock(() => unpackInto(this, offset, template, target));
    return unpackInto(this, offset, template, target);
  }
}

module.exports = { AUTOLOCKS, NO_WINDOW, Packable, WINDOW };
