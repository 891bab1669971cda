/*
 * Runs a function with an object, and disposes of the object afterwards.
 */
'use strict';

const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

/* Returns the result of fn(object). A promise is settled before the object is disposed of. */
function use(object, fn) {
  let result;
  try {
    result = fn(object);
  } catch (error) {
    object[DISPOSE]();
    throw error;
  }
  if (typeof result?.then !== 'function') {
    object[DISPOSE]();
    return result;
  }
  return Promise.resolve(result).finally(() => object[DISPOSE]());
}

module.exports = { DISPOSE, use };
