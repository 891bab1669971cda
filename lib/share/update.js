/*
 * One update of a Share's value under its lock, and the results that the function given to update() or
 * updateAsync() may return.
 */
'use strict';

const { invalidReturn, withCode } = require('../base/errors');
const { WAY } = require('./value');

/* Within a section that holds the lock. Returns the new value. */
function update(current, fn) {
  const value = fn(current.get());
  checkResult(value);
  current.set(value, undefined, WAY.UPDATE);
  return value;
}

function noResult() {
  const message =
    'The function given to update returned undefined, which is not a value; return the new value, or ' +
    'use clear()';
  return withCode(new TypeError(message), 'ERR_INVALID_RETURN_VALUE');
}

function checkResult(value) {
  if (value === undefined) throw noResult();
  if (typeof value?.then === 'function') {
    throw invalidReturn('update', 'the lock is released before it settles; use updateAsync');
  }
}

module.exports = { noResult, update };
