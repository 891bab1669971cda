/*
 * A value as one line of JSON. What JSON cannot express becomes an object with one key that begins with $,
 * as docs/command-line.md lists them.
 */
'use strict';

const { types } = require('node:util');

const { plain } = require('./text');

function bytesOf(value) {
  if (types.isAnyArrayBuffer(value)) return Buffer.from(value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/* [test, form of a value that passes it]; `inner`: the form of a value inside. */
const FORMS = [
  [types.isDate, (date) => ({ $Date: Number.isNaN(date.getTime()) ? null : date.toISOString() })],
  [types.isRegExp, (pattern) => ({ $RegExp: `${pattern}` })],
  [types.isNativeError, ({ name, message }) => ({ $Error: { name, message } })],
  [types.isMap, (map, inner) => ({ $Map: Array.from(map, (pair) => pair.map(inner)) })],
  [types.isSet, (set, inner) => ({ $Set: Array.from(set, inner) })],
  [types.isBoxedPrimitive, (box, inner) => inner(box.valueOf())],
  [types.isUint8Array, (bytes) => ({ $Buffer: bytesOf(bytes).toString('base64') })],
  [types.isDataView, (view) => ({ $DataView: bytesOf(view).toString('base64') })],
  [types.isAnyArrayBuffer, (bytes) => ({ $ArrayBuffer: bytesOf(bytes).toString('base64') })],
  [
    types.isTypedArray,
    (array, inner) => ({ [`$${array[Symbol.toStringTag]}`]: Array.from(array, inner) }),
  ],
  [Array.isArray, (array, inner) => Array.from(array, inner)],
];

function ofPrimitive(value) {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: `${value}` };
    case 'undefined':
      return { $undefined: true };
    case 'number':
      if (Object.is(value, -0)) return { $number: '-0' };
      return Number.isFinite(value) ? value : { $number: `${value}` };
    default:
      return value;
  }
}

/* `above`: the objects that contain the value. */
function formOf(value, above) {
  if (value === null || typeof value !== 'object') return ofPrimitive(value);
  if (above.includes(value)) return { $circular: above.length - above.indexOf(value) };
  above.push(value);
  const form = formOfObject(value, (part) => formOf(part, above));
  above.pop();
  return form;
}

function formOfObject(value, inner) {
  const found = FORMS.find(([test]) => test(value));
  if (found !== undefined) return found[1](value, inner);
  const copy = Object.create(null); /* so that __proto__ is a key like any other */
  for (const key of Object.keys(value)) copy[key] = inner(value[key]);
  return copy;
}

/* One line, without its end. */
function express(value) {
  try {
    return plain(JSON.stringify(formOf(value, [])));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error('the value is nested too deeply, or too large, to be printed as JSON', {
      cause: error,
    });
  }
}

/* A text and bytes as they are, anything else as JSON. */
function raw(value) {
  return typeof value === 'string' || types.isUint8Array(value) ? value : express(value);
}

module.exports = { express, raw };
