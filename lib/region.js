/*
 * Attaching to a region: the wait for others who are just making or leaving it, and what of it is
 * handed on to child processes.
 */
'use strict';

const binding = require('./binding');
const { now } = require('./clock');
const { PLACE, namesParent, variableOf } = require('./region-options');
const { regionError } = require('./region-errors');
const { codeOf } = require('./report');

/* ms of a native wait: worker.terminate() and process.exit() act between two. */
const SLICE = 20;

/* Somebody above this thread could have opened it before: a forked child, a cluster worker, a
 * thread. (process.send stays when the channel is closed. The module is required here, as it takes
 * an eighth of the time that all of ours take.) */
const hasParent = () => !require('node:worker_threads').isMainThread || process.send !== undefined;

/* What C wants to know besides what the user said. */
function complete(spec) {
  const isInherit = spec.place === PLACE.inherit;
  return {
    ...spec,
    directory: spec.place === PLACE.name ? namesParent() : undefined,
    inherited: isInherit ? process.env[variableOf(spec.where)] : undefined,
    mustInherit: isInherit && hasParent(),
    wait: 0,
  };
}

/* Calls `call(spec)` in slices until it ends otherwise than by TIMEOUT, or spec.timeout has passed:
 * its result, or the error. */
function persist(given, call) {
  const spec = complete(given);
  const until = now() + spec.timeout;
  for (let rest = spec.timeout; ; rest = until - now()) {
    spec.wait = Math.ceil(Math.max(0, Math.min(rest, SLICE)));
    const result = call(spec);
    if (typeof result !== 'number' || result >= 0) return result;
    if (rest > 0 && codeOf(result) === 'ERR_MMAPIPC_TIMEOUT') continue;
    throw regionError(result, spec);
  }
}

/* The handle of C's mapping; binding.report tells more. */
function openRegion(owner, spec) {
  return persist(spec, (asked) => binding.openRegion(owner, asked));
}

/*
 * What goes down to children: in the environment stands the handle of an attachment of this very
 * process, while it has one; its first process may be gone by then. Per variable the handles that
 * are open in this thread.
 */
const open = new Map();

function handOn(owner, name, handle) {
  const variable = variableOf(name);
  if (!open.has(variable)) open.set(variable, new Set());
  open.get(variable).add(handle);
  process.env[variable] = handle;
  collected.register(owner, { name, handle }, owner);
}

/* The last handle stays in place: others may still be found by its id. */
function withdraw(owner, name, handle) {
  collected.unregister(owner);
  forget({ name, handle });
}

function forget({ name, handle }) {
  const variable = variableOf(name);
  const handles = open.get(variable);
  handles?.delete(handle);
  if (process.env[variable] === handle && handles?.size > 0) {
    [process.env[variable]] = handles;
  }
  if (handles?.size === 0) open.delete(variable);
}

const collected = new FinalizationRegistry(forget);

module.exports = { handOn, openRegion, persist, complete, withdraw };
