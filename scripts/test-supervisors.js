/*
 * npm run test:supervisors: the README's first example, and a test that shares memory with a child, under
 * supervisors and test runners at pinned versions from the registry. `inherit` must create the region
 * there, although most of them give their children an IPC channel.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT, Failure, run } = require('./toolchain');
const { environment, makeProject, runTrials } = require('./trials');

const PACKAGES = [
  ...['nodemon@3.1.14', 'tsx@4.23.15', 'pm2@7.0.4'],
  ...['mocha@11.7.0', 'jest@30.5.2', 'vitest@3.2.4'],
];
const PATIENCE = 60000;

/* A test in which a child counts. Each test uses another name, because two tests may run in threads of one
 * process. The environment is passed explicitly, because Jest's process.env is a copy. */
const body = (title) => `
  const { fork } = require('node:child_process');
  const assert = require('node:assert');
  const { Share } = require(${JSON.stringify(ROOT)});
  test('${title}', async () => {
    const stats = new Share(4096, { inherit: '${title}' });
    stats.set({ hits: 0 });
    const child = fork(${JSON.stringify(path.join(ROOT, 'test/fixtures/counting-child.js'))}, ['${title}'], {
      env: { ...process.env },
    });
    await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(stats.get().hits, 1000);
    stats.close();
  }, ${PATIENCE});`;
const MODULE = `import { createRequire } from 'node:module';
  import { test } from 'vitest';
  const require = createRequire(import.meta.url);`;
const FILES = {
  'app.js': fs.readFileSync(path.join(ROOT, 'test/fixtures/counting-app.js'), 'utf8'),
  'one.test.cjs': body('one'),
  'two.test.cjs': body('two'),
  'one.test.mjs': MODULE + body('one'),
  'two.test.mjs': MODULE + body('two'),
  'jest.config.cjs': "module.exports = { testMatch: ['**/*.test.cjs'], maxWorkers: 2 };\n",
  'mocha.cjs': `global.test = (title, fn, timeout) => it(title, fn).timeout(timeout);\n`,
};

function prepare(folder) {
  makeProject(folder, FILES, PACKAGES);
  fs.mkdirSync(path.join(folder, 'tmp'));
}

/* The caches are in the folder, and are removed with it. */
function env(folder) {
  const ours = { PM2_HOME: path.join(folder, 'pm2'), TMPDIR: path.join(folder, 'tmp') };
  return environment({ MMAPIPC_APP: ROOT, CI: 'true', ...ours });
}
const bin = (folder, name) => path.join(folder, 'node_modules/.bin', name);

/* Starts a program that does not end by itself, and ends it when the example has printed its result. */
async function watched(folder, name, args) {
  const child = spawn(bin(folder, name), args, {
    cwd: folder,
    env: env(folder),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const timer = setTimeout(() => child.stdout.destroy(), PATIENCE);
  child.stderr.on('data', (data) => (text += data));
  try {
    for await (const data of child.stdout) {
      text += data;
      if (/counted|ERR_/.test(text)) break;
    }
  } finally {
    clearTimeout(timer);
    process.kill(-child.pid, 'SIGKILL'); /* it and its children */
    await once(child, 'exit');
  }
  assert.match(text, /counted 1000/);
}

async function underPm2(folder) {
  const output = path.join(folder, 'pm2.out');
  const pm2 = (...args) => run(bin(folder, 'pm2'), args, { cwd: folder, env: env(folder) });
  try {
    pm2('start', 'app.js', '--no-autorestart', '-o', output, '-e', output);
    const until = performance.now() + PATIENCE;
    const text = () => (fs.existsSync(output) ? fs.readFileSync(output, 'utf8') : '');
    while (!/counted|ERR_/.test(text()) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.match(text(), /counted 1000/);
  } finally {
    pm2('kill');
  }
}

function tested(folder, name, args) {
  const { status, output } = run(bin(folder, name), args, {
    cwd: folder,
    env: env(folder),
    sentence: false,
  });
  if (status !== 0) throw new Failure(`exit code ${status}`, output);
}

const MOCHA = ['--parallel', '--jobs', '2', '--require', './mocha.cjs', '*.test.cjs'];

runTrials('supervisors', prepare, [
  ['nodemon', (folder) => watched(folder, 'nodemon', ['--quiet', 'app.js'])],
  ['tsx watch', (folder) => watched(folder, 'tsx', ['watch', 'app.js'])],
  ['pm2, fork mode', underPm2],
  ['mocha --parallel', (folder) => tested(folder, 'mocha', MOCHA)],
  ['jest, processes', (folder) => tested(folder, 'jest', [])],
  ['jest, threads', (folder) => tested(folder, 'jest', ['--workerThreads'])],
  ['vitest, threads', (folder) => tested(folder, 'vitest', ['run', 'mjs', '--pool', 'threads'])],
  ['vitest, forks', (folder) => tested(folder, 'vitest', ['run', 'mjs', '--pool', 'forks'])],
]);
