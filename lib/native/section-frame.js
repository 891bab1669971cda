/*
 * The memory that JS and C of this thread share for sections (src/base/layout.h): `handles` and `words`
 * over the frame, and where its fields are in them.
 */
'use strict';

const binding = require('./binding');

const { fields } = binding.layout.section;
const memory = binding.sectionMemory();

/* Where a field is in `words`. */
const at = (name) => fields[name].offset / 4;

module.exports = {
  handles: new Float64Array(memory, fields.handle.offset, 1),
  words: new Int32Array(memory),
  STATUS: at('status'),
  MS: at('ms'),
  BARGE: at('barge'),
  UPDATES: at('updates'),
};
