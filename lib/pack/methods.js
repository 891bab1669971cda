/*
 * pack and unpack as methods. A subclass selects its bytes for C (BEGIN) and gives them to JS (DIRECT),
 * checks after the call that they were whole (DONE), and decides whether each call takes the lock
 * (AUTOLOCKS).
 */
'use strict';

const { lockable } = require('../lock/methods');
const { DONE, packInto, putArguments, putArray, unpackFrom, unpackInto } = require('./pack');
const { PACK, UNPACK } = require('./programs');

const AUTOLOCKS = Symbol('autolocks');
/* DIRECT(offset, size, writes) -> { size, view, bytes } over the bytes of the mapping, from its first
 * on; undefined where only C may reach them. */
const DIRECT = Symbol('direct');
const NO_DIRECT = { size: -1, view: undefined, bytes: undefined };

/* Packs without a call of C. Returns the bytes written; undefined: only C can. */
function packInJs(target, offset, template, values) {
  const { plan } = PACK.find(template);
  if (plan === undefined) return undefined;
  const direct = target[DIRECT](offset, plan.size, true);
  if (direct === undefined || !plan.store(direct.view, direct.bytes, offset, values)) {
    return undefined;
  }
  target[DONE](0);
  return plan.size;
}

/* Unpacks without a call of C. Returns the values; undefined: only C can. */
function unpackInJs(source, offset, template) {
  const { plan } = UNPACK.find(template);
  if (plan === undefined) return undefined;
  const direct = source[DIRECT](offset, plan.size, false);
  if (direct === undefined) return undefined;
  const values = plan.load(direct.view, direct.bytes, offset);
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

module.exports = { AUTOLOCKS, DIRECT, NO_DIRECT, Packable };
