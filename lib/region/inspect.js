/*
 * Regions seen from outside: inspect() reads a header, list() reports the names of the user, and unlink()
 * removes a name or file. None of them attaches, and only unlink() takes a lock.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');

const binding = require('../native/binding');
const { wallNow } = require('../base/clock');
const { invalidType, invalidValue } = require('../base/errors');
const { callInSlices, complete } = require('./open');
const { kindName, namesDirectory, regionError } = require('./errors');
const { CREATE, placeOf } = require('./options');
const { codeOf, textOf } = require('../native/status');
const { options, timeoutOf } = require('../base/validate');

const STATES = new Map([
  [undefined, 'ok'],
  ['ERR_MMAPIPC_FOREIGN', 'foreign'],
  ['ERR_MMAPIPC_VERSION', 'version'],
  ['ERR_MMAPIPC_CORRUPT', 'damaged'],
]);
const { SHARE } = binding.numbers.regionKind;
const { UNFINISHED } = binding.numbers.regionState;

/* { place, where } of the region that the argument names. */
function interpret(where, known) {
  if (typeof where === 'string') return placeOf({ handle: where });
  if (where === null || typeof where !== 'object') {
    throw invalidType(
      'The first argument',
      `a handle (string) or an object with one of ${known.join(', ')}`,
      where,
    );
  }
  const place = placeOf(options(where, known, 'The options object'));
  if (place !== undefined) return place;
  throw invalidValue('The options object', `must have one of ${known.join(', ')}`);
}

function stateOf(status) {
  return status === UNFINISHED ? 'unfinished' : (STATES.get(codeOf(status)) ?? 'damaged');
}

function reasonOf(status, version) {
  if (status === UNFINISHED) return 'the process that creates it has not finished, or was killed';
  if (codeOf(status) === 'ERR_MMAPIPC_VERSION') {
    return `${textOf(status)} (${version}, this package knows ${binding.regionVersion})`;
  }
  return textOf(status);
}

/* The time of the boot in ms; taken once, so that a participant always has the same `since`. */
const BOOT = wallNow() - os.uptime() * 1000;

function participantOf({ since, ...rest }) {
  return { ...rest, since: new Date(BOOT + since * 1000) };
}

/* The holder of the lock, as the table of participants knows it, and the number of waiters. */
function lockOf({ owner, heldMs, ownerAlive, participants }) {
  const waiters = participants
    .filter(({ alive }) => alive)
    .reduce((sum, { waiting }) => sum + waiting, 0);
  if (owner === 0) return { holder: null, waiters };
  const { pid, thread, pidNamespace } = participants.find(({ number }) => number === owner) ?? {};
  const since = new Date(wallNow() - heldMs);
  const holder = { number: owner, pid, thread, pidNamespace, alive: ownerAlive, since, heldMs };
  return { holder, waiters };
}

/* What a SharedMap holds, and which processes hold locks of its stripes at this moment. */
function mapOf({ evicts, holders, ...facts }, participants) {
  const { capacity, used } = facts;
  return {
    ...facts,
    free: capacity - used,
    evict: evicts ? 'lru' : 'none',
    holders: holders.map((holder) => {
      const { pid, thread } = participants.find(({ number }) => number === holder.number) ?? {};
      return { ...holder, pid, thread };
    }),
  };
}

const hex = (number) => number.toString(16).padStart(16, '0');

function inspect(where) {
  const spec = complete(interpret(where, ['handle', 'inherit', 'name', 'path']));
  const facts = binding.inspectRegion(spec);
  if (typeof facts === 'number') throw regionError(facts, { ...spec, create: CREATE.NEVER });
  const { state, id, size, version, kind, writers, readers, dead, participants } = facts;
  const { capacity, valueVersion, valueLength, map } = facts;
  if (state !== 0) return { state: stateOf(state), reason: reasonOf(state, version), version };
  return {
    state: 'ok',
    kind: kindName(kind),
    size,
    version,
    id: id.map(hex).join(''),
    writers,
    readers,
    dead,
    ...(capacity > 0 && { capacity }),
    ...(kind === SHARE && { value: { version: valueVersion, byteLength: valueLength } }),
    ...(map !== undefined && { map: mapOf(map, participants) }),
    lock: lockOf(facts),
    participants: participants.map(participantOf),
  };
}

function unlink(where) {
  if (where === null || typeof where !== 'object') {
    throw invalidType('The first argument', 'an object with a name or path', where);
  }
  const place = interpret(where, ['name', 'path', 'timeout']);
  const { timeout = 10000 } = where;
  timeoutOf(timeout, 'The option "timeout"');
  const spec = { ...place, timeout, create: CREATE.NEVER };
  callInSlices(spec, (asked) => binding.unlinkRegion(asked));
}

/* The names of this user, of regions in use and of stale files. */
function names() {
  const directory = namesDirectory();
  let files;
  try {
    files = fs.readdirSync(directory);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  /* A leading dot: anonymous memory where the system has no memfd. No name is encoded so. */
  return files
    .filter((file) => !file.startsWith('.'))
    .map(decode)
    .sort();
}

/* The name that region/names.c has encoded as a file name. */
function decode(file) {
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}

/* The report of inspect(), without the details. */
function summaryOf(name) {
  const { state, reason, kind, size, capacity, writers, readers, dead, participants } = inspect({
    name,
  });
  if (state !== 'ok') return { name, state, reason };
  const pids = participants.filter(({ alive }) => alive).map(({ pid }) => pid);
  return {
    name,
    state,
    kind,
    size,
    ...(capacity !== undefined && { capacity }),
    writers,
    readers,
    dead,
    pids: [...new Set(pids)],
  };
}

/* A name that is removed meanwhile is left out. A name that cannot be inspected has a reason. */
function list() {
  return names().flatMap((name) => {
    try {
      return [summaryOf(name)];
    } catch (error) {
      return error.code === 'ENOENT' ? [] : [{ name, state: 'unknown', reason: error.message }];
    }
  });
}

module.exports = { inspect, list, unlink };
