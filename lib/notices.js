/*
 * News from threads of C: a notice says the handle of an object, and the object's listeners ask what
 * it is. And what keeps the event loop running: promises that are not settled.
 */
'use strict';

const binding = require('./binding');

/* handle -> functions; whoever listens is not collected */
const listeners = new Map();
let ready = false;

function deliver(handle) {
  const all = listeners.get(handle);
  if (all !== undefined) for (const listener of [...all]) listener();
}

/* Calls listener() when there may be news of this handle. 0, or a status. */
function listen(handle, listener) {
  if (!ready) {
    const status = binding.notices(deliver);
    if (status < 0) return status;
    ready = true;
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

/* What is pending keeps the event loop running: +1 when it begins, -1 when it ends. Before the first
 * one something must listen. */
let pending = 0;

function countPending(by) {
  pending += by;
  if (pending === 0 || (pending === 1 && by === 1)) binding.keepAlive(pending > 0);
}

module.exports = { countPending, listen, unlisten };
