#!/usr/bin/env node
/*
 * The command: looks at regions, removes names and builds the native addon, for people at a shell.
 * The library is required by the commands that need it: `build` works without a native addon.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const library = () => require('../lib/region/inspect');

const USAGE = `usage:
  mmapipc ls [--json]                              the names of this user, and who is attached
  mmapipc inspect <handle | file> [--json]         what the header of a region says
  mmapipc inspect --name <name> [--json]
  mmapipc unlink <file>                            removes it; those attached keep it until they close
  mmapipc unlink --name <name>
  mmapipc build                                    compiles the native addon, where no binary fits

Names lie in /dev/shm, or where MMAPIPC_DIR says. Exit codes: 0 done, 1 not, 2 usage; inspect gives 1
for a region that is not whole.
`;

const OPTIONS = {
  name: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/* The commands that take no region. */
const ALONE = new Set(['build', 'ls']);

class UsageError extends Error {}

/* { command, where, json } of the command line. */
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
  if (command === undefined) throw new UsageError('say what to do');
  if (!Object.hasOwn(COMMANDS, command)) throw new UsageError(`there is no command '${command}'`);
  const wanted = ALONE.has(command) ? 0 : 1;
  const given = rest.length + (name === undefined ? 0 : 1);
  if (given !== wanted) {
    const what = wanted === 0 ? 'nothing more' : 'one region: a handle, a file, or --name';
    throw new UsageError(`'${command}' takes ${what}`);
  }
  return { command, where: name === undefined ? placeOf(rest[0]) : { name }, json };
}

function placeOf(text) {
  if (text === undefined) return undefined;
  return text.startsWith('memfd:') ? { handle: text } : { path: text };
}

const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/* Names and messages as one line without control characters: a newline becomes \u000a. */
function plain(text) {
  return text.replace(CONTROL, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/* It indents by newlines, which are the only control characters that JSON has outside of strings. */
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
  const who = pid === undefined ? `number ${number}` : `pid ${pid}, thread ${thread}`;
  return `lock          held by ${who}${alive ? '' : ', who is dead,'} for ${age(since)}${waiting}`;
}

function lines(facts) {
  const { state, reason, kind, size, version, id, writers, readers, dead, participants } = facts;
  const { capacity, value, lock } = facts;
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
    `layout        version ${version}`,
    `id            ${id}`,
    `attached      ${writers} to write, ${readers} to read${dead ? `, ${dead} dead` : ''}`,
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
    if (where.handle !== undefined) throw new UsageError('a handle goes with its processes');
    library().unlink(where);
    return true;
  },
};

function line({ name, state, reason, kind, size, writers, readers, pids }) {
  if (state !== 'ok') return `${plain(name)}  ${state}: ${plain(reason)}`;
  const who = pids.length > 0 ? ` (pid ${pids.join(', ')})` : '';
  const use = writers + readers === 0 ? 'left behind' : `${writers + readers} attached${who}`;
  return `${plain(name)}  ${kind}, ${size} bytes, ${use}`;
}

/* A reader that has read enough, such as head(1), closes the pipe: the end, and no failure. */
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
