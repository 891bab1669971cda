/*
 * Functions that run when an AbortSignal is aborted. Each signal gets one listener, however many
 * functions wait for it, because Node warns about more than ten.
 */
'use strict';

const waiting = new WeakMap(); /* signal -> { fns: Set, listener } */

/* Runs fn() once, when the signal is aborted, unless offAbort() comes first. */
function onAbort(signal, fn) {
  const entry = waiting.get(signal);
  if (entry !== undefined) {
    entry.fns.add(fn);
    return;
  }
  const fns = new Set([fn]);
  const listener = () => {
    waiting.delete(signal);
    for (const each of fns) each();
  };
  waiting.set(signal, { fns, listener });
  signal.addEventListener('abort', listener, { once: true });
}

function offAbort(signal, fn) {
  const entry = waiting.get(signal);
  if (!entry?.fns.delete(fn) || entry.fns.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener('abort', entry.listener);
}

module.exports = { offAbort, onAbort };
