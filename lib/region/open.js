/*
 * Attaches to a region: waits while another process creates, joins or leaves it, and puts the handles of
 * inherited regions into the environment of child processes.
 */
'use strict';

const { mustInherit } = require('./ancestry');
const binding = require('../native/binding');
const { SLICE, now } = require('../base/clock');
const { PLACE, describe, namesParent, variableOf } = require('./options');
const { regionError } = require('./errors');
const { codeOf } = require('../native/status');

/* The specification with the facts that C needs besides the user's options. */
function complete(spec) {
  const isInherit = spec.place === PLACE.INHERIT;
  return {
    ...spec,
    directory: spec.place === PLACE.PATH ? undefined : namesParent(),
    inherited: isInherit ? process.env[variableOf(spec.where)] : undefined,
    mustInherit: isInherit && mustInherit(),
    wait: 0,
  };
}

/* Calls `call(spec)`, which waits for a slice at most, until its result is not TIMEOUT, or spec.timeout
 * has passed. Returns the result; a failure is thrown. */
function callInSlices(given, call) {
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

/* The handle of C's mapping. Details are in the report (native/status.js). */
function openRegion(owner, spec) {
  const kind = binding.regionKinds[spec.kind];
  const isNamed = spec.place !== PLACE.ANONYMOUS && spec.place !== PLACE.HANDLE;
  /* C knows the other regions by their handles. */
  const label = isNamed ? `${kind} (${describe(spec)})` : kind;
  return callInSlices({ ...spec, label }, (asked) => binding.openRegion(owner, asked));
}

/*
 * Inherited regions: while this process is attached to one, an environment variable holds the handle of
 * one of its attachments. Each variable has a row for each open object of this thread, and its value
 * from before. All copies of this module in the thread share the variables, as they share process.env.
 */
const variables = (binding.shared.variables ??= new binding.global.Map());

/* Puts the handle into the variable. Returns the row for withdrawHandle(). */
function exportHandle(owner, name, handle) {
  const variable = variableOf(name);
  let entry = variables.get(variable);
  if (entry === undefined) {
    entry = { rows: new Set(), before: process.env[variable], isKept: false };
    variables.set(variable, entry);
  }
  const row = { name, variable, handle };
  entry.rows.add(row);
  process.env[variable] = handle;
  collected.register(owner, row, row);
  return row;
}

/* An object is being closed. The last one removes the variable, or restores it, unless this process
 * stays attached under the name because an object was collected. */
function withdrawHandle(row) {
  collected.unregister(row);
  const { name, variable, handle } = row;
  const { rows, before, isKept } = forget(row);
  if (rows.size > 0 || isKept || binding.regionKept(name) !== false) return;
  variables.delete(variable);
  if (process.env[variable] !== handle) return;
  if (before === undefined) delete process.env[variable];
  else process.env[variable] = before;
}

/* Removes the row, and returns its entry. The variable gets the handle of another row, if there is
 * one. */
function forget(row) {
  const { variable, handle } = row;
  const entry = variables.get(variable);
  entry.rows.delete(row);
  const [other] = entry.rows;
  if (other !== undefined && process.env[variable] === handle) process.env[variable] = other.handle;
  return entry;
}

const collected = new FinalizationRegistry((row) => {
  forget(row).isKept = true;
});

module.exports = { callInSlices, complete, exportHandle, openRegion, withdrawHandle };
