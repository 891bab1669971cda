/*
 * The guard of a Share's lock: one acquisition, under which the value is read and changed. An acquisition
 * of lockAsync can be used only through its guard.
 */
'use strict';

const { MmapipcError } = require('../base/errors');
const { HELD, guardClass } = require('../lock/guard');
const { callback, integer } = require('../base/validate');
const { update } = require('./update');
const { WAY } = require('./value');

/* share[VALUE]: the Value on which the guards of a Share act. */
const VALUE = Symbol('value');

const ShareGuard = guardClass('ShareGuard', {
  get() {
    return valueOf(this).get();
  },

  set(value) {
    return valueOf(this).set(value, undefined, WAY.UNDER);
  },

  update(fn) {
    const lock = lockOf(this);
    callback(fn, 'The "fn" argument');
    return lock.runUpdate(() => update(lock.object[VALUE], fn));
  },

  clear() {
    valueOf(this).clear(WAY.UNDER);
  },

  compareAndSet(version, value) {
    integer(version, 'The "version" argument');
    return valueOf(this).set(value, version, WAY.UNDER) !== undefined;
  },
});

function valueOf(guard) {
  return lockOf(guard).object[VALUE];
}

function lockOf(guard) {
  const lock = guard[HELD];
  if (lock !== null) return lock;
  throw new MmapipcError(
    'ERR_MMAPIPC_NOT_LOCKED',
    'this guard was released; acquire the lock again and use the new guard',
  );
}

module.exports = { ShareGuard, VALUE };
