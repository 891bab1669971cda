/*
 * Plain values: those for which JSON returns exactly what structuredClone would, and those that can be
 * frozen. A plain value has no toJSON and no trap that JSON.stringify could run, and each of its getters
 * returns the same value each time.
 */
'use strict';

const { inspect, types } = require('node:util');

const { areFew, begin, end, isNew } = require('./met');

const { isProxy } = types;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { freeze: freezeOne, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, values } = Object;

const OBJECT = Object.prototype;
const ARRAY = Array.prototype;

/* Of an object or array. A walk within a walk (a getter that sets a value) has no list, and returns
 * false. */
function isPlain(value) {
  if (!begin()) return false;
  try {
    return isPlainObject(value);
  } finally {
    end();
  }
}

/* NaN, the infinities and -0 are not plain. */
function isPlainValue(value) {
  if (typeof value === 'string') return true;
  if (typeof value === 'number') return value - value === 0 && (value !== 0 || 1 / value > 0);
  if (typeof value === 'object') return value === null || isPlainObject(value);
  return typeof value === 'boolean';
}

/* JSON.stringify also calls a `toJSON` that is inherited or not enumerable. */
function isPlainObject(value) {
  if (isProxy(value) || isView(value) || !isNew(value)) return false;
  const prototype = getPrototypeOf(value);
  if (isArray(value)) return prototype === ARRAY && !('toJSON' in value) && isPlainArray(value);
  if ((prototype !== OBJECT && prototype !== null) || 'toJSON' in value) return false;
  return areFew() ? hasPlainFields(value) : hasSteadyFields(value);
}

/* No getter runs, because the descriptor of an accessor has no value. Inherited properties are not
 * cloned. */
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

/* The same in half the time, for values of many objects: a getter must return the same value twice. */
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
 * Whether an array without holes has no other property (the array of a RegExp match has some). A long
 * array is tested with util.inspect, which does not read the elements. If the output of util.inspect
 * changes, long arrays count as not plain, and are cloned.
 */
function hasElementsOnly(array) {
  const { length } = array;
  if (length < LONG) return values(array).length === length;
  return inspect(array, SHORTEST) === `[ ... ${length} more items ]`;
}

/* Whether it is not a Date, Map ... whose prototype was replaced. */
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
 * Freezes a decoded value and all that it contains. Returns false, and freezes nothing, if some part could
 * change although it is frozen.
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
 * Tests the shape of the prototypes, not their identity: V8 deserializes into the main realm, and this
 * file may run in a vm context (Jest, vitest). The value comes from a codec of this package, so it has no
 * instance of a user's class.
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

module.exports = { freeze, isOrdinary, isPlain };
