/*
 * worker.terminate() and process.exit() at random moments. Both can stop a thread within a native
 * call, after which every call of Node-API fails: the process aborted in 14 of 20 runs.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { isLinux } = require('./support/platform');
const { SECONDS } = require('./support/seconds');

const FIXTURE = path.join(__dirname, 'fixtures', 'terminate.js');
const EXITS = 4;

function run(ms, seed, ...rest) {
  const args = [FIXTURE, ms, seed, ...rest].map(String);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: ms * 10 + 60000,
  });
  assert.deepEqual({ status, signal }, { status: 0, signal: null }, `seed ${seed}\n${stderr}`);
  return stdout;
}

describe('threads terminated at random moments', function () {
  if (!isLinux) return;
  this.timeout(SECONDS * 20000 + 120000);
  const seed = Math.floor(Math.random() * 2 ** 31);

  it('cause no abort, and leave no lock held, no descriptor and no thread', () => {
    const { threads, fds, tasks, value } = JSON.parse(run(SECONDS * 1000, seed));
    assert.equal(value, 'still works');
    /* The last threads may not have ended completely. */
    assert.ok(fds <= 6, `seed ${seed}: ${fds} descriptors left by ${threads} threads`);
    assert.ok(tasks <= 2, `seed ${seed}: ${tasks} threads left`);
    console.log(`      ${threads} threads terminated`);
  });

  it('cause no abort when process.exit() of the main thread ends them', () => {
    for (let i = 0; i < EXITS; i++) run(500, seed + i, 'exit');
  });
});
