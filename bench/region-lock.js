/*
 * Locks of memory without a file: taking and releasing a free lock, two processes that contend for a
 * lock, short sections of more processes than there are processors, the time from a release to the
 * waiter, the cost of a long wait, and the time until a waiter gets the lock of a killed process.
 */
'use strict';

const { once } = require('node:events');
const os = require('node:os');
const { setTimeout: sleep } = require('node:timers/promises');

const { Mmap, inspect } = require('..');
const { answer, ask, start } = require('./lib/children');
const { WAYS, busy, wordsOf } = require('./lib/counting');
const { now, rarely, timer } = require('./lib/measure');
const { duration, median, ratio, size, table, verdict } = require('./lib/numbers');
const { peer } = require('./lib/peers');
const { processorTime } = require('./lib/processor');
const { racers, sum } = require('./lib/race');
const { MESSAGE, several, wakeup } = require('./lib/wakeups');
const { CAS, FILE_LOCKS, OURS, PEERS, freePair } = require('./lib/region-ways');

const COUNTING = require.resolve('./lib/counting');
const MOST_NS = 50;
const STRETCH_NS = 30;
const MOST_RATIO = 1 / 8;
const FRESH_GUARD = /: lock\(\)/; /* the calls that have these budgets */

const CONTENDED_MS = 250;
const LEAST_PER_SECOND = 6e6;

const PROCESSES = 4;
const SECTION = 3000; /* ns */
const SECTIONS = 5000; /* of each */
const MOST_OVERHEAD = 1.2;

const MOST_WAKE = 50e3; /* ns */
const PATIENCE = 10e9; /* ns */
const SETTLE = 3; /* ms: the waiters sleep by then */

const IDLE_MS = 5000;
const BEGIN_MS = 1500; /* the waits are long by then */
const IDLERS = ['sync', 'sync', 'async', 'async', 'sleep', 'sleep'];
const MOST_IDLE = 0.05; /* % of one processor, above a process that sleeps */

const MEGABYTE = 2 ** 20;
const LONG = 150; /* ms: the holder is watched by then */
const KILLS = [
  { what: 'lock()', bytes: 10 * MEGABYTE, kills: 15, most: 10e6 },
  { what: 'lock(), long', bytes: 10 * MEGABYTE, kills: 15, most: 10e6, after: LONG },
  {
    what: 'lockAsync(), long',
    bytes: 10 * MEGABYTE,
    kills: 15,
    most: 10e6,
    after: LONG,
    how: 'async',
  },
  { what: 'lock()', bytes: 500 * MEGABYTE, kills: 7 },
  { what: 'lock()', bytes: 2048 * MEGABYTE, kills: 3 },
];
const keyOf = ({ what, bytes }) => `recovery of ${bytes}, ${what}`;

const region = () => new Mmap({ size: 4096 });

function free(name) {
  const pair = freePair(name);
  if (pair === undefined) return undefined;
  const time = timer(pair, [undefined]);
  return () => ({ ns: time() });
}

/* Starts this many processes of racers[name], which use a lock in this way; and the map that they
 * share. */
async function lockRacers(count, name, way, ...args) {
  const place = way in PEERS ? PEERS[way].place : undefined;
  const where = place?.make();
  const map = region();
  const race = await racers(count, COUNTING, name, ...args, way, map.handle, where);
  place?.forget(where);
  return { race, map };
}

const isAbsent = (way) => way in PEERS && peer(way) === undefined;

/* Two processes count as fast as they can: the pairs a second of both together, and the lost
 * increments. */
async function contended(way) {
  if (isAbsent(way)) return undefined;
  const { race, map } = await lockRacers(2, 'count', way);
  const words = wordsOf(map);
  return rarely(3, async () => {
    const before = words[0];
    const { counts } = await race({ ms: CONTENDED_MS });
    const pairs = sum(counts);
    const lost = pairs - (words[0] - before);
    return { perSecond: (pairs * 1000) / CONTENDED_MS, lost };
  });
}

/* The number of steps of busy() that take this long at present. */
function stepsFor(ns) {
  const STEPS = 1e6;
  const times = Array.from({ length: 20 }, () => {
    const begin = now();
    globalThis.benchSink[0] = busy(STEPS);
    return now() - begin;
  });
  return Math.round(ns / (Math.min(...times) / STEPS));
}

/* The time of all sections of all processes, divided by that of the same number in one process without
 * a lock. */
async function sections(way) {
  if (isAbsent(way)) return undefined;
  const steps = stepsFor(SECTION);
  const bare = await racers(1, COUNTING, 'section', steps);
  const { race } = await lockRacers(PROCESSES, 'section', way, steps);
  const all = PROCESSES * SECTIONS;
  return rarely(3, async () => {
    const before = (await bare({ calls: all })).took;
    const { took } = await race({ calls: SECTIONS });
    const pure = (before + (await bare({ calls: all })).took) / 2;
    return { section: pure / all, overhead: took / pure };
  });
}

/* Resolves when this many processes wait for the lock, and sleep. */
async function waiting(map, count) {
  const until = now() + PATIENCE;
  while (inspect(map.handle).lock.waiters < count) {
    if (now() > until) throw new Error(`not all of ${count} wait for the lock`);
    await sleep(1);
  }
  await sleep(SETTLE);
}

async function waiter(map, how) {
  const child = start('waiter.js', map.handle, how);
  await answer(child);
  return child;
}

/* Resolves with a function that measures the time from a few releases until a waiter holds the lock, or
 * of a few messages. */
async function wake(how) {
  if (how === MESSAGE) return wakeup(MESSAGE);
  const map = region();
  const child = await waiter(map, how);
  return () =>
    several(async () => {
      const guard = map.lock();
      const inside = ask(child, 'wait');
      await waiting(map, 1);
      const begin = now();
      guard.release();
      return (await inside).at - begin;
    });
}

/* The processor time of a process that waits, and of one that only sleeps, in percent of one processor. */
async function idle() {
  const map = region();
  const children = await Promise.all(IDLERS.map((how) => waiter(map, how)));
  const waiters = children.filter((_, at) => IDLERS[at] !== 'sleep');
  const times = () => children.map(({ pid }) => processorTime(pid));
  return rarely(1, async () => {
    const guard = map.lock();
    const answers = waiters.map((child) => ask(child, 'wait'));
    await waiting(map, waiters.length);
    await sleep(BEGIN_MS);
    const [begin, before] = [now(), times()];
    await sleep(IDLE_MS);
    const [took, after] = [now() - begin, times()];
    guard.release();
    await Promise.all(answers);
    const percents = after.map((time, at) => (100 * (time - before[at])) / took);
    const of = (how) => percents.filter((_, at) => IDLERS[at] === how);
    const mean = (list) => sum(list) / list.length;
    return { sync: mean(of('sync')), async: mean(of('async')), bare: mean(of('sleep')) };
  });
}

/* The time from the death of a holder until a waiter holds the lock, which it has waited for a moment, or
 * for long. */
async function recovery({ bytes, kills, how = 'sync', after = 0 }) {
  const map = region();
  const child = await waiter(map, how);
  const kill = async () => {
    const holder = start('holder.js', map.handle, bytes);
    await answer(holder);
    const inside = ask(child, 'wait');
    await waiting(map, 1);
    await sleep(after * (1 + Math.random()));
    const gone = once(holder, 'exit');
    const begin = now();
    holder.kill('SIGKILL');
    const { at, recovered } = await inside;
    if (!recovered) throw new Error('the lock of a killed process was released without a recovery');
    await gone;
    return at - begin;
  };
  return rarely(1, async () => {
    const times = [];
    for (let i = 0; i < kills && bytes <= os.freemem() / 2; i++) times.push(await kill());
    return times.length === 0 ? {} : { middle: median(times), longest: Math.max(...times) };
  });
}

const FREE = [CAS, ...OURS, ...Object.keys(PEERS)];
const CONTENDED = Object.keys(WAYS);
const SECTION_WAYS = ['lock().release()', ...Object.keys(PEERS)];
const CALL = { sync: 'lock()', async: 'lockAsync()' };
const CALLS = Object.keys(CALL);
const WAKE = [...CALLS, MESSAGE];

const KINDS = {
  free: { names: FREE, open: free },
  contended: { names: CONTENDED, open: contended },
  sections: { names: SECTION_WAYS, open: sections },
  wake: { names: WAKE, open: wake },
  idle: { names: [''], open: idle },
  ...Object.fromEntries(
    KILLS.map((item) => [keyOf(item), { names: [''], open: () => recovery(item) }]),
  ),
};

const key = (kind, name = '') => `${kind}: ${name}`;

function open(name) {
  const [kind] = name.split(': ');
  return KINDS[kind].open(name.slice(`${kind}: `.length));
}

const times = (value) => `${value.toFixed(2)} x`;

function reportFree(results) {
  const series = (name) => results.get(key('free', name)).ns;
  const locks = FILE_LOCKS.filter((name) => series(name) !== undefined);
  const best = locks.sort((a, b) => median(series(a)) - median(series(b)))[0];
  const rows = FREE.map((name) => {
    const own = series(name);
    if (own === undefined) return [name, 'absent', '', '', '', ''];
    const ns = median(own);
    const toBest = best === undefined ? undefined : ratio(own, series(best));
    const hasBudget = FRESH_GUARD.test(name);
    const stretch = ns <= STRETCH_NS ? 'met' : 'not met';
    return [
      name,
      duration(ns),
      times(ratio(own, series(CAS))),
      toBest === undefined ? '' : `${toBest.toFixed(3)} x`,
      hasBudget ? `${verdict(ns <= MOST_NS, `<= ${MOST_NS} ns`)}, ${STRETCH_NS} ns ${stretch}` : '',
      hasBudget && toBest !== undefined ? verdict(toBest <= MOST_RATIO, '<= 1/8') : '',
    ];
  });
  const file = best ?? 'file locks';
  const head = ['lock + unlock, free', 'time', `to ${CAS}`, `to ${file}`, 'budget', `to ${file}`];
  return table(head, rows);
}

function reportContended(results) {
  const rows = CONTENDED.map((way) => {
    const { perSecond, lost } = results.get(key('contended', way));
    if (perSecond === undefined) return [way, 'absent', '', ''];
    const all = median(perSecond);
    const most = Math.max(...lost.map(Math.abs));
    const isOurs = !(way in PEERS);
    const budget = `>= ${LEAST_PER_SECOND / 1e6} million, exact`;
    return [
      way,
      `${(all / 1e6).toFixed(2)} million`,
      most === 0 ? 'exact' : `${most} lost`,
      isOurs ? verdict(all >= LEAST_PER_SECOND && most === 0, budget) : '',
    ];
  });
  const head = ['two processes count under one lock', 'pairs a second, both', 'count', 'budget'];
  return table(head, rows);
}

function reportSections(results) {
  const rows = SECTION_WAYS.map((way) => {
    const { section, overhead } = results.get(key('sections', way));
    if (overhead === undefined) return [way, '', 'absent', ''];
    const excess = median(overhead);
    const budget = verdict(excess <= MOST_OVERHEAD, `<= ${MOST_OVERHEAD} x`);
    return [way, duration(median(section)), times(excess), way in PEERS ? '' : budget];
  });
  const head = [
    `sections of ${PROCESSES} processes under one lock`,
    'each',
    'to them alone',
    'budget',
  ];
  return table(head, rows);
}

function reportWaits(results) {
  const idles = results.get(key('idle'));
  const bare = median(idles.bare);
  const idleRow = (how) => {
    const used = median(idles[how]);
    const more = verdict(used - bare <= MOST_IDLE, `<= ${MOST_IDLE} % above a sleeping one`);
    return [`processor time of a process in ${CALL[how]}, later`, `${used.toFixed(3)} %`, more];
  };
  const series = (how) => results.get(key('wake', how)).p50;
  const wakes = WAKE.map((how) => {
    const middle = median(series(how));
    const toMessage = ratio(series(how), series(MESSAGE));
    if (how === MESSAGE) return [MESSAGE, `p50 ${duration(middle)}`, ''];
    const figures = `p50 ${duration(middle)}, ${times(toMessage)} to ${MESSAGE}`;
    const budget = {
      sync: verdict(middle < MOST_WAKE, 'p50 < 50 us'),
      async: verdict(toMessage < 1, '< 1 x'),
    };
    return [`from release to the waiter inside, ${CALL[how]}`, figures, budget[how]];
  });
  return table(
    ['', '', 'budget'],
    [
      ...wakes,
      ...CALLS.map(idleRow),
      ['of a process that only sleeps', `${bare.toFixed(3)} %`, ''],
    ],
  );
}

function reportRecovery(results) {
  const rows = KILLS.map((item) => {
    const { what, bytes, most } = item;
    const { middle, longest } = results.get(key(keyOf(item)));
    const title = `${size(bytes)}; ${what}`;
    if (middle === undefined) return [title, 'skipped: not enough free memory', '', ''];
    const worst = Math.max(...longest);
    const budget = most === undefined ? '' : verdict(worst < most, `< ${duration(most)}`);
    return [title, duration(median(middle)), duration(worst), budget];
  });
  const head = [
    'holder killed, with resident; waiter in',
    'until the waiter is inside',
    'longest',
    'budget',
  ];
  return table(head, rows);
}

function report(results, how) {
  const parts = [reportFree, reportContended, reportSections, reportWaits, reportRecovery];
  return [...parts.map((part) => part(results)), how].join('\n\n');
}

module.exports = {
  title: 'Locks of memory without a file',
  rounds: 5,
  turns: 40,
  groups: Object.entries(KINDS).map(([kind, { names }]) => names.map((name) => key(kind, name))),
  open,
  report,
};
