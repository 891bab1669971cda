/*
 * What is plain: the values of which JSON gives back exactly what structuredClone would, and those
 * that can be frozen. A value that isPlain() takes has no toJSON and no trap that JSON.stringify could
 * run, and no getter but one that gives the same value each time.
 */
'use strict';

const { inspect, types } = require('node:util');

const { isProxy } = types;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { freeze: freezeOne, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, values } = Object;

const OBJECT = Object.prototype;
const ARRAY = Array.prototype;

/*
 * The objects met so far: the first in a list, as most values have few; beyond it all in a set, a
 * new one each time, as V8's take six times as long once they were cleared.
 */
const FEW = 12;
const few = new Array(FEW).fill(null);
let many;
let met = 0;
let busy = false;

/* Notes an object; false when it is met again, as JSON knows neither cycles nor identity. */
function isNew(object) {
  if (met < FEW) {
    for (let i = 0; i < met; i++) if (few[i] === object) return false;
    few[met++] = object;
    return true;
  }
  if (met === FEW) many = new Set(few);
  met++;
  return many.add(object).size === met;
}

function forget() {
  const used = Math.min(met, FEW);
  for (let i = 0; i < used; i++) few[i] = null;
  many = undefined;
  met = 0;
  busy = false;
}

/* An object or array; a walk within a walk (a getter that sets) has no list, and says no. */
function isPlain(value) {
  if (busy) return false;
  busy = true;
  try {
    return isPlainObject(value);
  } finally {
    forget();
  }
}

/* Of numbers neither NaN, nor an infinity, nor -0. */
function isPlainValue(value) {
  if (typeof value === 'string') return true;
  if (typeof value === 'number') return value - value === 0 && (value !== 0 || 1 / value > 0);
  if (typeof value === 'object') return value === null || isPlainObject(value);
  return typeof value === 'boolean';
}

/* `toJSON` counts wherever it is: JSON.stringify finds hidden and inherited ones, too. */
function isPlainObject(value) {
  if (isProxy(value) || isView(value) || !isNew(value)) return false;
  const prototype = getPrototypeOf(value);
  if (isArray(value)) return prototype === ARRAY && !('toJSON' in value) && isPlainArray(value);
  if ((prototype !== OBJECT && prototype !== null) || 'toJSON' in value) return false;
  return met < FEW ? hasPlainFields(value) : hasSteadyFields(value);
}

/* No getter runs, as an accessor has no value. Inherited properties nobody clones. */
function hasPlainFields(object) {
  let empty = true;
  for (const key in object) {
    const own = getOwnPropertyDescriptor(object, key);
    if (own === undefined) continue;
    if (!isPlainValue(own.value)) return false;
    empty = false;
  }
  return !empty || isOrdinary(object);
}

/* The same in half the time, which counts where there are many: a getter must give one value twice. */
function hasSteadyFields(object) {
  let empty = true;
  for (const key in object) {
    const item = object[key];
    if (item !== object[key] || !isPlainValue(item)) return false;
    empty = false;
  }
  return !empty || isOrdinary(object);
}

/* A hole reads as undefined, which is not plain. */
function isPlainArray(array) {
  if (!hasElementsOnly(array)) return false;
  const { length } = array;
  for (let i = 0; i < length; i++) {
    const item = array[i];
    if (item !== array[i] || !isPlainValue(item)) return false;
  }
  return true;
}

const LONG = 1000;
const SHORTEST = { maxArrayLength: 0, depth: 0, maxStringLength: 0, customInspect: false };

/*
 * Whether an array without holes has no other property (as those that a RegExp gives have). One that
 * is long is asked through util.inspect, which knows without a look at the elements; were its words
 * to change, long arrays would be cloned as if they had.
 */
function hasElementsOnly(array) {
  const { length } = array;
  if (length < LONG) return values(array).length === length;
  return inspect(array, SHORTEST) === `[ ... ${length} more items ]`;
}

/* Not a Date, Map ... whose prototype was taken away. */
function isOrdinary(value) {
  return (
    !types.isDate(value) &&
    !types.isMap(value) &&
    !types.isSet(value) &&
    !types.isAnyArrayBuffer(value) &&
    !isView(value) &&
    !types.isBoxedPrimitive(value) &&
    !types.isNativeError(value) &&
    !types.isRegExp(value) &&
    !types.isPromise(value) &&
    !types.isWeakMap(value) &&
    !types.isWeakSet(value)
  );
}

/*
 * Freezes a decoded value through and through; false, and nothing frozen, when it holds anything
 * that freezing would not keep from change.
 */
function freeze(value) {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  const found = new Set([value]);
  for (const one of found) {
    if (!canFreeze(one)) return false;
    for (const item of values(one)) {
      if (typeof item === 'function') return false;
      if (typeof item === 'object' && item !== null) found.add(item);
    }
  }
  for (const one of found) freezeOne(one);
  return true;
}

/*
 * By the shape of the prototypes, not by identity: V8 deserializes into the main realm also when this
 * file runs in a vm context (Jest, vitest). Only what a codec of ours has decoded comes here, which
 * holds no class of the user's.
 */
function canFreeze(value) {
  if (isProxy(value)) return false;
  const prototype = getPrototypeOf(value);
  if (isArray(value)) return prototype !== null && isRoot(getPrototypeOf(prototype));
  return (prototype === null || isRoot(prototype)) && isOrdinary(value);
}

/* Whether it is the Object.prototype of some realm. */
const isRoot = (prototype) =>
  prototype !== null && getPrototypeOf(prototype) === null && hasOwn(prototype, 'isPrototypeOf');

module.exports = { freeze, isPlain };
