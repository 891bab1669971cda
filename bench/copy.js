/*
 * Copies out of and into a mapping, beside the same copy between two heap Buffers as a user would write
 * it, beside fs on the same file, and beside the Buffer of @riaskov/mmap-io.
 *
 * All of them work on 64 MiB whose pages have been touched, at the same offsets and with the same
 * alignment: a large heap Buffer begins 16 bytes after a page (glibc), and a mapping on a page.
 */
'use strict';

const fs = require('node:fs');

const { Mmap } = require('..');
const { timer } = require('./lib/measure');
const { duration, median, ratio, size, table, verdict } = require('./lib/numbers');
const { peer } = require('./lib/peers');
const { temporary } = require('./lib/files');

const FILE_SIZE = 64 * 2 ** 20;
const PAGE = 4096;
const MALLOC_HEADER = 16;
const SIZES = [64, 4096, 2 ** 20];
const MOST_TIMES_HEAP = 1.15;
const LEAST_TIMES_FS = 5;

/* 64 offsets, on cache lines all over the file, the same in every trial. */
function offsets(n) {
  let state = 1;
  return Array.from({ length: 64 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * ((FILE_SIZE - n) / 64)) * 64;
  });
}

function makeFile() {
  const file = temporary('bytes', { inMemory: true });
  fs.writeFileSync(file, Buffer.alloc(FILE_SIZE, 'mmapipc'));
  return file;
}

/* Touches every page, so that no later access of it faults. */
function touched(bytes, writable) {
  for (let i = 0; i < bytes.length; i += PAGE) {
    if (writable) bytes[i] = i;
    else globalThis.benchSink[0] = bytes[i];
  }
  return bytes;
}

const heap = () => {
  const whole = Buffer.alloc(FILE_SIZE + PAGE, 'mmapipc');
  return whole.subarray(PAGE - MALLOC_HEADER, PAGE - MALLOC_HEADER + FILE_SIZE);
};

function mapped(readOnly) {
  const map = new Mmap({ file: makeFile(), readOnly });
  touched(map.buffer, !readOnly);
  for (let i = 0; i < FILE_SIZE; i += 2 ** 20) map.read(i, 2 ** 20);
  return map;
}

/* The two ways to copy with any Buffer: copy and set. */
const byCopy = {
  read: (bytes, n) => (offset) => {
    const target = Buffer.allocUnsafe(n);
    bytes.copy(target, 0, offset, offset + n);
    return target;
  },
  readInto: (bytes, n) => {
    const target = Buffer.alloc(n);
    return (offset) => bytes.copy(target, 0, offset, offset + n);
  },
  write: (bytes, n) => {
    const source = Buffer.alloc(n, 'source');
    return (offset) => source.copy(bytes, offset, 0, n);
  },
};
const bySet = {
  read: (bytes, n) => (offset) => {
    const target = Buffer.allocUnsafe(n);
    target.set(bytes.subarray(offset, offset + n));
    return target;
  },
  readInto: (bytes, n) => {
    const target = Buffer.alloc(n);
    return (offset) => target.set(bytes.subarray(offset, offset + n));
  },
  write: (bytes, n) => {
    const source = Buffer.alloc(n, 'source');
    return (offset) => bytes.set(source, offset);
  },
};
const byMethod = {
  read: (map, n) => (offset) => map.read(offset, n),
  readInto: (map, n) => {
    const target = Buffer.alloc(n);
    return (offset) => map.readInto(target, offset, n);
  },
  write: (map, n) => {
    const source = Buffer.alloc(n, 'source');
    return (offset) => map.write(source, offset);
  },
};
const bySystem = {
  read: (fd, n) => (offset) => {
    const target = Buffer.allocUnsafe(n);
    fs.readSync(fd, target, 0, n, offset);
    return target;
  },
  readInto: (fd, n) => {
    const target = Buffer.alloc(n);
    return (offset) => fs.readSync(fd, target, 0, n, offset);
  },
  write: (fd, n) => {
    const source = Buffer.alloc(n, 'source');
    return (offset) => fs.writeSync(fd, source, 0, n, offset);
  },
};

function mappedByPeer() {
  const mmapIo = peer('@riaskov/mmap-io');
  if (!mmapIo) return undefined;
  const fd = fs.openSync(makeFile(), 'r+');
  const { PROT_READ, PROT_WRITE, MAP_SHARED } = mmapIo;
  return touched(mmapIo.map(FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd), true);
}

const SUBJECTS = {
  mmapipc: { ways: byMethod, open: () => mapped(false) },
  'mmapipc, read-only': { ways: byMethod, open: () => mapped(true), skip: 'write' },
  'heap, copy()': { ways: byCopy, open: () => touched(heap(), true) },
  'heap, set()': { ways: bySet, open: () => touched(heap(), true) },
  fs: { ways: bySystem, open: () => fs.openSync(makeFile(), 'r+') },
  '@riaskov/mmap-io, copy()': { ways: byCopy, open: mappedByPeer },
};
const OPERATIONS = Object.keys(byCopy);

const key = (operation, n, subject) => `${operation} ${n} ${subject}`;

/* A group: one operation of one size, in all ways that can do it. */
const GROUPS = OPERATIONS.flatMap((operation) =>
  SIZES.map((n) => ({
    operation,
    n,
    subjects: Object.keys(SUBJECTS).filter((subject) => SUBJECTS[subject].skip !== operation),
  })),
);

function open(name) {
  const [, operation, n, subject] = /^(\w+) (\d+) (.*)$/.exec(name);
  const { ways, open: openSubject } = SUBJECTS[subject];
  const opened = openSubject();
  if (opened === undefined) return undefined;
  const time = timer(ways[operation](opened, Number(n)), offsets(Number(n)));
  return () => ({ ns: time() });
}

function row(results, operation, n, subject) {
  const times = (other) => results.get(key(operation, n, other)).ns;
  const own = results.get(key(operation, n, subject));
  const cells = [`${operation} ${size(n)}`, subject];
  if (own.ns === undefined) return [...cells, 'absent', '', '', '', ''];
  const ofCopy = ratio(own.ns, times('heap, copy()'));
  const ofSet = ratio(own.ns, times('heap, set()'));
  const ofFs = ratio(times('fs'), own.ns);
  let budget = '';
  if (subject.startsWith('mmapipc')) {
    budget =
      n === 64
        ? verdict(ofFs >= LEAST_TIMES_FS, `fs >= ${LEAST_TIMES_FS}`)
        : verdict(ofCopy <= MOST_TIMES_HEAP, `copy() <= ${MOST_TIMES_HEAP}`);
  }
  const ratios = [ofCopy, ofSet, ofFs].map((value) => `${value.toFixed(2)} x`);
  return [...cells, duration(median(own.ns)), ...ratios, budget];
}

function report(results, how) {
  const head = ['', 'with', 'time', '/ heap copy()', '/ heap set()', 'fs /', 'budget'];
  const rows = GROUPS.flatMap(({ operation, n, subjects }) =>
    subjects.map((subject) => row(results, operation, n, subject)),
  );
  return `${table(head, rows)}\n\n${how}`;
}

module.exports = {
  title: 'Copies: 64 MiB on tmpfs, pages touched, scattered offsets',
  rounds: 5,
  turns: 40,
  groups: GROUPS.map(({ operation, n, subjects }) =>
    subjects.map((subject) => key(operation, n, subject)),
  ),
  open,
  report,
};
