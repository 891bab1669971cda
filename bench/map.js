/*
 * SharedMap: one operation on 1,024 keys beside APCu of PHP, ngx.shared.DICT of nginx, Cache::FastMmap of
 * Perl, lmdb, Redis and a Map of one process; keys that do not change; reading in two processes; reading
 * and writing in four; and a large map: its memory, and many keys in one call.
 *
 * With the environment variable BENCH_LARGE=1 the large map has 10 million entries and takes 2 GB, instead
 * of a million.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');

const { SharedMap } = require('..');
const { buildCore } = require('./lib/map-core');
const { HOT, TEXT, WAYS, chooser, hotTimer, keyOf, mapOfTexts } = require('./lib/map-ways');
const { now, rarely, timer } = require('./lib/measure');
const { duration, median, ratio, size, table, verdict } = require('./lib/numbers');
const { racers, sum } = require('./lib/race');

const RACERS = require.resolve('./lib/map-ways');

/* Budgets: `ratio` to APCu, `ns`, or `over` JSON.parse in ns. */
const OPERATIONS = {
  'get-number': { title: 'get, number', ratio: 0.85, ns: 75 },
  'get-text': { title: 'get, string of 100 B', ratio: 0.9 },
  'get-object': { title: 'get, object of 200 B', over: 150 },
  'set-number': { title: 'set, number', ratio: 0.6 },
  'set-text': { title: 'set, string of 100 B', ratio: 0.65 },
  increment: { title: 'increment', ratio: 0.95 },
  'delete-set': { title: 'delete + set, string of 100 B' },
};
const CHARTED = 'get-text';
const MOST_HOT = 40; /* ns */

const RACE_MS = 150;
const LEAST_SCALING = 1.9;
const MIXERS = 4;
const LEAST_MIXED = 8e6; /* a second */

const ENTRIES = process.env.BENCH_LARGE === '1' ? 10e6 : 1e6;
const ROOM = 180; /* bytes of capacity for an entry */
const MOST_EACH = 170; /* bytes */
const TOGETHER = 64; /* keys of one call */
const LISTS = 8192;
const MOST_TOGETHER = 0.4;

async function operation(name) {
  const [what, way] = name.split(', ');
  const measure = await WAYS[way](what);
  return measure && (async () => ({ ns: await measure() }));
}

function hot(name) {
  const time = hotTimer(name);
  return () => ({ ns: time() });
}

/* The gets a second of two processes together, divided by those of one alone. */
async function readers() {
  const { handle } = mapOfTexts();
  const [one, two] = [
    await racers(1, RACERS, 'get', handle),
    await racers(2, RACERS, 'get', handle),
  ];
  const gets = async (race) => (sum((await race({ ms: RACE_MS })).counts) * 1000) / RACE_MS;
  return rarely(4, async () => {
    const before = await gets(one);
    const together = await gets(two);
    const alone = (before + (await gets(one))) / 2;
    return { alone, scaling: together / alone };
  });
}

async function mixed() {
  const race = await racers(MIXERS, RACERS, 'mixed', mapOfTexts().handle);
  return rarely(4, async () => ({
    perSecond: (sum((await race({ ms: RACE_MS })).counts) * 1000) / RACE_MS,
  }));
}

/* Bytes of the region in use, with its tables. */
function bytesOf(map) {
  const { capacity, used } = map.stats();
  const [kind, , pid, descriptor] = map.handle.split(':');
  const all = kind === 'memfd' ? fs.statSync(`/proc/${pid}/fd/${descriptor}`).size : capacity;
  return all - (capacity - used);
}

function large() {
  if (os.freemem() < 2 * ENTRIES * ROOM) return undefined;
  const map = new SharedMap(ENTRIES * ROOM, { cache: 0 });
  const begin = now();
  for (let i = 0; i < ENTRIES; i++) map.set(keyOf(i), TEXT);
  const fill = (now() - begin) / ENTRIES;
  const each = bytesOf(map) / ENTRIES;
  const choose = chooser(1);
  const list = () => Array.from({ length: TOGETHER }, () => keyOf(choose() % ENTRIES));
  const lists = Array.from({ length: LISTS }, list);
  const together = timer((keys) => map.getMany(keys), lists);
  const single = timer((keys) => keys.map((key) => map.get(key)), lists);
  return rarely(3, () => ({ fill, each, together: together(), single: single() }));
}

const KINDS = {
  operation: { open: operation, groups: namesOfOperations() },
  hot: { open: hot, groups: [Object.keys(HOT)] },
  readers: { open: readers, groups: [['two']] },
  mixed: { open: mixed, groups: [['four']] },
  large: { open: large, groups: [['map']] },
};

function namesOfOperations() {
  return Object.keys(OPERATIONS).map((what) => Object.keys(WAYS).map((way) => `${what}, ${way}`));
}

const key = (kind, name) => `${kind}: ${name}`;

function open(name) {
  const [kind] = name.split(': ');
  return KINDS[kind].open(name.slice(kind.length + 2));
}

const times = (value) => `${value.toFixed(2)} x`;
const ways = Object.keys(WAYS);

function verdictsOf(results, what) {
  const { ratio: most, ns, over } = OPERATIONS[what];
  const series = (way) => results.get(key('operation', `${what}, ${way}`)).ns;
  const own = series('SharedMap');
  const verdicts = [];
  if (most !== undefined && series('APCu') !== undefined) {
    const beside = ratio(own, series('APCu'));
    verdicts.push(`${times(beside)} APCu: ${verdict(beside <= most, `<= ${most}`)}`);
  }
  if (ns !== undefined) verdicts.push(verdict(median(own) <= ns, `<= ${ns} ns`));
  if (over !== undefined) {
    const more = median(own.map((value, turn) => value - series('JSON.parse')[turn]));
    const budget = verdict(more <= over, `<= ${over} ns`);
    verdicts.push(`JSON.parse + ${duration(more)}: ${budget}`);
  }
  return verdicts.join('; ');
}

function reportOperations(results) {
  const rows = Object.entries(OPERATIONS).map(([what, { title }]) => {
    const cells = ways.map((way) => {
      const { ns } = results.get(key('operation', `${what}, ${way}`));
      return ns === undefined ? '' : duration(median(ns));
    });
    return [title, ...cells, verdictsOf(results, what)];
  });
  return table(['one operation, 1,024 keys', ...ways, 'budget'], rows);
}

/* The ways of which nothing was measured. */
function reportAbsent(results) {
  const isAbsent = (way) =>
    Object.keys(OPERATIONS).every(
      (what) => results.get(key('operation', `${what}, ${way}`)).ns === undefined,
    );
  const absent = ways.filter(isAbsent);
  return absent.length === 0 ? [] : [`Skipped, because absent: ${absent.join(', ')}.`];
}

function reportHot(results) {
  const rows = Object.keys(HOT).map((name) => {
    const ns = median(results.get(key('hot', name)).ns);
    return [name, duration(ns), verdict(ns <= MOST_HOT, `<= ${MOST_HOT} ns`)];
  });
  return table(['reading one of 1,024 unchanged keys', 'time', 'budget'], rows);
}

const millions = (value) => `${(value / 1e6).toFixed(2)} million/s`;

function rowsOfLarge({ fill, each, together, single }) {
  const title = `${ENTRIES / 1e6} million entries of 16 + 100 B`;
  if (each === undefined) return [[title, 'skipped: not enough free memory', '']];
  const bytes = median(each);
  const beside = ratio(together, single);
  return [
    [
      `${title}, in all ${size(bytes * ENTRIES)}`,
      `${bytes.toFixed(1)} B each`,
      verdict(bytes <= MOST_EACH, `<= ${MOST_EACH} B`),
    ],
    ['set() of a new one', duration(median(fill)), ''],
    [`get() of ${TOGETHER} random ones`, duration(median(single)), ''],
    [
      'getMany() of them, to that',
      `${duration(median(together))}, ${times(beside)}`,
      verdict(beside <= MOST_TOGETHER, `<= ${MOST_TOGETHER} x`),
    ],
  ];
}

function reportRest(results) {
  const { alone, scaling } = results.get(key('readers', 'two'));
  const scales = median(scaling);
  const both = median(results.get(key('mixed', 'four')).perSecond);
  const rows = [
    [
      `get() of 100 B by two processes, to one (${millions(median(alone))})`,
      times(scales),
      verdict(scales >= LEAST_SCALING, `>= ${LEAST_SCALING} x`),
    ],
    [
      `90 % get(), 10 % set() by ${MIXERS} processes`,
      millions(both),
      verdict(both >= LEAST_MIXED, `>= ${LEAST_MIXED / 1e6} million/s`),
    ],
    ...rowsOfLarge(results.get(key('large', 'map'))),
  ];
  return table(['', '', 'budget'], rows);
}

function report(results, how) {
  const load = `Load average at the end: ${os.loadavg()[0].toFixed(1)}.`;
  const parts = [reportOperations(results), ...reportAbsent(results), reportHot(results)];
  return [...parts, reportRest(results), `${how}. ${load}`].join('\n\n');
}

/* The chart for lib/chart.js. */
function chart(results) {
  const named = ways
    .filter((way) => !['in C', 'JSON.parse'].includes(way))
    .map((way) => ({ name: way, ns: results.get(key('operation', `${CHARTED}, ${way}`)).ns }));
  const cached = results.get(key('hot', '100 B string')).ns;
  const bars = [{ name: 'SharedMap, unchanged since the last get', ns: cached }, ...named]
    .filter(({ ns }) => ns !== undefined)
    .map(({ name, ns }) => ({ name, isOurs: name.startsWith('SharedMap'), value: median(ns) }))
    .map((bar) => ({ ...bar, label: duration(bar.value) }))
    .sort((a, b) => a.value - b.value);
  return {
    title: 'Getting a string of 100 bytes by its key',
    subtitle: `Node ${process.version}, ${process.platform} ${process.arch}`,
    axis: 'nanoseconds, on a logarithmic scale: shorter is better',
    bars,
  };
}

module.exports = {
  title: 'SharedMap',
  rounds: 3,
  turns: 40,
  groups: Object.entries(KINDS).flatMap(([kind, { groups }]) =>
    groups.map((names) => names.map((name) => key(kind, name))),
  ),
  prepare: buildCore,
  open,
  report,
  chart,
};
