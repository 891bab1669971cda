/*
 * Locks on files: taking and releasing a free lock, two processes that contend for a lock, and the cost
 * of waiting; beside fs-ext and fs-native-extensions from npm on the same kind of file.
 */
'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { Mmap } = require('..');
const { temporary } = require('./lib/files');
const { PAIRS, pairOn } = require('./lib/lock-pairs');
const { timer } = require('./lib/measure');
const { duration, median, ratio, table, verdict } = require('./lib/numbers');

const OURS = ['lock, unlock', 'lock, guard.release'];
const PEERS = ['fs-ext', 'fs-native-extensions'];
const CONTENDED_MS = 250;
const WAIT_MS = 5000;
const MOST_RATIO = 1.1;

function lockFile() {
  const file = temporary('lock', { inMemory: true });
  fs.writeFileSync(file, Buffer.alloc(4096));
  return file;
}

function free(name) {
  const pair = pairOn(name, lockFile());
  if (pair === undefined) return undefined;
  const time = timer(pair, [undefined]);
  return () => ({ ns: median(Array.from({ length: 25 }, time)) });
}

/* Two processes lock and unlock as fast as they can: the pairs a second of both together. */
function contended(name) {
  if (pairOn(name, lockFile()) === undefined) return undefined;
  return async () => {
    const script = path.join(__dirname, 'lib', 'contender.js');
    const file = lockFile();
    const both = [0, 1].map(() => fork(script, [name, file, String(CONTENDED_MS)]));
    await Promise.all(both.map((child) => once(child, 'message')));
    const answers = both.map((child) => once(child, 'message'));
    for (const child of both) child.send('go');
    const pairs = (await Promise.all(answers)).map(([count]) => count);
    for (const child of both) child.disconnect();
    return { perSecond: ((pairs[0] + pairs[1]) * 1000) / CONTENDED_MS };
  };
}

/* Processor time of this process while it waits asynchronously for a lock, and while it idles. */
function waiting() {
  const file = lockFile();
  const holder = new Mmap({ file, readOnly: false });
  const waiter = new Mmap({ file, readOnly: false, timeout: Infinity });
  const used = async () => {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const measure = async () => {
    const idle = await used();
    const guard = holder.lock();
    const pending = waiter.lockAsync();
    const waited = await used();
    guard.release();
    (await pending).release();
    return { idle, waited };
  };
  let figures;
  return async () =>
    (figures ??= await measure()); /* once a process is enough, because it takes long */
}

function open(name) {
  if (name === 'waiting') return waiting();
  const [kind, way] = name.split(': ');
  return kind === 'free' ? free(way) : contended(way);
}

const cases = (kind) => Object.keys(PAIRS).map((way) => `${kind}: ${way}`);

/* The name and figures of the peer with the best median. */
function best(results, kind, figure, better) {
  return PEERS.map((way) => [way, results.get(`${kind}: ${way}`)?.[figure]])
    .filter(([, values]) => values !== undefined)
    .reduce((a, b) => (a && better(median(a[1]), median(b[1])) ? a : b), undefined);
}

function reportFree(results) {
  const fastest = best(results, 'free', 'ns', (a, b) => a < b);
  const rows = Object.keys(PAIRS).map((way) => {
    const ns = results.get(`free: ${way}`)?.ns;
    if (ns === undefined) return [way, 'absent', '', ''];
    if (fastest === undefined) return [way, duration(median(ns)), '', ''];
    const beside = ratio(ns, fastest[1]);
    const budget = OURS.includes(way) ? verdict(beside <= MOST_RATIO, `<= ${MOST_RATIO}`) : '';
    return [way, duration(median(ns)), `${beside.toFixed(2)} x`, budget];
  });
  return table(['lock + unlock, free', 'time', `to ${fastest?.[0] ?? 'peers'}`, 'budget'], rows);
}

function reportContended(results) {
  const base = results.get('contended: fs-ext')?.perSecond;
  const rows = Object.keys(PAIRS).map((way) => {
    const perSecond = results.get(`contended: ${way}`)?.perSecond;
    if (perSecond === undefined) return [way, 'absent', '', ''];
    const thousands = `${Math.round(median(perSecond) / 1000).toLocaleString('en')},000`;
    if (base === undefined) return [way, thousands, '', ''];
    const beside = ratio(perSecond, base);
    const budget = OURS.includes(way) ? verdict(beside >= 1, '>= fs-ext') : '';
    return [way, thousands, `${beside.toFixed(2)} x`, budget];
  });
  return table(['two processes on one lock', 'pairs a second', 'to fs-ext', 'budget'], rows);
}

function reportWaiting(results) {
  const { idle, waited } = results.get('waiting');
  const more = median(waited.map((us, round) => us - idle[round]));
  const rows = [
    ['idle', `${(median(idle) / 1000).toFixed(1)} ms`, ''],
    ['in lockAsync', `${(median(waited) / 1000).toFixed(1)} ms`, verdict(more < 2000, 'no more')],
  ];
  return table([`processor time of ${WAIT_MS / 1000} s`, 'time', 'budget'], rows);
}

function report(results, how) {
  return [reportFree(results), reportContended(results), reportWaiting(results), how].join('\n\n');
}

module.exports = {
  title: 'Locks on files',
  rounds: 9,
  turns: 3,
  groups: [cases('free'), cases('contended'), ['waiting']],
  open,
  report,
};
