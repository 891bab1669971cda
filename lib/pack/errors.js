/*
 * The errors for the answers of C to a template, its values or the bytes (src/pack/template.h).
 */
'use strict';

const os = require('node:os');

const binding = require('../native/binding');
const { invalidType, invalidValue, outOfRange, systemError, withCode } = require('../base/errors');
const { FIELDS, doubles, words } = require('./memory');

/* The numbers of the answers that are not failures. */
const [MORE_VALUES, MORE_TEXT, MORE_OUTPUT] = ['MORE_VALUES', 'MORE_TEXT', 'MORE_OUTPUT'].map(
  (name) => binding.packErrors.findIndex((row) => row.name === name),
);

const MAKE = {
  TEMPLATE: (template, text) =>
    invalidValue('The "template" argument', `'${template}' cannot be read: ${text}`),
  VALUES: (template, text) => invalidValue('The values', `do not fit '${template}': ${text}`),
  VALUE: (template, text, value, index) =>
    invalidType(`Value ${index + 1} for '${template}'`, text, value),
  RANGE: (template, text, value, index) =>
    outOfRange(`value ${index + 1} for '${template}'`, text, value),
  BYTES: (template, text) =>
    withCode(new RangeError(`The template '${template}': ${text}`), 'ERR_OUT_OF_RANGE'),
  NO_MEMORY: () => systemError(-os.constants.errno.ENOMEM, 'malloc'),
};

/* The error for a positive answer; `values`: the packed ones. */
function packError(answer, template, values = []) {
  const { kind, text } = binding.packErrors[answer];
  const number = doubles[FIELDS.number];
  const filled = text
    .replace('%c', () => String.fromCharCode(words[FIELDS.letter]))
    .replace('%n', () => String(number));
  return MAKE[kind](template, filled, values[number], number);
}

module.exports = { MORE_VALUES, MORE_TEXT, MORE_OUTPUT, packError };
