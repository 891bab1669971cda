/*
 * The frame of a section: memory of this thread that JS and C share (src/base/layout.h). `handles` and
 * `words` are views of it, and the constants are the indices of its fields in `words`.
 */
'use strict';

const binding = require('./binding');

const { fields } = binding.layout.section;
const memory = binding.sectionMemory();

/* The index of a field in `words`. */
const at = (name) => fields[name].offset / 4;

module.exports = {
  handles: new Float64Array(memory, fields.handle.offset, 1),
  words: new Int32Array(memory),
  STATUS: at('status'),
  MS: at('ms'),
  BARGE: at('barge'),
  UPDATES: at('updates'),
};
