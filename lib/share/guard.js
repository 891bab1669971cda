/*
 * The guard of a Share's lock: an acquisition under which the value is read and changed, also when it
 * was taken by lockAsync, which no other call of the object may use.
 */
'use strict';

const { MmapipcError } = require('../base/errors');
const { HELD, guardClass } = require('../lock/guard');
const { integer } = require('../base/validate');

/* How a guard acts on its Share: share[UNDER] has store, clear and update. */
const UNDER = Symbol('under the lock');

const ShareGuard = guardClass('ShareGuard', {
  get() {
    return shareOf(this).get();
  },

  set(value) {
    return shareOf(this)[UNDER].store(value);
  },

  update(fn) {
    return shareOf(this)[UNDER].update(fn);
  },

  clear() {
    shareOf(this)[UNDER].clear();
  },

  compareAndSet(version, value) {
    integer(version, 'The "version" argument');
    return shareOf(this)[UNDER].store(value, version) !== undefined;
  },
});

function shareOf(guard) {
  const lock = guard[HELD];
  if (lock !== null) return lock.object;
  throw new MmapipcError(
    'ERR_MMAPIPC_NOT_LOCKED',
    'this guard was released; take the lock again to act under it',
  );
}

module.exports = { ShareGuard, UNDER };
