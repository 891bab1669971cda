/*
 * What memory without a file costs: attaching and leaving, a GiB of which nothing is touched, what a
 * handle takes of the process' memory, and attaching where many are attached already.
 */
'use strict';

const path = require('node:path');

const { Mmap } = require('..');
const { temporary } = require('./lib/files');
const { timer } = require('./lib/measure');
const { duration, median, size, table, verdict } = require('./lib/numbers');
const { resident } = require('./lib/memory');

const SMALL = 4096;
const UNTOUCHED = 2 ** 30;
const HANDLES = 500;
const MANY = 4096; /* attached: each has two descriptors */
const MOST_RESIDENT = 2 ** 20;
const MOST_PER_HANDLE = 64 * 1024;

const NAME = `bench-region-${process.pid}`;

/* Names lie in a folder that goes with this process, which ends with some of them open. */
function named(options) {
  process.env.MMAPIPC_DIR = path.dirname(temporary('names', { inMemory: true }));
  return { name: NAME, ...options };
}

/* What is there beside, and what is opened and closed. */
const CYCLES = {
  'anonymous, made': () => ({ size: SMALL }),
  'anonymous, by handle': () => ({ handle: kept({ size: SMALL }).handle }),
  'anonymous, by handle, read-only': () => ({
    handle: kept({ size: SMALL }).handle,
    readOnly: true,
  }),
  'inherit, in one process': () => {
    kept({ inherit: NAME, size: SMALL, create: 'exclusive' }); /* a trial is a forked child */
    return { inherit: NAME };
  },
  'name, made and removed': () => named({ size: SMALL }),
  'name, joined': () => {
    kept(named({ size: SMALL }));
    return { name: NAME };
  },
  'a file in memory, for comparison': () => ({
    file: temporary('region', { inMemory: true }),
    size: SMALL,
    readOnly: false,
  }),
};

const all = [];
function kept(options) {
  all.push(new Mmap(options));
  return all.at(-1);
}

function cycle(name) {
  const options = CYCLES[name]();
  const time = timer(() => new Mmap(options).close(), [undefined]);
  return () => ({ ns: time() });
}

function untouched() {
  return () => {
    const before = resident();
    const map = new Mmap({ size: UNTOUCHED });
    const growth = Math.max(0, resident() - before);
    map.close();
    return { growth };
  };
}

/* Native memory: what is resident more, less what JS' heap has grown by; each region's own header
 * page and first page of payload are shared and counted as the region's. */
function handles() {
  return () => {
    const { handle } = kept({ size: SMALL });
    globalThis.gc();
    const heap = process.memoryUsage().heapUsed;
    const before = resident();
    const maps = Array.from({ length: HANDLES }, () => Mmap.attach(handle));
    globalThis.gc();
    const bytes = resident() - before - Math.max(0, process.memoryUsage().heapUsed - heap);
    for (const map of maps) map.close();
    return { bytes: Math.max(0, bytes) / HANDLES };
  };
}

/* Time of attaching and leaving while so many are attached; undefined where the limit of descriptors
 * is too low. */
function many() {
  const { handle } = kept({ size: SMALL });
  try {
    for (let i = 1; i < MANY; i++) kept({ handle });
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
    return undefined;
  }
  const time = timer(() => Mmap.attach(handle).close(), [undefined]);
  return () => ({ ns: time() });
}

const SPECIAL = { untouched, handles, many };

function open(name) {
  return SPECIAL[name]?.() ?? (name in CYCLES ? cycle(name) : undefined);
}

function report(results, how) {
  const cycles = Object.keys(CYCLES).map((name) => [name, duration(median(results.get(name).ns))]);
  const growth = median(results.get('untouched').growth);
  const bytes = median(results.get('handles').bytes);
  const crowd = results.get('many')?.ns;
  const rows = [
    [
      'anonymous, 1 GiB untouched',
      size(growth),
      verdict(growth < MOST_RESIDENT, '< 1 MB resident'),
    ],
    ['native memory of a handle', size(bytes), verdict(bytes <= MOST_PER_HANDLE, '<= 64 KB')],
    [
      `attach and close with ${MANY} attached`,
      crowd ? duration(median(crowd)) : 'absent (ulimit -n)',
      '',
    ],
  ];
  return [table(['attach and close', 'time'], cycles), table(['', '', 'budget'], rows), how].join(
    '\n\n',
  );
}

module.exports = {
  title: 'Regions: attaching, and the memory they take',
  rounds: 3,
  turns: 3,
  groups: [Object.keys(CYCLES), ['untouched'], ['handles'], ['many']],
  open,
  report,
};
