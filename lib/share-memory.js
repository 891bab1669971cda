/*
 * The memory that JS and C of this thread share for calls of Share: a frame of fields, and room for
 * the bytes of a value behind it (src/shm/layout.h). And room for larger values, kept for the next.
 */
'use strict';

const binding = require('./binding');

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

let kept = Buffer.alloc(0);

/* For a value that the room is too small for; what is in it is good until the next call. */
function largeRoom(length) {
  if (length <= kept.length) return kept;
  const fresh = Buffer.allocUnsafeSlow(length);
  if (length <= MOST_KEPT) kept = fresh;
  return fresh;
}

module.exports = {
  CHECKED,
  EXPECTED,
  LENGTH,
  TYPE,
  VERSION,
  doubles,
  largeRoom,
  room,
  words,
};
