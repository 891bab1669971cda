/*
 * What the function given to update() or updateAsync() may return.
 */
'use strict';

const { invalidReturn, withCode } = require('../base/errors');

function noResult() {
  const message =
    'The function given to update returned undefined, which is no value to set; return the new ' +
    'value, or use clear()';
  return withCode(new TypeError(message), 'ERR_INVALID_RETURN_VALUE');
}

function checkResult(value) {
  if (value === undefined) throw noResult();
  if (typeof value?.then === 'function') {
    throw invalidReturn('update', 'the lock would be gone before its end; use updateAsync');
  }
}

module.exports = { checkResult, noResult };
