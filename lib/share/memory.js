/*
 * The memory that JS and C of this thread share for calls of Share: a frame of fields, and room for
 * the bytes of a value behind it (src/base/layout.h). And room for larger values, kept for the next.
 */
'use strict';

const { constants } = require('node:buffer');

const binding = require('../native/binding');
const { MmapipcError } = require('../base/errors');

const { size: FRAME, fields } = binding.layout.share;
const MOST_KEPT = 4 * 1024 * 1024; /* bytes */

const memory = binding.shareMemory();
const room = Buffer.from(memory, FRAME);
const doubles = new Float64Array(memory, 0, FRAME / 8);
const words = new Uint32Array(memory, 0, FRAME / 4);

/* Where a field is in `doubles` or `words`. */
const at = (name) => fields[name].offset / (fields[name].type === 'double' ? 8 : 4);

const VERSION = at('version');
const EXPECTED = at('expected');
const LENGTH = at('length');
const TYPE = at('type');
const CHECKED = at('checked');
const HANDLE = at('handle');

let kept = Buffer.alloc(0);

/* For a value that the room is too small for; what is in it is good until the next call. */
function largeRoom(length) {
  if (length <= kept.length) return kept;
  if (length > constants.MAX_LENGTH) throw tooLong(length);
  const fresh = Buffer.allocUnsafeSlow(length);
  if (length <= MOST_KEPT) kept = fresh;
  return fresh;
}

/* Nobody sets it by this class: a value is encoded into a Buffer. */
function tooLong(length) {
  return new MmapipcError(
    'ERR_MMAPIPC_CORRUPT',
    `the value says that it has ${length} bytes, and a Buffer of this Node ${constants.MAX_LENGTH} ` +
      'at most: another process has overwritten it; set it anew',
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
  largeRoom,
  room,
  words,
};
