/*
 * What a region costs: to make it, to attach to it and to leave it; what it takes of memory, and that
 * thousands can be attached at once.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { Mmap } = require('..');
const { timer } = require('./lib/measure');
const { duration, median, size, table, verdict } = require('./lib/numbers');
const { proportional, resident } = require('./lib/memory');

const GIB = 2 ** 30;
const SIZE = 2 ** 20;
const MANY = 4096;
const MEASURED = 1000; /* handles, for the memory of one */
const MOST_NS = 300e3;
const MOST_RESIDENT = 2 ** 20;
const MOST_A_HANDLE = 64 * 1024;

/* Names live in a folder of this process, and go with it. */
function ownNames() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mmapipc-bench-'));
  process.env.MMAPIPC_DIR = folder;
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
}

const cycle = (options) => () => {
  const map = new Mmap(options);
  const { size: bytes } = map;
  map.close();
  return bytes;
};

const TIMED = {
  'anonymous, made and closed': () => cycle({ size: SIZE }),
  'by handle, attached and closed': () => {
    const kept = (globalThis.benchKept = new Mmap({ size: SIZE }));
    return cycle({ handle: kept.handle });
  },
  'by name, attached and closed': () => {
    ownNames();
    globalThis.benchKept = new Mmap({ name: 'bench', size: SIZE });
    return cycle({ name: 'bench', size: SIZE });
  },
  'inherited, attached and closed': () => {
    globalThis.benchKept = new Mmap({ inherit: 'bench', size: SIZE, create: 'exclusive' });
    return cycle({ inherit: 'bench', size: SIZE });
  },
};

function untouched() {
  return () => {
    globalThis.gc();
    const before = resident();
    const map = new Mmap({ size: GIB });
    const growth = Math.max(0, resident() - before);
    map.close();
    return { growth };
  };
}

/* What each of many handles on one region adds; JS's own objects are part of it.
 * Pages that all share are no more memory for being mapped once more. */
function handles() {
  const { handle } = (globalThis.benchKept = new Mmap({ size: SIZE }));
  const attach = (n) => Array.from({ length: n }, () => new Mmap({ handle }));
  for (const map of attach(MEASURED)) map.close();
  return () => {
    globalThis.gc();
    const before = proportional();
    const maps = attach(MEASURED);
    const growth = (proportional() - before) / MEASURED;
    for (const map of maps) map.close();
    return { growth };
  };
}

function many() {
  const { handle } = (globalThis.benchKept = new Mmap({ size: SIZE }));
  return () => {
    const maps = [];
    const begin = process.hrtime.bigint();
    for (let i = 0; i < MANY; i++) maps.push(new Mmap({ handle }));
    const attached = process.hrtime.bigint();
    maps[0].buffer[0] = 7;
    if (maps[MANY - 1].read(0, 1)[0] !== 7) throw new Error('they do not see the same');
    const between = process.hrtime.bigint();
    for (const map of maps) map.close();
    const end = process.hrtime.bigint();
    return { attach: Number(attached - begin) / MANY, close: Number(end - between) / MANY };
  };
}

const OTHERS = { untouched, handles, many };

function open(name) {
  if (process.platform !== 'linux') return undefined;
  if (Object.hasOwn(OTHERS, name)) return OTHERS[name]();
  const time = timer(TIMED[name](), [undefined]);
  return () => ({ ns: time() });
}

function report(results, how) {
  const timed = Object.keys(TIMED).map((name) => {
    const { ns } = results.get(name);
    if (ns === undefined) return [name, 'absent', ''];
    return [name, duration(median(ns)), verdict(median(ns) < 2 * MOST_NS, '< 300 us each')];
  });
  const { growth } = results.get('untouched');
  const each = results.get('handles').growth;
  const thousands = results.get('many');
  if (growth === undefined) return [table(['', 'time', 'budget'], timed), how].join('\n\n');
  const rest = [
    [
      '1 GiB, nothing touched: resident',
      size(median(growth)),
      median(growth) < MOST_RESIDENT,
      '< 1 MB',
    ],
    ['memory of a handle', size(median(each)), median(each) < MOST_A_HANDLE, '< 64 KB'],
    [
      `${MANY} at once, attach`,
      duration(median(thousands.attach)),
      median(thousands.attach) < MOST_NS,
      '< 300 us',
    ],
    [
      `${MANY} at once, close`,
      duration(median(thousands.close)),
      median(thousands.close) < MOST_NS,
      '< 300 us',
    ],
  ].map(([name, value, passed, budget]) => [name, value, verdict(passed, budget)]);
  return [table(['', '', 'budget'], [...timed, ...rest]), how].join('\n\n');
}

module.exports = {
  title: 'Regions: attaching, leaving, memory',
  rounds: 3,
  turns: 5,
  groups: [Object.keys(TIMED), ...Object.keys(OTHERS).map((name) => [name])],
  open,
  report,
};
