/*
 * What can go wrong between a value and its bytes, said so that the reader knows what to do. Knows
 * the types' numbers, and nothing of how they are written.
 */
'use strict';

const { MmapipcError, invalidType, invalidValue, withCode } = require('./errors');
const { WRITERS } = require('./codec-types');

const WHAT = 'The "value" argument';

/* What V8 cannot clone; as its own errors are, plain ones by another name. */
class DataCloneError extends Error {}
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
    (error) => invalidValue(WHAT, `holds what cannot be cloned: ${error.message}`),
  ],
  [
    (error) => error instanceof TypeError && /^Converting circular structure/.test(error.message),
    () => invalidValue(WHAT, "holds a cycle, which JSON does not have; codec 'auto' keeps it"),
  ],
  [
    (error) => error instanceof TypeError && /serialize a BigInt/.test(error.message),
    () => invalidValue(WHAT, "holds a bigint, which JSON does not have; codec 'auto' keeps it"),
  ],
  [isTooLong, tooLong],
];

function isTooLong(error) {
  return error instanceof RangeError && error.message === 'Invalid string length';
}

function isOverflow(error) {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}

/* What encoding threw, in our words; what the user's own code threw, as it is. */
function encodeError(error, value) {
  if (isOverflow(error) && isDeep(value)) {
    return withCode(
      new RangeError(`${WHAT} is nested too deeply for this thread's stack`, { cause: error }),
      'ERR_OUT_OF_RANGE',
    );
  }
  const found = OURS.find(([is]) => is(error));
  return found ? because(found[1](error), error) : error;
}

const DEEP = 300;

/* Whether it is the value that is deep, and not the stack that was full before. Runs no getters. */
function isDeep(value) {
  const seen = new Set();
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEP) return true;
    level = level.flatMap(inner).filter((one) => !seen.has(one) && seen.add(one));
  }
  return false;
}

function inner(value) {
  const more =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value.values()] : [];
  const own = Object.values(Object.getOwnPropertyDescriptors(value)).map((one) => one.value);
  return [...own, ...more].filter((one) => typeof one === 'object' && one !== null);
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

module.exports = {
  DataCloneError,
  corrupt,
  encodeError,
  isTooLong,
  noBytes,
  noText,
  noValue,
  otherCodec,
};
