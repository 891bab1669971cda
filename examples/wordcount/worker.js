/*
 * One cluster worker: counts its share of a file, either directly in a mapping or in a copy of the whole
 * file from fs.readFile. It does one step for each message of the primary, and answers it. It keeps the
 * bytes until the primary disconnects, so that all workers can be measured together.
 */
'use strict';

const cluster = require('node:cluster');
const fs = require('node:fs');
const { setImmediate: breathe } = require('node:timers/promises');

const { Mmap } = require('../..');
const { count, isSpace } = require('./count');

const SLICE = 4 * 1024 * 1024;

/* Each way returns a function for `length` bytes from `offset`. */
const WAYS = {
  /* The views are Buffers over the page cache: nothing is copied, and no file is too large. */
  mapped(file) {
    const map = new Mmap({ file });
    return (offset, length) => map.view(offset, length);
  },
  async read(file) {
    const bytes = await fs.promises.readFile(file);
    return (offset, length) => bytes.subarray(offset, offset + length);
  },
};

let slice; /* kept, so that the measured memory is not collected */

async function countShare({ way, file, start, end }) {
  slice = await WAYS[way](file);
  let words = 0;
  let lines = 0;
  let afterSpace = start === 0 || start === end || isSpace(slice(start - 1, 1)[0]);
  for (let offset = start; offset < end; offset += SLICE) {
    const bytes = slice(offset, Math.min(SLICE, end - offset));
    const found = count(bytes, afterSpace);
    words += found.words;
    lines += found.lines;
    afterSpace = found.afterSpace;
    process.send({ progress: bytes.length });
    await breathe(); /* lets a message be sent, and notices when the primary has ended */
  }
  return { words, lines, bytes: end - start };
}

/*
 * Bytes of memory: the proportional set size, in which a page that n processes share counts 1/n; the
 * resident set size if the system does not report it.
 */
function memory() {
  try {
    const rollup = fs.readFileSync('/proc/self/smaps_rollup', 'latin1');
    return { kind: 'PSS', memory: Number(/^Pss:\s+(\d+) kB/m.exec(rollup)[1]) * 1024 };
  } catch {
    return { kind: 'RSS', memory: process.memoryUsage.rss() };
  }
}

const STEPS = { count: countShare, measure: memory };

process.on('message', async ({ step, ...task }) => {
  try {
    process.send({ answer: await STEPS[step](task) });
  } catch ({ message, code }) {
    process.send({ error: { message, code } });
  }
});
process.on('SIGINT', () => {}); /* the primary handles Ctrl-C */
cluster.worker.on('error', () => process.exit(1)); /* the primary has ended */
process.send({ answer: 'ready' });
