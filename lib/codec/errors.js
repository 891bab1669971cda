/*
 * What can go wrong between a value and its bytes, said so that the reader knows what to do. Knows
 * the types' numbers, and nothing of how they are written.
 */
'use strict';

const { types } = require('node:util');

const { MmapipcError, invalidType, invalidValue, withCode } = require('../base/errors');
const { WRITERS } = require('./types');
const { findBigint, findCycle, findDeep, findUnclonable } = require('./where');

const WHAT = 'The "value" argument';

/* What V8 cannot clone; as its own errors are, plain ones by another name. */
class DataCloneError extends Error {
  /* Whether another object can be cloned by itself: codec/v8.js fills this in. */
  static canClone = () => true;
}
Object.defineProperty(DataCloneError.prototype, 'name', {
  value: 'DataCloneError',
  writable: true,
  configurable: true,
});

/* The error, with a cause as the constructors of errors set it. */
function because(error, cause) {
  Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
  return error;
}

/* A value that is none. */
const noValue = (value) => invalidType(WHAT, 'a value (no undefined, function or symbol)', value);

const noBytes = (value) =>
  withCode(
    new TypeError(`The "codec.encode" function must return a Uint8Array, and gave ${kind(value)}`),
    'ERR_INVALID_RETURN_VALUE',
  );

const kind = (value) =>
  value === null || typeof value !== 'object'
    ? String(value === null ? null : typeof value)
    : `an instance of ${value.constructor?.name ?? 'Object'}`;

const noText = () =>
  invalidValue(WHAT, "has no JSON text: its toJSON() gave nothing that JSON has; codec 'auto' may");

const tooLong = (cause) =>
  withCode(
    new RangeError(`${WHAT} is too large: its JSON text is longer than a string may be`, { cause }),
    'ERR_OUT_OF_RANGE',
  );

const OURS = [
  [
    (error) => error instanceof DataCloneError,
    (error, value) => {
      const place = findUnclonable(value, DataCloneError.canClone);
      return invalidValue(WHAT, `holds what cannot be cloned${place}: ${error.message}`);
    },
  ],
  [
    (error) => isNative(error, 'TypeError') && /^Converting circular structure/.test(error.message),
    (error, value) =>
      invalidValue(
        WHAT,
        `holds a cycle${findCycle(value)}, which JSON does not have; codec 'auto' keeps it`,
      ),
  ],
  [
    (error) => isNative(error, 'TypeError') && /serialize a BigInt/.test(error.message),
    (error, value) =>
      invalidValue(
        WHAT,
        `holds a bigint${findBigint(value)}, which JSON does not have; codec 'auto' keeps it`,
      ),
  ],
  [isTooLong, tooLong],
];

/* By name, as V8's serializer makes its errors in the main realm, which may be another one than ours
 * (Jest, vitest). */
function isNative(error, name) {
  return types.isNativeError(error) && error.name === name;
}

function isTooLong(error) {
  return isNative(error, 'RangeError') && error.message === 'Invalid string length';
}

function isOverflow(error) {
  return isNative(error, 'RangeError') && error.message === 'Maximum call stack size exceeded';
}

/* What encoding threw, in our words; what the user's own code threw, as it is. */
function encodeError(error, value) {
  const deep = isOverflow(error) ? findDeep(value) : undefined;
  if (deep !== undefined) {
    return because(
      withCode(
        new RangeError(`${WHAT} is nested too deeply for this thread's stack${deep}`),
        'ERR_OUT_OF_RANGE',
      ),
      error,
    );
  }
  const found = OURS.find(([is]) => is(error));
  return found ? because(found[1](error, value), error) : error;
}

/* Bytes that no codec of ours writes. */
function corrupt(reason, cause) {
  const more = isOverflow(cause) ? " (or it is nested too deeply for this thread's stack)" : '';
  return new MmapipcError(
    'ERR_MMAPIPC_CORRUPT',
    `The value cannot be decoded: ${reason}${cause ? ` (${told(cause)})` : ''}${more}; another ` +
      'process has overwritten it, or encodes otherwise; set it anew',
    { cause },
  );
}

/* A cause may be anything that a custom decode throws. */
function told(cause) {
  try {
    return String(cause?.message ?? cause);
  } catch {
    return 'it says no more';
  }
}

/* A value whose type this codec does not read. */
function otherCodec(type, name) {
  const writer = WRITERS[type];
  const safe =
    name === 'json' ? "; 'json' decodes nothing else, so that no writer need be trusted" : '';
  return new MmapipcError(
    'ERR_MMAPIPC_CODEC',
    `The value was set by a process with codec ${writer}, and this one has codec '${name}': give ` +
      `every process the same codec${safe}`,
    { found: writer, wanted: name },
  );
}

/* A region that was made with a codec that does not go with the one asked for. */
function codecMismatch(where, found = 'unknown to this version', wanted) {
  return new MmapipcError(
    'ERR_MMAPIPC_CODEC',
    `${where} was made with codec '${found}', and is opened with codec '${wanted}'; give every ` +
      'process the same codec',
    { found, wanted },
  );
}

module.exports = {
  DataCloneError,
  codecMismatch,
  corrupt,
  encodeError,
  isTooLong,
  noBytes,
  noText,
  noValue,
  otherCodec,
};
