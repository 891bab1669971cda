/*
 * Example: cluster workers count the words of one large file.
 *
 *     node examples/wordcount.js [--workers N] [--megabytes N] [file]
 *
 * Mapped with Mmap, the file is in memory once for all workers; read with fs.readFile, it is in memory
 * once for each worker. The example does both, and prints the time and memory side by side.
 */
'use strict';

const cluster = require('node:cluster');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { conclusion, mega, table } = require('./wordcount/table');
const { countTogether } = require('./wordcount/team');
const { makeText } = require('./wordcount/text');

const HELP = `node examples/wordcount.js [options] [file]

Counts the words of a file in several processes that share one mapping of it, and again with
fs.readFile. Without a file it creates a text in the folder for temporary files, and removes it
afterwards.

  --workers N     number of processes (default 4)
  --megabytes N   size of the created text (default 200)
  --help          prints this text
`;

class UsageError extends Error {}

function number(text, name, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new UsageError(`--${name} must be a whole number from 1 to ${most}, not '${text}'`);
}

function readOptions() {
  const options = {
    workers: { type: 'string' },
    megabytes: { type: 'string' },
    help: { type: 'boolean' },
  };
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message.split(/\. |\n/)[0]);
  }
  const { values, positionals } = parsed;
  if (positionals.length > 1) throw new UsageError(`one file, not ${positionals.length}`);
  if (positionals.length > 0 && values.megabytes !== undefined) {
    throw new UsageError('--megabytes is the size of the created text; leave it out with a file');
  }
  return {
    help: values.help,
    workers: number(values.workers ?? '4', 'workers', 256),
    megabytes: number(values.megabytes ?? '200', 'megabytes', 100_000),
    file: positionals[0],
  };
}

/* A progress bar on a terminal, and nothing elsewhere; `add(bytes)` moves it. */
function progressBar(name, total) {
  if (!process.stderr.isTTY) return { add() {}, stop() {} };
  const { SingleBar, Presets } = require('cli-progress');
  const format = `${name.padEnd(12)} {bar} {percentage}%`;
  const bar = new SingleBar({ format, clearOnComplete: true }, Presets.shades_classic);
  bar.start(total, 0);
  return { add: (bytes) => bar.increment(bytes), stop: () => bar.stop() };
}

async function withBar(name, total, work) {
  const bar = progressBar(name, total);
  try {
    return await work((bytes) => bar.add(bytes));
  } finally {
    bar.stop();
  }
}

/* Creates a text. Its folder is removed when this process exits. */
async function madeFile(megabytes) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mmapipc-wordcount-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'text');
  const known = await withBar('writing', megabytes * 1e6, (add) =>
    makeText(file, megabytes * 1e6, add),
  );
  return { file, known };
}

function sizeOf(file) {
  const stat = fs.statSync(file);
  if (!stat.isFile()) throw new Error(`${file} is not a file`);
  if (stat.size === 0) throw new Error(`${file} is empty, so there is nothing to map`);
  return stat.size;
}

/* The reason why fs.readFile cannot read the file; undefined if it can. */
function tooLargeToRead(size, workers) {
  const needed = size * workers;
  if (needed < os.freemem()) return undefined;
  return `${workers} copies of it need ${mega(needed)}, ${mega(os.freemem())} are free`;
}

function checkSame(a, b, what) {
  for (const name of ['words', 'lines', 'bytes']) {
    if (a[name] !== b[name]) throw new Error(`${what}: ${a[name]} and ${b[name]} ${name}`);
  }
}

async function main({ workers, megabytes, file: given }) {
  const { file, known } = given === undefined ? await madeFile(megabytes) : { file: given };
  const size = sizeOf(file);
  const run = (name, way) =>
    withBar(name, size, (onProgress) => countTogether({ way, file, size, workers, onProgress }));

  const mapped = await run('Mmap', 'mapped');
  if (known) checkSame(mapped, known, 'the counts differ from the text that was written');

  let refusal = tooLargeToRead(size, workers);
  let read;
  if (refusal === undefined) {
    try {
      read = await run('fs.readFile', 'read');
    } catch (error) {
      if (error.code !== 'ERR_FS_FILE_TOO_LARGE') throw error;
      refusal = error.message;
    }
  }
  if (read === undefined) {
    console.log(table([['Mmap', mapped]], workers));
    console.log(`fs.readFile cannot do this: ${refusal}.`);
    return;
  }
  checkSame(mapped, read, 'Mmap and fs.readFile disagree');
  const runs = [
    ['Mmap', mapped],
    ['fs.readFile', read],
  ];
  console.log(table(runs, workers));
  console.log(conclusion(mapped, read, workers));
}

function fail(error) {
  const usage = error instanceof UsageError;
  console.error(`wordcount: ${error.message}${usage ? ' (see --help)' : ''}`);
  process.exit(usage ? 2 : 1);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(128 + os.constants.signals[signal]));
}
process.on('exit', () => {
  for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL');
});

try {
  const options = readOptions();
  if (options.help) process.stdout.write(HELP);
  else main(options).catch(fail);
} catch (error) {
  fail(error);
}
