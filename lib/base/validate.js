/*
 * Checks of arguments. A failed check throws an error that names the argument and what is expected of
 * it. Nothing has a side effect.
 */
'use strict';

const { isDataView, isUint8Array } = require('node:util').types;

const { invalidState, invalidType, invalidValue, outOfRange } = require('./errors');

const MAX = Number.MAX_SAFE_INTEGER;

/* An integer between min and max; `what` names the argument in the error. */
function integer(value, what, min = 0, max = MAX) {
  if (typeof value !== 'number') throw invalidType(what, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(what, 'an integer', value);
  if (value < min || value > max) throw outOfRange(what, `>= ${min} and <= ${max}`, value);
  return value;
}

/* Milliseconds; fractions and Infinity are allowed. */
function timeoutOf(value, what) {
  if (typeof value !== 'number') throw invalidType(what, 'of type number', value);
  if (!(value >= 0)) throw outOfRange(what, '>= 0', value);
  return value;
}

function boolean(value, what) {
  if (typeof value !== 'boolean') throw invalidType(what, 'of type boolean', value);
  return value;
}

function callback(value, what) {
  if (typeof value !== 'function') throw invalidType(what, 'of type function', value);
  return value;
}

/* An AbortSignal, or undefined. */
function abortSignal(value) {
  if (value === undefined || typeof value?.addEventListener === 'function') return value;
  throw invalidType('The option "signal"', 'an AbortSignal', value);
}

/* An object of options, all of whose keys are known; undefined counts as {}. */
function options(value, known, what) {
  if (value === undefined) return {};
  if (value === null || typeof value !== 'object') {
    throw invalidType(what, 'of type object', value);
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    throw invalidValue(
      what,
      `has an unknown option '${key}'${near ? `; did you mean '${near}'?` : ''} ` +
        `(known: ${known.join(', ')})`,
    );
  }
  return value;
}

/* The known name that differs from this one by a typing error at most, if there is one. */
function nearest(key, known) {
  const lower = key.toLowerCase();
  let best;
  let least = 3;
  for (const name of known) {
    const d = distance(lower, name.toLowerCase());
    if (d < least) [best, least] = [name, d];
  }
  return best;
}

/* The Levenshtein distance, computed row by row; 3 stands for all larger ones. */
function distance(a, b) {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(change, row[j] + 1, next[j - 1] + 1);
    }
    row = next;
  }
  return row[b.length];
}

const typed = Object.getPrototypeOf(Uint8Array.prototype);
const { get: dataLength } = Object.getOwnPropertyDescriptor(DataView.prototype, 'byteLength');

/* Returns the view, unless its memory was detached, or shrunk so that the view lies outside it. Both
 * methods below check that first. */
function existing(view, what) {
  try {
    if (isDataView(view)) dataLength.call(view);
    else typed.set.call(view, []);
  } catch {
    throw invalidState(what);
  }
  return view;
}

/* A Uint8Array over the bytes of any view. */
function bytesOf(view, what, expected) {
  if (isUint8Array(view)) return view.length === 0 ? existing(view, what) : view;
  if (!ArrayBuffer.isView(view)) throw invalidType(what, expected, view);
  if (isDataView(view) || view.byteLength === 0) existing(view, what);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

module.exports = {
  abortSignal,
  integer,
  boolean,
  callback,
  options,
  bytesOf,
  timeoutOf,
};
