/*
 * What the calls of a lock throw, for assert.throws() and assert.rejects(); and the name of dispose.
 */
'use strict';

const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });

module.exports = {
  ACCESS: error('ACCESS'),
  CLOSED: error('CLOSED'),
  DEADLOCK: error('DEADLOCK'),
  DISPOSE: Symbol.dispose ?? Symbol.for('nodejs.dispose'),
  LOCKED: error('LOCKED'),
  NOT_LOCKED: error('NOT_LOCKED'),
  TIMEOUT: error('TIMEOUT'),
  UNSUPPORTED: error('UNSUPPORTED'),
};
