/*
 * pack and unpack as methods. A subclass says where in memory its bytes are (PLACE), whether they
 * are still what they were when the call is done (DONE), and whether each call takes the lock
 * (AUTOLOCKS).
 */
'use strict';

const { invalidType } = require('./errors');
const { Lockable } = require('./lockable');
const { packInto, putArguments, putArray, unpackFrom, unpackInto } = require('./pack');

const AUTOLOCKS = Symbol('autolocks');

class Packable extends Lockable {
  pack(offset, template, ...values) {
    if (this[AUTOLOCKS]()) return this.withLock(() => this.pack(offset, template, ...values));
    putArguments(values);
    return packInto(this, offset, template, values);
  }

  packArray(offset, template, values) {
    if (values === null || typeof values !== 'object' || !Number.isInteger(values.length)) {
      throw invalidType('The "values" argument', 'an Array or TypedArray', values);
    }
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
    return unpackFrom(this, offset, length, template, options);
  }

  unpackInto(offset, template, target) {
    if (this[AUTOLOCKS]()) return this.withLock(() => unpackInto(this, offset, template, target));
    return unpackInto(this, offset, template, target);
  }
}

module.exports = { AUTOLOCKS, Packable };
