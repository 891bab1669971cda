/*
 * News from threads of C: a notice gives the handle of an object, and the object's listeners ask what
 * has happened. Also what keeps the event loop running: promises that are not settled.
 *
 * One thread may load several copies of these modules over the one addon (a test runner gives each
 * test file its own). The listeners and what is pending belong to the thread and lie on
 * `binding.shared`, made of the addon's own globals so that no copy is kept alive by them.
 */
'use strict';

const process = require('node:process');

const binding = require('./binding');

const { shared } = binding;
/* handle -> functions; a listener is not collected */
const listeners = (shared.listeners ??= new binding.global.Map());
shared.pending ??= 0;
shared.isKeptAlive ??= false;
let isReady = false;

function deliver(handle) {
  const all = listeners.get(handle);
  if (all !== undefined) for (const listener of [...all]) listener();
}

/* Calls listener() when there may be news of this handle. 0, or a status. */
function listen(handle, listener) {
  if (!isReady) {
    /* Of several copies the one that asked last delivers for all. */
    const status = binding.notices(deliver);
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

/* Whether `item` is pending, which keeps the event loop running. Before the first one something must
 * listen. Its mark and the count change together, as no call can be unwound between the two; and a
 * call that was unwound later is made up for by the next. */
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

/* An object was collected while it held its lock, which C keeps until the thread ends. `label`: what
 * it was, of a file its path. */
function warnCollected(label, handle, isRegion) {
  const file = label === undefined ? 'a file descriptor' : label;
  const what = isRegion ? label : `Mmap over ${file}`;
  const which = handle === undefined ? what : `${what} (handle ${handle})`;
  process.emitWarning(
    `${which} was garbage-collected while it held its lock. The lock is held until this thread ` +
      'ends; keep a reference to the object or its guard, and release the lock when it is done',
    { type: 'MmapipcWarning', code: 'MMAPIPC_LOCK_COLLECTED' },
  );
}

binding.collected(warnCollected);

module.exports = { keepAlive, listen, unlisten };
