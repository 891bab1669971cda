/*
 * sizeOf: the bytes that a template takes. The template language itself measures a template in the count
 * of `a[template]`: C compiles that, and its only field has the size.
 */
'use strict';

const { invalidValue } = require('../base/errors');
const { pack } = require('./pack');
const { packer } = require('./memory');
const { PACK } = require('./programs');

const PARTS = 3; /* numbers that fields() returns for a field: kind, count, size */
const COMMENT = /#.*/g;
const VARIABLE = /[Uw]/; /* C measures each of them as one byte, their smallest size */

/* C lists fields of up to 1 MiB; a larger one is measured by packing it as padding. */
function sizeOf(template) {
  PACK.find(template); // throws if it is no template, so that none of its brackets ends ours
  const letters = template.replace(COMMENT, '');
  if (letters.trim() === '') return 0;
  if (VARIABLE.test(letters)) throw noSize(template);
  const measured = `[${template}\n]`; // the line break ends a comment
  let fields;
  try {
    fields = packer.fields(PACK.find(`a${measured}`).index);
  } catch (error) {
    throw noSize(template, error);
  }
  return fields.length === PARTS ? fields[1] : pack(`x${measured}`).length;
}

function noSize(template, cause) {
  const error = invalidValue(
    'The "template" argument',
    `'${template}' must have a fixed size; the size of '*', '/', '@', 'w', 'u' and 'U' depends on the ` +
      'values or the position',
  );
  if (cause !== undefined) error.cause = cause;
  return error;
}

module.exports = { sizeOf };
