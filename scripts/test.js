/*
 * npm test [-- mocha's arguments]: all suites, in groups that run side by side, each in a process of
 * its own, as many at a time as there are processors and at least three, as most of them wait much of
 * the time. The output of a group is printed whole; that of the first unfinished one as it comes.
 * With arguments it is one plain run of mocha.
 *
 * This is not mocha's --parallel: its workers are forked, and the tests would no longer be in a
 * process that nothing forked. Nor may this file load mmapipc.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');

const { ROOT, main, seconds } = require('./toolchain');

/* A file belongs to the first group that matches. Each process that needs the C programs builds them, so
 * they are all in one group. */
const GROUPS = {
  'C programs and kills': /-(?:native|kills|life)\./,
  examples: /^(?:cluster|wordcount|supervisors|faults)\./,
  regions: /^(?:region|places)/,
  threads: /^(?:threads|random-|copies)/,
  shares: /^share/,
  locks: /^(?:lock|waits)/,
  maps: /^(?:map|linear)/,
  'codecs, pack, properties': /^(?:codec|pack|properties|values|structure)/,
  'files and all others': /./,
};

const LONGEST = 'locks'; /* starts first, so that no processor is idle at the end */

const NOTE = `
Some tests repeat less here than in CI; their titles show the numbers. As often as in CI: npm run test:full
and MMAPIPC_SECONDS=30 npm run test:random; more often still: npm run test:slow. CI (.ci/run) also runs
test:native and test:asan (sanitizers), test:wine, test:versions, test:package, test:bundlers and fuzz.
`;

const { timeout } = JSON.parse(fs.readFileSync(path.join(ROOT, '.mocharc.json'), 'utf8'));
const MOCHA = [
  ...['--expose-gc', path.join(ROOT, 'node_modules/mocha/bin/_mocha')],
  ...['--no-config', '--timeout', String(timeout)],
];
if (process.stdout.isTTY) MOCHA.push('--color');

const allFiles = () =>
  fs
    .readdirSync(path.join(ROOT, 'test'))
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => `test/${name}`);

/* [{ title, files }], without empty ones. */
function groupsOf(files) {
  const titles = Object.keys(GROUPS);
  const groups = titles.map((title) => ({ title, files: [] }));
  for (const file of files) {
    const title = titles.find((one) => GROUPS[one].test(path.basename(file)));
    groups[titles.indexOf(title)].files.push(file);
  }
  return groups.filter((group) => group.files.length > 0);
}

/* Prints the output of several groups, one after the other. */
class Printer {
  #waiting;

  constructor(groups) {
    this.#waiting = [...groups];
    for (const group of groups) group.output = '';
  }

  add(group, text) {
    group.output += text;
    if (group === this.#waiting[0]) process.stdout.write(text);
  }

  end(group) {
    group.ended = true;
    while (this.#waiting[0]?.ended) {
      this.#waiting.shift();
      process.stdout.write(this.#waiting[0]?.output ?? '');
    }
  }
}

/* The processes that run; a signal goes on to them, and no further group is started. */
const running = new Set();
let signalled = false;

function takeSignals() {
  const pass = (signal) => {
    signalled = true;
    /* A terminal sends SIGINT to all. */
    if (signal !== 'SIGINT') for (const child of running) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
}

/* Runs mocha to its end; whether all has passed. */
function mocha(args, stdio, listen) {
  const child = spawn(process.execPath, [...MOCHA, ...args], { cwd: ROOT, stdio });
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', listen);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      if (signal) listen?.(`\nmocha was ended by ${signal}\n`);
      resolve(code === 0);
    });
  });
}

async function runGroup(group, printer) {
  const since = performance.now();
  printer.add(group, `\n== ${group.title}: ${group.files.length} files\n`);
  group.good = await mocha(group.files, ['inherit', 'pipe', 'pipe'], (text) =>
    printer.add(group, text),
  );
  printer.add(group, `== ${group.title}: ${group.good ? 'ok' : 'FAILED'} in ${seconds(since)}\n`);
  printer.end(group);
}

const sumOf = (groups, what) =>
  groups
    .map(({ output }) => Number(new RegExp(`^ +(\\d+) ${what}`, 'm').exec(output)?.[1] ?? 0))
    .reduce((a, b) => a + b, 0);

/* What mocha prints of the tests that fail, behind their number. */
const failuresOf = ({ output }) => output.split(/^ +\d+ failing\n/m)[1] ?? '\n';

async function runAll(files) {
  const since = performance.now();
  const groups = groupsOf(files);
  const printer = new Printer(groups);
  const queue = [...groups].sort(
    (a, b) => Number(b.title === LONGEST) - Number(a.title === LONGEST),
  );
  const lane = async () => {
    while (queue.length > 0 && !signalled) await runGroup(queue.shift(), printer);
  };
  await Promise.all(Array.from({ length: Math.max(3, os.availableParallelism()) }, lane));
  const bad = groups.filter((group) => !group.good);
  if (signalled) process.stdout.write('\ninterrupted\n');
  for (const group of bad.filter(({ ended }) => ended && !signalled)) {
    process.stdout.write(`\n== the failures of ${group.title}:\n${failuresOf(group)}`);
  }
  const counts = ['passing', 'pending', 'failing'].map((what) => `${sumOf(groups, what)} ${what}`);
  process.stdout.write(`\nin all: ${counts.join(', ')}; ${seconds(since)}\n${NOTE}`);
  return bad.length === 0;
}

/* Arguments without a file, as of --grep, are for all files. */
function runOne(args, files) {
  const hasFile = args.some((arg) => fs.existsSync(path.resolve(ROOT, arg)));
  return mocha([...args, ...(hasFile ? [] : files)], 'inherit');
}

main('test', async () => {
  takeSignals();
  const args = process.argv.slice(2);
  const files = allFiles();
  const good = args.length > 0 ? await runOne(args, files) : await runAll(files);
  if (!good) process.exitCode = 1;
});
