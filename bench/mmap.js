/*
 * The cost of a mapping: the time and memory to open 1 GiB and touch nothing, and the memory of eight
 * processes that scan the same file, mapped and read.
 */
'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { Mmap } = require('..');
const { timer } = require('./lib/measure');
const { duration, median, ratio, size, table, verdict } = require('./lib/numbers');
const { kind, resident } = require('./lib/memory');
const { temporary } = require('./lib/files');

const SPARSE = 2 ** 30;
const SCANNED = 256 * 2 ** 20;
const SCANNERS = 8;
const MOST_NS = 1e6;
const MOST_GROWTH = 2 ** 20;

function sparseFile() {
  const file = temporary('sparse');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, SPARSE);
  return file;
}

/* `use`: what each case does with the mapping between opening and closing it. */
function untouched({ readOnly, use }) {
  const file = sparseFile();
  const cycle = () => {
    const map = new Mmap({ file, readOnly });
    const result = use(map);
    map.close();
    return result;
  };
  const time = timer(cycle, [undefined]);
  return () => {
    const ns = time();
    globalThis.gc();
    const before = resident();
    const map = new Mmap({ file, readOnly });
    globalThis.benchSink[0] = use(map);
    const growth = Math.max(0, resident() - before);
    map.close();
    return { ns, growth };
  };
}

function scannedFile() {
  const file = temporary('scanned');
  const block = Buffer.alloc(2 ** 20, 'eight processes look at these bytes\n');
  const fd = fs.openSync(file, 'w');
  for (let written = 0; written < SCANNED;) written += fs.writeSync(fd, block);
  fs.closeSync(fd);
  return file;
}

/* Each process scans the whole file. The memory is measured after that, while all keep the file. */
async function scan(way, file) {
  const script = path.join(__dirname, 'lib', 'scanner.js');
  const scanners = Array.from({ length: SCANNERS }, () => fork(script, [way, file]));
  const stop = () => scanners.forEach((scanner) => scanner.kill('SIGKILL'));
  process.once('exit', stop);
  const answers = () => Promise.all(scanners.map((scanner) => once(scanner, 'message')));
  try {
    const scanned = await answers();
    const sums = new Set(scanned.map(([{ sum }]) => sum));
    if (sums.size !== 1) throw new Error(`scanners disagree: ${[...sums]}`);
    const measured = answers();
    for (const scanner of scanners) scanner.send('measure');
    const memory = (await measured).map(([{ memory: bytes }]) => bytes);
    return { each: median(memory), all: memory.reduce((sum, bytes) => sum + bytes, 0) };
  } finally {
    process.off('exit', stop);
    stop();
  }
}

const nothing = () => undefined;
const UNTOUCHED = {
  'read-only': { readOnly: true, use: nothing },
  'read-only, .buffer taken': { readOnly: true, use: (map) => map.buffer.length },
  writable: { readOnly: false, use: nothing },
  'writable, .buffer taken': { readOnly: false, use: (map) => map.buffer.length },
};
const SCANS = { nothing: 'no file', mapped: 'Mmap', read: 'fs.readFile' };

function open(name) {
  if (Object.hasOwn(UNTOUCHED, name)) return untouched(UNTOUCHED[name]);
  const file = scannedFile();
  return () => scan(name, file);
}

function reportUntouched(results) {
  const head = ['1 GiB, nothing touched', 'open + close', 'resident growth', 'budget'];
  const rows = Object.keys(UNTOUCHED).map((name) => {
    const ns = median(results.get(name).ns);
    const growth = median(results.get(name).growth);
    const passed = ns < MOST_NS && growth < MOST_GROWTH;
    const budget = UNTOUCHED[name].use === nothing ? verdict(passed, '< 1 ms, < 1 MB') : '';
    return [name, duration(ns), size(growth), budget];
  });
  return table(head, rows);
}

function reportScans(results) {
  const base = results.get('nothing').all;
  const head = [
    `${SCANNERS} processes scan ${size(SCANNED)}`,
    `${kind} of each`,
    `${kind} of all`,
    'for the file',
    'to its size',
    'to Mmap',
  ];
  const rows = Object.entries(SCANS).map(([name, title]) => {
    const { each, all } = results.get(name);
    const extra = median(all.map((bytes, round) => bytes - base[round]));
    const cells = [title, size(median(each)), size(median(all))];
    if (name === 'nothing') return [...cells, '', '', ''];
    const toMapped = `${ratio(all, results.get('mapped').all).toFixed(2)} x`;
    return [...cells, size(extra), `${(extra / SCANNED).toFixed(2)} x`, toMapped];
  });
  return table(head, rows);
}

const BUFFER_NOTE =
  'After a read of `.buffer` V8 counts the 1 GiB as memory that it could free, and runs garbage ' +
  'collections, which take this time.';

function report(results, how) {
  return [reportUntouched(results), BUFFER_NOTE, reportScans(results), how].join('\n\n');
}

module.exports = {
  title: 'Mappings: the cost of opening, and the memory',
  rounds: 3,
  turns: 3,
  groups: [Object.keys(UNTOUCHED), Object.keys(SCANS)],
  open,
  report,
};
