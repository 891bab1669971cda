/*
 * Changes of one entry that depend on its old value. None takes a lock while code of the user runs: the
 * entry is read with its version, and set if it still has that version; otherwise all begins again.
 */
'use strict';

const { now } = require('../base/clock');
const { checkResult, noResult, setsItself, updateTimedOut } = require('./errors');

/* Sets the new value. With `ttl` undefined the entry keeps its expiry; a new one gets `otherwise`. */
function replace(table, key, old, value, ttl, otherwise) {
  if (old === undefined) return table.compareAndSet(key, 0, value, ttl ?? otherwise);
  return table.compareAndSet(key, old.version, value, ttl ?? Infinity, ttl === undefined);
}

/* The new value. */
function update(table, key, fn, ttl, otherwise, timeout) {
  const until = now() + timeout;
  for (;;) {
    const old = table.entry(key);
    table.forgetChange();
    const value = fn(old?.value);
    checkResult(value);
    if (replace(table, key, old, value, ttl, otherwise)) return value;
    if (table.isOwnChange()) throw setsItself(key);
    if (now() >= until) throw updateTimedOut(key, timeout);
  }
}

async function updateAsync(table, key, fn, ttl, otherwise, timeout) {
  const until = now() + timeout;
  for (;;) {
    const old = table.entry(key);
    const value = await fn(old?.value);
    if (value === undefined) throw noResult('updateAsync', ', or use delete()');
    if (replace(table, key, old, value, ttl, otherwise)) return value;
    if (now() >= until) throw updateTimedOut(key, timeout);
  }
}

/* The old value, or undefined. */
function getAndSet(table, key, value, ttl) {
  for (;;) {
    const old = table.entry(key);
    if (table.compareAndSet(key, old?.version ?? 0, value, ttl)) return old?.value;
  }
}

function getAndDelete(table, key) {
  for (;;) {
    const old = table.entry(key);
    if (old === undefined || table.deleteVersion(key, old.version)) return old?.value;
  }
}

module.exports = { getAndDelete, getAndSet, update, updateAsync };
