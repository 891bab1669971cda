/*
 * Attaching to a region: the wait for others who are just making or leaving it, and what of it is
 * handed on to child processes.
 */
'use strict';

const { mustInherit } = require('./ancestry');
const binding = require('../native/binding');
const { now } = require('../base/clock');
const { PLACE, describe, namesParent, variableOf } = require('./options');
const { regionError } = require('./errors');
const { codeOf } = require('../native/status');

/* ms of a native wait: worker.terminate() and process.exit() act between two. */
const SLICE = 20;

/* What C wants to know besides what the user said. */
function complete(spec) {
  const isInherit = spec.place === PLACE.inherit;
  return {
    ...spec,
    directory: spec.place === PLACE.path ? undefined : namesParent(),
    inherited: isInherit ? process.env[variableOf(spec.where)] : undefined,
    mustInherit: isInherit && mustInherit(),
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
  const kind = binding.regionKinds[spec.kind];
  const isNamed = spec.place !== PLACE.anonymous && spec.place !== PLACE.handle;
  const label = isNamed ? `${kind} (${describe(spec)})` : kind; // the others C knows by their handles
  return persist({ ...spec, label }, (asked) => binding.openRegion(owner, asked));
}

/*
 * What goes down to children: while this process is attached, the environment variable holds the
 * handle of one of its attachments. For each variable: a row for each object of this thread that is
 * open, and the value that was there before. All copies of these modules share it, as they share
 * process.env.
 */
const variables = (binding.shared.variables ??= new binding.global.Map());

/* A row for withdraw(). */
function handOn(owner, name, handle) {
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

/* The object is being closed. The last one takes the variable away, unless this process stays
 * attached under the name without an object, as one was collected. */
function withdraw(row) {
  collected.unregister(row);
  const { name, variable, handle } = row;
  const { rows, before, isKept } = forget(row);
  if (rows.size > 0 || isKept || binding.regionKept(name) !== false) return;
  variables.delete(variable);
  if (process.env[variable] !== handle) return;
  if (before === undefined) delete process.env[variable];
  else process.env[variable] = before;
}

/* The entry without the row. The variable names another of its rows; without any it stays. */
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

module.exports = { handOn, openRegion, persist, complete, withdraw };
