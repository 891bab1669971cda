/*
 * The memory that JS and C of this thread share for the calls of Share (src/base/layout.h): a frame of
 * fields, and behind it scratch memory for the bytes of a value. A larger value gets a Buffer, which is
 * kept for the next large value.
 */
'use strict';

const { constants } = require('node:buffer');

const binding = require('../native/binding');
const { MmapipcError } = require('../base/errors');

const { size: FRAME, fields } = binding.layout.share;
const MOST_KEPT = 4 * 1024 * 1024; /* bytes */

const memory = binding.shareMemory();
const scratch = Buffer.from(memory, FRAME);
const doubles = new Float64Array(memory, 0, FRAME / 8);
const words = new Uint32Array(memory, 0, FRAME / 4);

/* The index of a field in `doubles` or `words`. */
const at = (name) => fields[name].offset / (fields[name].type === 'double' ? 8 : 4);

const VERSION = at('version');
const EXPECTED = at('expected');
const LENGTH = at('length');
const TYPE = at('type');
const CHECKED = at('checked');
const HANDLE = at('handle');

let kept = Buffer.alloc(0);

/* For a value that is larger than the scratch memory. Its content is valid until the next call. */
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

module.exports = {
  CHECKED,
  EXPECTED,
  HANDLE,
  LENGTH,
  TYPE,
  VERSION,
  doubles,
  largeScratch,
  scratch,
  words,
};
