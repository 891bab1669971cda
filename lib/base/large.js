/*
 * Memory for values that do not fit into the scratch memory of a frame: one Buffer, which is kept for
 * the next large value.
 */
'use strict';

const { constants } = require('node:buffer');

const { MmapipcError } = require('./errors');

const MOST_KEPT = 4 * 1024 * 1024; /* bytes */

let kept = Buffer.alloc(0);

/* A Buffer of at least `length` bytes, over an ArrayBuffer of its own from the first byte on. Its
 * content is valid until the next call. */
function largeScratch(length) {
  if (length <= kept.length) return kept;
  if (length > constants.MAX_LENGTH) throw tooLong(length);
  const fresh = Buffer.allocUnsafeSlow(length);
  if (length <= MOST_KEPT) kept = fresh;
  return fresh;
}

/* No set() of this package writes such a length, because it encodes the value into a Buffer. */
function tooLong(length) {
  return new MmapipcError(
    'ERR_MMAPIPC_CORRUPT',
    `the value has a length of ${length} bytes, and a Buffer of this Node has ${constants.MAX_LENGTH} ` +
      'at most: another process has overwritten the value; set it again',
  );
}

module.exports = { largeScratch };
