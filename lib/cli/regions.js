/*
 * The commands for regions of any kind: ls, inspect and unlink.
 */
'use strict';

const library = require('../region/inspect');
const { age, json, plain, print } = require('./text');
const { UsageError } = require('./usage');

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

function line({ name, state, reason, kind, size, writers, readers, pids }) {
  if (state !== 'ok') return `${plain(name)}  ${state}: ${plain(reason)}`;
  const pidList = pids.length > 0 ? ` (pid ${pids.join(', ')})` : '';
  const use = writers + readers === 0 ? 'stale' : `${writers + readers} attached${pidList}`;
  return `${plain(name)}  ${kind}, ${size} bytes, ${use}`;
}

async function inspect({ where, options }) {
  const facts = library.inspect(where);
  await print(`${options.json ? json(facts) : lines(facts).join('\n')}\n`);
  return facts.state === 'ok';
}

async function ls({ options }) {
  const all = library.list();
  await print(options.json ? `${json(all)}\n` : all.map((one) => `${line(one)}\n`).join(''));
  return true;
}

function unlink({ where }) {
  if (where.handle !== undefined) {
    throw new UsageError('a handle cannot be removed; its region ends with its last process');
  }
  library.unlink(where);
  return true;
}

module.exports = { inspect, ls, unlink };
