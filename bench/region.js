/*
 * The cost of memory without a file: attaching and leaving, 1 GiB that is never touched, the memory of a
 * process for each handle, and attaching to a region with many attachments.
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
const MANY = 4096; /* attachments, each with two descriptors */
const MOST_RESIDENT = 2 ** 20;
const MOST_PER_HANDLE = 64 * 1024;

const NAME = `bench-region-${process.pid}`;

/* The names are in a folder that is removed with this process, which ends while some are open. */
function named(options) {
  process.env.MMAPIPC_DIR = path.dirname(temporary('names', { inMemory: true }));
  return { name: NAME, ...options };
}

/* The options of the object that is opened and closed; kept() opens others before. */
const CYCLES = {
  'anonymous, created': () => ({ size: SMALL }),
  'anonymous, by handle': () => ({ handle: kept({ size: SMALL }).handle }),
  'anonymous, by handle, read-only': () => ({
    handle: kept({ size: SMALL }).handle,
    readOnly: true,
  }),
  'inherit, in one process': () => {
    kept({ inherit: NAME, size: SMALL, create: 'exclusive' }); /* a trial is a forked child */
    return { inherit: NAME };
  },
  'name, created and removed': () => named({ size: SMALL }),
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

/* Native memory: the growth of the resident memory, less the growth of the JS heap. The pages of the
 * region itself are shared, and so not counted. */
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

/* The time to attach and leave while this many are attached; undefined if the limit of descriptors is
 * too low. */
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
