/*
 * The memory that JS and C of this thread share for the calls of Share (src/base/layout.h): a frame of
 * fields, and behind it scratch memory for the bytes of a value. A larger value gets a Buffer.
 */
'use strict';

const binding = require('../native/binding');
const { largeScratch } = require('../base/large');

const { size: FRAME, fields } = binding.layout.share;

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
