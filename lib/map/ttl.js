/*
 * The time to live of an entry, as the methods of a SharedMap take it.
 */
'use strict';

const { isDate } = require('node:util').types;

const { wallNow } = require('../base/clock');
const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const { options } = require('../base/validate');

const KNOWN = ['ttl', 'expires'];
const getTime = Date.prototype.getTime;

/* Whole milliseconds, or Infinity; `otherwise` for undefined. */
function ttlOf(ttl, otherwise, what = 'The "ttl" argument') {
  if (ttl === undefined) return otherwise;
  if (typeof ttl !== 'number') throw invalidType(what, 'of type number', ttl);
  if (!(ttl > 0)) throw outOfRange(what, '> 0 (Infinity: no expiry)', ttl);
  return Math.ceil(ttl);
}

/* An entry that has expired already lives 0 ms. */
function untilOf(expires) {
  const what = 'The option "expires"';
  const time = isDate(expires) ? getTime.call(expires) : expires;
  if (typeof time !== 'number') {
    throw invalidType(what, 'a Date, or of type number (milliseconds since 1970)', expires);
  }
  if (Number.isNaN(time)) throw outOfRange(what, 'a time', expires);
  return Math.max(0, Math.ceil(time - wallNow()));
}

/* The argument `ttl | { ttl?, expires? }` of set() and similar methods. */
function lifeOf(given, otherwise) {
  if (given === undefined || typeof given === 'number') return ttlOf(given, otherwise);
  if (given === null || typeof given !== 'object' || isDate(given)) {
    throw invalidType(
      'The "ttl" argument',
      'of type number, or an object with "ttl" or "expires"',
      given,
    );
  }
  const { ttl, expires } = options(given, KNOWN, 'The "ttl" argument');
  if (expires === undefined) return ttlOf(ttl, otherwise, 'The option "ttl"');
  if (ttl !== undefined) {
    throw invalidValue('The options "ttl" and "expires"', 'exclude each other; give one of them');
  }
  return untilOf(expires);
}

module.exports = { lifeOf, ttlOf };
