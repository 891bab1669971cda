/*
 * sizeOf: how many bytes a template takes. The template language can already measure a template, as
 * the count in `a[template]`; C compiles that, and its one field has the size.
 */
'use strict';

const { invalidValue } = require('../base/errors');
const { pack } = require('./pack');
const { packer } = require('./memory');
const { PACK } = require('./programs');

const PARTS = 3; /* numbers that fields() gives for a field: kind, count, size */
const COMMENT = /#.*/g;
const VARIABLE = /[Uw]/; /* C measures them as one byte, which is the least they take */

/* C lists fields up to 1 MiB; what is larger is packed, as padding. */
function sizeOf(template) {
  PACK.find(template); // refuses what is no template, so that no bracket of it ends ours
  const letters = template.replace(COMMENT, '');
  if (letters.trim() === '') return 0;
  if (VARIABLE.test(letters)) throw noSize(template);
  const measured = `[${template}\n]`; // a comment ends with its line
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
    `'${template}' has no fixed size: it holds a '*', '/', '@', 'w', 'u' or 'U', whose size depends ` +
      'on the values or the position',
  );
  if (cause !== undefined) error.cause = cause;
  return error;
}

module.exports = { sizeOf };
