/*
 * The command mmapipc, as a separate process.
 */
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { ROOT } = require('./child');

const COMMAND = path.join(ROOT, require('../../package.json').bin);
const PATIENCE = 30_000; /* ms */

/* { status, stdout, stderr }, with this text on its standard input. */
function runWith(input, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
    ...{ input, encoding: 'utf8', timeout: 60_000, maxBuffer: 2 ** 26 },
  });
  return { status, stdout, stderr };
}

const run = (...args) => runWith('', ...args);

/* A command that goes on: { child, ended, lines(): the complete lines so far, has(count): resolves with
 * these when they are as many }. */
function start(...args) {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  }
  const ended = once(child, 'close').then(([status, signal]) => ({ status, signal, ...output }));
  const lines = () => output.stdout.split('\n').slice(0, -1);
  const has = (count) => until(`${count} lines`, () => lines().length >= count && lines());
  return { child, ended, lines, has };
}

/* The first truthy result of look(), which is called again and again. */
async function until(what, look) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${PATIENCE} ms`);
    await sleep(5);
  }
}

module.exports = { COMMAND, run, runWith, start, until };
