/*
 * Share: setting a value and getting it again, beside other ways to pass a value to another process or
 * thread; larger values beside JSON alone and beside their codec alone; calls that decode nothing;
 * parallel readers; and the time and cost of the notification of a change.
 */
'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

const { Share } = require('..');
const { answer, start } = require('./lib/children');
const { asyncTimer, rarely, timer } = require('./lib/measure');
const { duration, median, ratio, table, verdict } = require('./lib/numbers');
const { people, person } = require('./lib/objects');
const { storableTimer } = require('./lib/perl');
const { racers, sum } = require('./lib/race');
const ways = require('./lib/share-ways');
const { LISTENERS, MESSAGE, wakeup } = require('./lib/wakeups');

const VALUES = 16;
const CAPACITY = 4096;

/* `most`: the budget, as a multiple of JSON alone */
const JSON_ALONE = 'JSON.stringify + JSON.parse alone';
const SMALL = {
  [JSON_ALONE]: { open: ways.json },
  "Share, codec 'json'": { open: () => ways.share('json'), most: 1.15, isOurs: true },
  "Share, codec 'auto'": { open: () => ways.share('auto'), most: 1.1, isOurs: true },
  "Share, codec 'v8'": { open: () => ways.share('v8') },
  'SharedArrayBuffer + v8, threads only, no lock': { open: ways.threads },
  'flock (fs-ext) + JSON in a mapped file': { open: ways.lockedFile },
  'lmdb putSync + get, tmpfs, noSync': { open: ways.lmdb },
  'process.send, there and back': { open: ways.message, isAsync: true },
  'Redis (ioredis) + JSON, unix socket': { open: ways.redis, isAsync: true },
  'perl: Storable freeze + thaw alone': {
    open: () => storableTimer(people(VALUES)),
    isTimer: true,
  },
};
const UNCHARTED = [JSON_ALONE, "Share, codec 'v8'", 'perl: Storable freeze + thaw alone'];

const increment = (value) => value + 1;

/* name -> a function of a Share that returns the function to measure */
const CALLS = {
  'peek(), unchanged, 200 B': {
    most: 15,
    open(share) {
      share.set(person(0));
      return () => share.peek();
    },
  },
  'get(), a number': {
    open(share) {
      share.set(1);
      return () => share.get();
    },
  },
  'set(), a number': { open: (share) => (value) => share.set(value) },
  'update(n => n + 1)': {
    open(share) {
      share.set(1);
      return () => share.update(increment);
    },
  },
};
const NUMBERS = Array.from({ length: VALUES }, (_, index) => index);

/* size of the JSON, about -> number of people, and the budget as a multiple of JSON alone */
const LONGER = { '10 KB': { count: 50, most: 1.05 }, '100 KB': { count: 500, most: 1.05 } };
const LONGER_WAYS = { json: ways.json, auto: () => ways.share('auto') };

const SIZES = { '100 KB': 500, '1 MB': 5200 }; /* size of the JSON, about -> number of people */
const CODECS = { json: ways.json, auto: () => ways.bare('auto') };
const LARGE = Object.keys(SIZES).flatMap((size) =>
  Object.keys(CODECS).map((codec) => ({ size, codec })),
);
const MOST_LARGE = 1.1;

const READERS_MS = 150;
const LEAST_SCALING = 1.9;

const IDLE_MS = 3000;
const MOST_IDLE = 0.3; /* %; a process that only sleeps uses about 0.1 */

async function small(name) {
  const { open: openWay, isAsync, isTimer } = SMALL[name];
  const way = await openWay();
  if (way === undefined) return undefined;
  const measure = isTimer ? way : await (isAsync ? asyncTimer : timer)(way, people(VALUES));
  return async () => ({ ns: await measure() });
}

function call(name) {
  const time = timer(CALLS[name].open(new Share(CAPACITY)), NUMBERS);
  return () => ({ ns: time() });
}

function longer(name) {
  const [size, way] = name.split(', ');
  const time = timer(LONGER_WAYS[way](), [people(LONGER[size].count)]);
  return () => ({ ns: time() });
}

function large(name) {
  const [size, codec, where] = name.split(', ');
  const way = where === 'shared' ? ways.share(codec) : CODECS[codec]();
  const time = timer(way, [people(SIZES[size])]);
  return () => ({ ns: time() });
}

/* The gets a second of two processes together, divided by those of one alone. */
async function readers() {
  const share = new Share(CAPACITY, { codec: 'json' });
  share.set(person(0));
  const file = require.resolve('./lib/share-ways');
  const [one, two] = [
    await racers(1, file, 'get', share.handle),
    await racers(2, file, 'get', share.handle),
  ];
  const gets = async (race) => sum((await race({ ms: READERS_MS })).counts);
  return rarely(4, async () => {
    const before = await gets(one);
    const together = await gets(two);
    const alone = (before + (await gets(one))) / 2;
    return { alone: (alone * 1000) / READERS_MS, scaling: together / alone };
  });
}

/* The processor time of a process that listens while nothing changes, in percent of one processor. */
async function idle(how) {
  const share = new Share(CAPACITY);
  const listener = start('listener.js', share.handle, how);
  await answer(listener);
  const used = async () => {
    const reply = answer(listener);
    listener.send('used');
    return (await reply).used;
  };
  return rarely(1, async () => {
    const before = await used();
    await sleep(IDLE_MS);
    return { percent: ((await used()) - before) / 10 / IDLE_MS };
  });
}

const longerNames = (size) => Object.keys(LONGER_WAYS).map((way) => `${size}, ${way}`);

const largeNames = ({ size, codec }) =>
  ['alone', 'shared'].map((where) => `${size}, ${codec}, ${where}`);

const GROUPS = [
  { kind: 'small', open: small, groups: [Object.keys(SMALL)] },
  { kind: 'call', open: call, groups: [Object.keys(CALLS)] },
  { kind: 'longer', open: longer, groups: Object.keys(LONGER).map(longerNames) },
  { kind: 'large', open: large, groups: LARGE.map(largeNames) },
  { kind: 'readers', open: readers, groups: [['two']] },
  { kind: 'wake-up', open: wakeup, groups: [Object.keys(LISTENERS)] },
  { kind: 'idle', open: idle, groups: [['change', 'message']] },
];

const key = (kind, name) => `${kind}: ${name}`;

function open(name) {
  const { kind, open: openCase } = GROUPS.find((group) => name.startsWith(key(group.kind, '')));
  return openCase(name.slice(key(kind, '').length));
}

const times = (value) => `${value.toFixed(2)} x`;

function reportSmall(results) {
  const series = (name) => results.get(key('small', name)).ns;
  const rows = Object.entries(SMALL).map(([name, { most }]) => {
    const own = series(name);
    if (own === undefined) return [name, 'absent', '', ''];
    const beside = ratio(own, series(JSON_ALONE));
    const budget = most === undefined ? '' : verdict(beside <= most, `<= ${most} x`);
    return [name, duration(median(own)), times(beside), budget];
  });
  return table(['set + get of an object of 200 B', 'time', 'to JSON alone', 'budget'], rows);
}

function reportCalls(results) {
  const rows = Object.entries(CALLS).map(([name, { most }]) => {
    const ns = median(results.get(key('call', name)).ns);
    return [name, duration(ns), most === undefined ? '' : verdict(ns <= most, `<= ${most} ns`)];
  });
  return table(['one call', 'time', 'budget'], rows);
}

function reportLonger(results) {
  const rows = Object.entries(LONGER).map(([size, { most }]) => {
    const [json, auto] = longerNames(size).map((name) => results.get(key('longer', name)).ns);
    const beside = ratio(auto, json);
    return [
      size,
      duration(median(auto)),
      duration(median(json)),
      times(beside),
      verdict(beside <= most, `<= ${most} x`),
    ];
  });
  const head = ["set + get, Share, codec 'auto'", 'time', 'JSON alone', 'to JSON alone', 'budget'];
  return table(head, rows);
}

function reportLarge(results) {
  const rows = LARGE.map((item) => {
    const [alone, shared] = largeNames(item).map((name) => results.get(key('large', name)).ns);
    const beside = ratio(shared, alone);
    return [
      `${item.size}, codec '${item.codec}'`,
      duration(median(shared)),
      duration(median(alone)),
      times(beside),
      verdict(beside <= MOST_LARGE, `<= ${MOST_LARGE} x`),
    ];
  });
  return table(['set + get', 'time', 'codec alone', 'to codec alone', 'budget'], rows);
}

function reportWakeups(results) {
  const series = (name) => results.get(key('wake-up', name));
  const rows = Object.keys(LISTENERS).map((name) => {
    const { p50, longest } = series(name);
    const beside = ratio(p50, series(MESSAGE).p50);
    const budget = name === MESSAGE ? '' : verdict(beside < 1, '< 1 x');
    return [name, duration(median(p50)), duration(median(longest)), times(beside), budget];
  });
  const head = ['until JS runs in another process', 'p50', 'slowest of ten', `to ${MESSAGE}`];
  return table([...head, 'budget'], rows);
}

function reportRest(results) {
  const { alone, scaling } = results.get(key('readers', 'two'));
  const scales = median(scaling);
  const [used, bare] = ['change', 'message'].map((how) =>
    median(results.get(key('idle', how)).percent),
  );
  return table(
    ['', '', 'budget'],
    [
      [
        `get() of 200 B by two processes, to one (${(median(alone) / 1e6).toFixed(2)} million/s)`,
        times(scales),
        verdict(scales >= LEAST_SCALING, `>= ${LEAST_SCALING} x`),
      ],
      [
        `processor time of a listener without changes, ${IDLE_MS / 1000} s`,
        `${used.toFixed(2)} %`,
        verdict(used < MOST_IDLE, `0 %: < ${MOST_IDLE}`),
      ],
      ['the same without a listener', `${bare.toFixed(2)} %`, ''],
    ],
  );
}

function report(results, how) {
  const parts = [reportSmall, reportLonger, reportCalls, reportLarge, reportWakeups, reportRest];
  return [...parts.map((part) => part(results)), how].join('\n\n');
}

/* The chart for lib/chart.js. */
function chart(results) {
  const bars = Object.entries(SMALL)
    .filter(([name]) => !UNCHARTED.includes(name))
    .map(([name, { isOurs = false }]) => ({ name, isOurs, ns: results.get(key('small', name)).ns }))
    .filter(({ ns }) => ns !== undefined)
    .map(({ name, isOurs, ns }) => ({ name, isOurs, value: median(ns) / 1000 }))
    .map((bar) => ({ ...bar, label: duration(bar.value * 1000) }))
    .sort((a, b) => a.value - b.value);
  return {
    title: 'Setting one object of 200 bytes and getting it again',
    subtitle: `Node ${process.version}, ${process.platform} ${process.arch}`,
    axis: 'microseconds, on a logarithmic scale: shorter is better',
    bars,
  };
}

module.exports = {
  title: 'Share',
  rounds: 5,
  turns: 40,
  groups: GROUPS.flatMap(({ kind, groups }) =>
    groups.map((names) => names.map((name) => key(kind, name))),
  ),
  open,
  report,
  chart,
};
