/*
 * The errors of the codecs. This file knows the numbers of the types, and nothing of how values are
 * encoded.
 */
'use strict';

const { types } = require('node:util');

const { MmapipcError, invalidType, invalidValue, withCode } = require('../base/errors');
const { WRITERS } = require('./types');
const { findBigint, findCycle, findDeep, findUnclonable } = require('./where');

const WHAT = 'The "value" argument';

/* A value that V8 cannot clone. Like V8's own, it is an Error with another name. */
class DataCloneError extends Error {
  /* Whether an object can be cloned by itself; codec/v8.js sets it. */
  static canClone = () => true;
}
Object.defineProperty(DataCloneError.prototype, 'name', {
  value: 'DataCloneError',
  writable: true,
  configurable: true,
});

/* Sets the cause of an error as the constructor of an error does. */
function because(error, cause) {
  Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
  return error;
}

/* undefined, a function or a symbol. */
const noValue = (value) => invalidType(WHAT, 'a value (no undefined, function or symbol)', value);

const noBytes = (value) =>
  withCode(
    new TypeError(
      `The "codec.encode" function must return a Uint8Array. It returned ${kind(value)}`,
    ),
    'ERR_INVALID_RETURN_VALUE',
  );

const kind = (value) =>
  value === null || typeof value !== 'object'
    ? String(value === null ? null : typeof value)
    : `an instance of ${value.constructor?.name ?? 'Object'}`;

const noText = () =>
  invalidValue(
    WHAT,
    "has no JSON text, because its toJSON() returned undefined, a function or a symbol; use codec 'auto'",
  );

const tooLong = (cause) =>
  withCode(
    new RangeError(
      `${WHAT} is too large: its JSON text is longer than a string can be; set a smaller value`,
      { cause },
    ),
    'ERR_OUT_OF_RANGE',
  );

const OURS = [
  [
    (error) => error instanceof DataCloneError,
    (error, value) => {
      const where = findUnclonable(value, DataCloneError.canClone);
      return invalidValue(WHAT, `has a part that cannot be cloned${where}: ${error.message}`);
    },
  ],
  [
    (error) => isNative(error, 'TypeError') && /^Converting circular structure/.test(error.message),
    (error, value) =>
      invalidValue(
        WHAT,
        `contains itself${findCycle(value)}, which JSON cannot express; use codec 'auto'`,
      ),
  ],
  [
    (error) => isNative(error, 'TypeError') && /serialize a BigInt/.test(error.message),
    (error, value) =>
      invalidValue(
        WHAT,
        `contains a bigint${findBigint(value)}, which JSON cannot express; use codec 'auto'`,
      ),
  ],
  [isTooLong, tooLong],
];

/* Compares the name, not the class: V8's serializer makes its errors in the main realm, and this file may
 * run in another (Jest, vitest). */
function isNative(error, name) {
  return types.isNativeError(error) && error.name === name;
}

function isTooLong(error) {
  return isNative(error, 'RangeError') && error.message === 'Invalid string length';
}

function isOverflow(error) {
  return isNative(error, 'RangeError') && error.message === 'Maximum call stack size exceeded';
}

/* The error for an error of encoding. An error of the user's own code stays as it is. */
function encodeError(error, value) {
  const deep = isOverflow(error) ? findDeep(value) : undefined;
  if (deep !== undefined) {
    return because(
      withCode(
        new RangeError(
          `${WHAT} is nested too deeply for this thread's stack${deep}; set a flatter value`,
        ),
        'ERR_OUT_OF_RANGE',
      ),
      error,
    );
  }
  const found = OURS.find(([is]) => is(error));
  return found ? because(found[1](error, value), error) : error;
}

/* Bytes that no codec of this package writes. */
function corrupt(reason, cause) {
  const more = isOverflow(cause) ? " (or it is nested too deeply for this thread's stack)" : '';
  return new MmapipcError(
    'ERR_MMAPIPC_CORRUPT',
    `The value cannot be decoded: ${reason}${cause ? ` (${messageOf(cause)})` : ''}${more}; another ` +
      'process has overwritten it, or uses another codec; set the value again',
    { cause },
  );
}

/* A custom decode can throw any value as the cause. */
function messageOf(cause) {
  try {
    return String(cause?.message ?? cause);
  } catch {
    return 'an error without a message';
  }
}

/* A value with a type that this codec does not read. */
function otherCodec(type, name) {
  const writer = WRITERS[type];
  const safe =
    name === 'json'
      ? "; 'json' decodes only JSON, because other data from an untrusted writer is not safe to decode"
      : '';
  return new MmapipcError(
    'ERR_MMAPIPC_CODEC',
    `The value was set by a process with codec ${writer}, and this process has codec '${name}': use ` +
      `the same codec in every process${safe}`,
    { found: writer, wanted: name },
  );
}

/* A region that was created with a codec that does not go with the requested one. */
function codecMismatch(where, found = 'unknown to this version', wanted) {
  return new MmapipcError(
    'ERR_MMAPIPC_CODEC',
    `${where} was created with codec '${found}', and is opened with codec '${wanted}'; use the same ` +
      'codec in every process',
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
