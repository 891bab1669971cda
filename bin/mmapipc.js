#!/usr/bin/env node
/*
 * The command line tool: inspects regions, removes names, and builds the native addon. Only the commands
 * that need the library load it, so that `build` works without a native addon.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const library = () => require('../lib/region/inspect');

const USAGE = `usage:
  mmapipc ls [--json]                              lists the names of this user and their processes
  mmapipc inspect <handle | file> [--json]         prints the header of a region
  mmapipc inspect --name <name> [--json]
  mmapipc unlink <file>                            removes it; attached processes keep it until they close
  mmapipc unlink --name <name>
  mmapipc build                                    compiles the native addon if no binary fits this system

The names are in /dev/shm, or in the directory MMAPIPC_DIR. Exit codes: 0 success, 1 failure, 2 wrong
usage; inspect exits with 1 if the region is damaged or unfinished.
`;

const OPTIONS = {
  name: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/* The commands without a region. */
const ALONE = new Set(['build', 'ls']);

class UsageError extends Error {}

/* The command line as { command, where, json }. */
function interpret(args) {
  let parsed;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
  const { name, json, help } = parsed.values;
  const [command = help ? 'help' : undefined, ...rest] = parsed.positionals;
  if (help || command === 'help') return { command: 'help' };
  if (command === undefined) throw new UsageError('there is no command; choose one of these');
  if (!Object.hasOwn(COMMANDS, command)) throw new UsageError(`unknown command '${command}'`);
  const wanted = ALONE.has(command) ? 0 : 1;
  const given = rest.length + (name === undefined ? 0 : 1);
  if (given !== wanted) {
    const what = wanted === 0 ? 'no region' : 'one region: a handle, a file, or --name';
    throw new UsageError(`'${command}' takes ${what}`);
  }
  return { command, where: name === undefined ? placeOf(rest[0]) : { name }, json };
}

function placeOf(text) {
  if (text === undefined) return undefined;
  return text.startsWith('memfd:') ? { handle: text } : { path: text };
}

const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/* The text as one line without control characters: a line break becomes \u000a. */
function plain(text) {
  return text.replace(CONTROL, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/* JSON has no control characters outside of strings, except the line breaks of its indentation. */
const json = (value) => JSON.stringify(value, null, 2).split('\n').map(plain).join('\n');

function age(since) {
  const seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function lockLine({ holder, waiters }) {
  const waiting = waiters > 0 ? `, ${waiters} waiting` : '';
  if (holder === null) return `lock          free${waiting}`;
  const { number, pid, thread, alive, since } = holder;
  const name = pid === undefined ? `number ${number}` : `pid ${pid}, thread ${thread}`;
  return `lock          held by ${name}${alive ? '' : ' (dead)'} for ${age(since)}${waiting}`;
}

function mapLines({ entries, used, capacity, evict, evictions, expirations, ...rest }) {
  const { stripes, holders } = rest;
  const percent = ((100 * used) / capacity).toFixed(1);
  return [
    `entries       ${entries}, evict ${evict}, ${evictions} evicted, ${expirations} expired`,
    `fill          ${used} of ${capacity} bytes (${percent} %)`,
    `stripes       ${stripes}, ${holders.length} locked`,
    ...holders.map(({ stripe, number, pid, alive }) => {
      const name = pid === undefined ? `number ${number}` : `pid ${pid}`;
      return `  stripe ${stripe} by ${name}${alive ? '' : ' (dead)'}`;
    }),
  ];
}

function lines(facts) {
  const { state, reason, kind, size, version, id, writers, readers, dead, participants } = facts;
  const { capacity, value, map, lock } = facts;
  if (state !== 'ok') return [`state         ${state}: ${plain(reason)}`];
  const rows = participants.map(
    ({ number, pid, thread, alive, since }) =>
      `  ${alive ? 'alive' : 'dead '}  pid ${pid}, thread ${thread}, number ${number}, for ${age(since)}`,
  );
  return [
    `state         ${state}`,
    `kind          ${kind}`,
    `size          ${size} bytes`,
    ...(value === undefined
      ? []
      : [`value         version ${value.version}, ${value.byteLength} of ${capacity} bytes`]),
    ...(map === undefined ? [] : mapLines(map)),
    `layout        version ${version}`,
    `id            ${id}`,
    `attached      ${writers} writers, ${readers} readers${dead ? `, ${dead} dead` : ''}`,
    lockLine(lock),
    ...rows,
  ];
}

const COMMANDS = {
  help() {
    process.stdout.write(USAGE);
    return true;
  },

  build() {
    const script = path.join(__dirname, '../scripts/build.js');
    return spawnSync(process.execPath, [script], { stdio: 'inherit' }).status === 0;
  },

  inspect({ where, json: asJson }) {
    const facts = library().inspect(where);
    process.stdout.write(`${asJson ? json(facts) : lines(facts).join('\n')}\n`);
    return facts.state === 'ok';
  },

  ls({ json: asJson }) {
    const all = library().list();
    process.stdout.write(asJson ? `${json(all)}\n` : all.map((one) => `${line(one)}\n`).join(''));
    return true;
  },

  unlink({ where }) {
    if (where.handle !== undefined) {
      throw new UsageError('a handle cannot be removed; its region ends with its last process');
    }
    library().unlink(where);
    return true;
  },
};

function line({ name, state, reason, kind, size, writers, readers, pids }) {
  if (state !== 'ok') return `${plain(name)}  ${state}: ${plain(reason)}`;
  const pidList = pids.length > 0 ? ` (pid ${pids.join(', ')})` : '';
  const use = writers + readers === 0 ? 'stale' : `${writers + readers} attached${pidList}`;
  return `${plain(name)}  ${kind}, ${size} bytes, ${use}`;
}

/* A reader that stops early, such as head(1), closes the pipe: this ends the command without an error. */
function endWith(stream) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

function main() {
  endWith(process.stdout);
  endWith(process.stderr);
  try {
    const asked = interpret(process.argv.slice(2));
    process.exitCode = COMMANDS[asked.command](asked) ? 0 : 1;
  } catch (error) {
    process.stderr.write(
      `mmapipc: ${plain(error.message)}\n${error instanceof UsageError ? USAGE : ''}`,
    );
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

main();
