/*
 * An object that is closed when a function is done with it.
 */
'use strict';

const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

/* Gives back what fn(object) returned; a promise is awaited before the object is disposed of. */
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
