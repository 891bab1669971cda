/*
 * Wake-ups: messages from waiter threads of C to JS. A wake-up carries the handle of an object, and the
 * object's listeners then ask C for the result. This file also keeps the event loop running while
 * promises are pending.
 *
 * A thread may load several copies of this module over the same addon (a test runner gives each test
 * file its own). The listeners and the count of pending items belong to the thread, and lie on
 * `binding.shared`. They are made with the addon's own globals, so that they keep no copy alive.
 */
'use strict';

const process = require('node:process');

const binding = require('./binding');

const { shared } = binding;
/* handle -> functions, which are not collected while they listen */
const listeners = (shared.listeners ??= new binding.global.Map());
shared.pending ??= 0;
shared.isKeptAlive ??= false;
let isReady = false;

function deliver(handle) {
  const all = listeners.get(handle);
  if (all !== undefined) for (const listener of [...all]) listener();
}

/* Calls listener() at each wake-up of this handle. Returns 0 or a status. */
function listen(handle, listener) {
  if (!isReady) {
    /* Of several copies the last one delivers the wake-ups of all. */
    const status = binding.onWakeup(deliver);
    if (status < 0) return status;
    isReady = true;
  }
  const all = listeners.get(handle);
  if (all === undefined) listeners.set(handle, new Set([listener]));
  else all.add(listener);
  return 0;
}

function unlisten(handle, listener) {
  const all = listeners.get(handle);
  if (all?.delete(listener) && all.size === 0) listeners.delete(handle);
}

/* Sets whether `item` is pending; a pending item keeps the event loop running. Something must listen
 * before the first item is pending. The item's mark and the count change together, because no call is
 * unwound between the two; the next call makes up for one that is unwound after them. */
function keepAlive(item, on) {
  if ((item.isPending === true) !== on) {
    item.isPending = on;
    shared.pending += on ? 1 : -1;
  }
  const isAny = shared.pending > 0;
  if (isAny === shared.isKeptAlive) return;
  binding.keepAlive(isAny);
  shared.isKeptAlive = isAny;
}

/* An object was collected while it held its lock, which C now holds until the thread ends. `label`: the
 * object in words; of a file, its path. */
function warnCollected(label, handle, isRegion) {
  const file = label === undefined ? 'a file descriptor' : label;
  const what = isRegion ? label : `Mmap over ${file}`;
  const which = handle === undefined ? what : `${what} (handle ${handle})`;
  process.emitWarning(
    `${which} was garbage-collected while it held its lock. The lock stays held until this thread ` +
      'ends; keep a reference to the object or its guard, and release the lock when the work is done',
    { type: 'MmapipcWarning', code: 'MMAPIPC_LOCK_COLLECTED' },
  );
}

binding.onCollected(warnCollected);

module.exports = { keepAlive, listen, unlisten };
