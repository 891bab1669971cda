#!/usr/bin/env node
/*
 * The command: looks at regions and removes names, for people at a shell.
 */
'use strict';

const { parseArgs } = require('node:util');

const { inspect, names, unlink } = require('../lib/inspect');

const USAGE = `usage:
  mmapipc ls [--json]                              the names of this user, and who is attached
  mmapipc inspect <handle | file> [--json]         what the header of a region says
  mmapipc inspect --name <name> [--json]
  mmapipc unlink <file>                            removes it; those attached keep it until they close
  mmapipc unlink --name <name>

Names lie in /dev/shm, or where MMAPIPC_DIR says. Exit codes: 0 done, 1 not, 2 usage; inspect gives 1
for a region that is not whole.
`;

const OPTIONS = {
  name: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

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
  const wanted = command === 'ls' ? 0 : 1;
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
  if (state !== 'ok') return [`state         ${state}: ${reason}`];
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

  inspect({ where, json }) {
    const facts = inspect(where);
    process.stdout.write(`${json ? JSON.stringify(facts, null, 2) : lines(facts).join('\n')}\n`);
    return facts.state === 'ok';
  },

  ls({ json }) {
    const list = names().flatMap((name) => {
      try {
        return [{ name, ...inspect({ name }) }];
      } catch (error) {
        return error.code === 'ENOENT' ? [] : [{ name, state: 'unknown', reason: error.message }];
      }
    });
    if (json) process.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
    else for (const facts of list) process.stdout.write(`${line(facts)}\n`);
    return true;
  },

  unlink({ where }) {
    if (where.handle !== undefined) throw new UsageError('a handle goes with its processes');
    unlink(where);
    return true;
  },
};

function line({ name, state, reason, kind, size, writers, readers, participants }) {
  if (state !== 'ok') return `${name}  ${state}: ${reason}`;
  const pids = [...new Set(participants.filter(({ alive }) => alive).map(({ pid }) => pid))];
  const who = pids.length > 0 ? ` (pid ${pids.join(', ')})` : '';
  const use = writers + readers === 0 ? 'left behind' : `${writers + readers} attached${who}`;
  return `${name}  ${kind}, ${size} bytes, ${use}`;
}

function main() {
  try {
    const asked = interpret(process.argv.slice(2));
    process.exitCode = COMMANDS[asked.command](asked) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`mmapipc: ${error.message}\n${error instanceof UsageError ? USAGE : ''}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

main();
