/*
 * The errors of a SharedMap: each message names what was found, what was expected, and what to do.
 */
'use strict';

const binding = require('../native/binding');
const { MmapipcError, invalidReturn, invalidType, withCode } = require('../base/errors');
const { codeOf, errorOf: statusError } = require('../native/status');
const { staleError } = require('../region/errors');
const { PLACE, describe } = require('../region/options');

const { FULL, NOT_NUMBER } = binding.numbers.map;
const { KEY: MOST_KEY } = binding.numbers.mapLimit;
const MOST_VALUE = 2 ** 32 - 1; /* bytes */
const WIDE = /[\u0100-\uffff]/;
const OVERHEAD = 48; /* bytes of an entry besides key and value, about */
const SHOWN = 40; /* characters of a key in a message */

const sizeOfKey = (key) => (WIDE.test(key) ? 2 * key.length : key.length);

const quoted = (key) =>
  JSON.stringify(key.length > SHOWN ? `${key.slice(0, SHOWN)}...` : key.toWellFormed());

const keyType = (key) => invalidType('The "key" argument', 'of type string', key);

function keyTooLong(key) {
  const length = sizeOfKey(key);
  return new MmapipcError(
    'ERR_MMAPIPC_KEY_TOO_LONG',
    `the key ${quoted(key)} has ${length} bytes, and a key may have ${MOST_KEY} (a key with a character ` +
      'above U+00FF counts two bytes for each); use a shorter key, such as a hash of it',
    { required: length, limit: MOST_KEY },
  );
}

/* `facts`: see binding.mapFacts(). */
function full(key, length, { used, capacity }) {
  const required = sizeOfKey(key) + length + OVERHEAD;
  return new MmapipcError(
    'ERR_MMAPIPC_FULL',
    `the map has no space for the key ${quoted(key)}, whose entry needs about ${required} bytes; ${used} of ` +
      `${capacity} bytes are in use; delete entries, create the map with a larger capacity (unused ` +
      "capacity takes no memory), or with { evict: 'lru' }, which drops old entries",
    { required, used, capacity },
  );
}

function valueTooLarge(length, capacity) {
  return new MmapipcError(
    'ERR_MMAPIPC_TOO_LARGE',
    `the value needs ${length} bytes, and a value of this map may have ${capacity}; set a smaller value`,
    { required: length, capacity },
  );
}

const notNumber = (key) =>
  new MmapipcError(
    'ERR_MMAPIPC_NOT_NUMBER',
    `the value of the key ${quoted(key)} is not a number, so nothing can be added to it; set a number first`,
  );

const timedOut = (spec) =>
  new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `a part of ${describe(spec)} was locked by another process, or changed too often to be read, for ` +
      `${spec.timeout} ms; resume or end that process if it is stopped, or set a longer timeout`,
  );

const makeTimedOut = (key, timeout) =>
  new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `the value of the key ${quoted(key)} was not made within ${timeout} ms; use a longer { timeout }, or none`,
  );

const unchanged = (timeout) =>
  new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `the entry was not changed within ${timeout} ms; use a longer { timeout }, or none`,
  );

const updateTimedOut = (key, timeout) =>
  new MmapipcError(
    'ERR_MMAPIPC_TIMEOUT',
    `the key ${quoted(key)} was changed by others for ${timeout} ms, each time before update() could set ` +
      'it; make the function faster, use increment(), or set a longer timeout; the function must not set ' +
      'the key itself',
  );

const setsItself = (key) =>
  new MmapipcError(
    'ERR_MMAPIPC_DEADLOCK',
    `the function given to update() sets the key ${quoted(key)} itself, which the result of the update would ` +
      'overwrite; return the new value instead',
  );

const readOnly = () =>
  new MmapipcError(
    'ERR_MMAPIPC_ACCESS',
    'the map is attached read-only; attach without readOnly to change it',
  );

function closedError() {
  return new MmapipcError('ERR_MMAPIPC_CLOSED', 'the map is closed');
}

const OURS = {
  ERR_MMAPIPC_CLOSED: closedError,
  ERR_MMAPIPC_ACCESS: readOnly,
  ERR_MMAPIPC_STALE: staleError,
  ERR_MMAPIPC_KEY_TOO_LONG: (spec, { key }) => keyTooLong(key),
  ERR_OUT_OF_RANGE: (spec, { length }) => valueTooLarge(length, MOST_VALUE),
  ERR_MMAPIPC_EXHAUSTED: (spec) =>
    new MmapipcError(
      'ERR_MMAPIPC_EXHAUSTED',
      `${describe(spec)} has as many writers as it can have, or a key of it was changed 2^52 times; close ` +
        'it in some processes, or create it again',
    ),
  ERR_MMAPIPC_CORRUPT: (spec) =>
    new MmapipcError(
      'ERR_MMAPIPC_CORRUPT',
      `the table of ${describe(spec)} is inconsistent, because another process has overwritten it; close it ` +
        'in all processes and create it again',
    ),
};

/* The error for a result of C that is neither a success nor a wait; `at`: { handle, key, length }. */
function errorOf(result, spec, at) {
  if (result === FULL) {
    const facts = binding.mapFacts(at.handle);
    if (typeof facts === 'number') return errorOf(facts, spec, at);
    return full(at.key, at.length, facts);
  }
  if (result === NOT_NUMBER) return notNumber(at.key);
  const ours = OURS[codeOf(result)];
  const { place, where } = spec;
  return ours?.(spec, at) ?? statusError(result, 'mmap', place === PLACE.PATH ? where : undefined);
}

/* A map that exists and evicts otherwise. */
const otherEvict = (spec, found, wanted) =>
  new MmapipcError(
    'ERR_MMAPIPC_KIND',
    `${describe(spec)} was created with { evict: '${found}' }, and is opened with { evict: '${wanted}' }; ` +
      'leave the option out to take the map as it is',
    { found, wanted },
  );

/* The results of functions given to update() and getOrSetAsync(). */
const noResult = (name, cure) =>
  withCode(
    new TypeError(
      `The function given to ${name} returned undefined, which is not a value; return the new value${cure}`,
    ),
    'ERR_INVALID_RETURN_VALUE',
  );

function checkResult(value) {
  if (value === undefined) throw noResult('update', ', or use delete()');
  if (typeof value?.then === 'function') {
    throw invalidReturn('update', 'it would be stored in place of its result; use updateAsync');
  }
}

module.exports = {
  MOST_VALUE,
  checkResult,
  closedError,
  errorOf,
  keyType,
  makeTimedOut,
  noResult,
  otherEvict,
  setsItself,
  timedOut,
  unchanged,
  updateTimedOut,
  valueTooLarge,
};
