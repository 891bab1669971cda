/*
 * The command line: which commands there are, and which arguments they take. This file does not know the
 * library.
 */
'use strict';

const { parseArgs } = require('node:util');

const USAGE = `usage:
  mmapipc ls [--json]                         lists the names of this user and their processes
  mmapipc inspect <region> [--json]           prints the header of a region
  mmapipc get <region> [key] [--raw]          prints the value of a Share, or of a key of a SharedMap
  mmapipc set <region> [key] <value> [--ttl <ms>] [--raw]     sets it; - reads the value from stdin
  mmapipc del <region> [key ...] [--prefix <text>]            deletes keys, or clears a Share
  mmapipc keys <region> [--prefix <text>] [--raw]             prints the keys of a SharedMap
  mmapipc watch <region> [--prefix <text>] [--raw]            prints changes until SIGINT
  mmapipc stats <region> [--json]             prints the fill and the counters of a Share or SharedMap
  mmapipc unlink <region>                     removes a name or file; attached processes keep it
  mmapipc build                               compiles the native addon if no binary fits this system

A region is --name <name>, a file, or a handle. Values are JSON, one on a line; with --raw a text is
taken and printed as it is. The names are in /dev/shm, or in the directory MMAPIPC_DIR. Exit codes:
0 success, 1 failure, 2 wrong usage. get exits with 1 if there is no value, del if a key is missing,
inspect if the region is damaged or unfinished.
`;

const OPTIONS = {
  name: { type: 'string' },
  json: { type: 'boolean' },
  raw: { type: 'boolean' },
  ttl: { type: 'string' },
  prefix: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
};

/* The region, the least and the most arguments after it, and the options of each command. --json is also
 * an option where it is what the command does anyway. */
const FORMS = {
  help: { hasRegion: false, most: 0, options: [] },
  build: { hasRegion: false, most: 0, options: [] },
  ls: { hasRegion: false, most: 0, options: ['json'] },
  inspect: { hasRegion: true, most: 0, options: ['json'] },
  unlink: { hasRegion: true, most: 0, options: [] },
  get: { hasRegion: true, most: 1, options: ['raw', 'json'] },
  set: { hasRegion: true, least: 1, most: 2, options: ['raw', 'ttl'] },
  del: { hasRegion: true, most: Infinity, options: ['prefix'] },
  keys: { hasRegion: true, most: 0, options: ['prefix', 'raw', 'json'] },
  watch: { hasRegion: true, most: 0, options: ['prefix', 'raw', 'json'] },
  stats: { hasRegion: true, most: 0, options: ['json'] },
};

/* The command line does not fit the command: the usage is printed. */
class UsageError extends Error {}

/* A single argument is wrong, which the usage would not explain. */
class WrongValue extends Error {}

/* parseArgs takes -5 for an option. No argument of a process has a null byte, so it marks numbers. */
const MARK = '\0';
const mark = (text) => (/^-\d/.test(text) ? MARK + text : text);
const unmark = (text) => (typeof text === 'string' ? text.replace(MARK, '') : text);

function parse(args) {
  let parsed;
  try {
    parsed = parseArgs({ args: args.map(mark), options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(unmark(error.message));
  }
  const values = Object.entries(parsed.values).map(([name, value]) => [name, unmark(value)]);
  return { options: Object.fromEntries(values), positionals: parsed.positionals.map(unmark) };
}

/* The command line as { command, where, rest, options }; `rest`: the arguments after the region. */
function interpret(args) {
  const { options, positionals } = parse(args);
  const { name, help, ...others } = options;
  const [command = help ? 'help' : undefined, ...rest] = positionals;
  if (help || command === 'help') return { command: 'help' };
  if (command === undefined) throw new UsageError('there is no command; choose one of these');
  if (!Object.hasOwn(FORMS, command)) throw new UsageError(`unknown command '${command}'`);
  const form = FORMS[command];
  checkOptions(command, form, others);
  return { command, where: regionOf(command, form, name, rest), rest, options: optionsOf(others) };
}

function checkOptions(command, form, given) {
  for (const option of Object.keys(given)) {
    if (form.options.includes(option)) continue;
    throw new UsageError(`'${command}' takes no --${option}`);
  }
  if (given.raw && given.json) throw new UsageError('--raw and --json exclude each other');
}

/* Takes the region from the arguments, and checks how many are left. */
function regionOf(command, { hasRegion, least = 0, most }, name, rest) {
  if (!hasRegion) {
    if (rest.length === 0 && name === undefined) return undefined;
    throw new UsageError(`'${command}' takes no region`);
  }
  const where = name === undefined ? placeOf(rest.shift()) : { name };
  if (where === undefined) {
    throw new UsageError(`'${command}' takes one region: --name <name>, a file, or a handle`);
  }
  if (rest.length < least) throw new UsageError(`'${command}' needs a value`);
  if (rest.length > most) {
    const one = name === undefined ? 'the region' : `--name ${name}`;
    throw new UsageError(`'${command}' does not take '${rest[most]}' after ${one}`);
  }
  return where;
}

function placeOf(text) {
  if (text === undefined) return undefined;
  return /^(?:memfd|file):/.test(text) ? { handle: text } : { path: text };
}

function optionsOf({ ttl, ...rest }) {
  if (ttl === undefined) return rest;
  const ms = Number(ttl);
  if (/^\d+$/.test(ttl) && ms >= 1 && ms <= Number.MAX_SAFE_INTEGER) return { ...rest, ttl: ms };
  throw new WrongValue(`--ttl must be a whole number of milliseconds from 1 on, not '${ttl}'`);
}

module.exports = { USAGE, UsageError, WrongValue, interpret };
