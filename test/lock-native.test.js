/*
 * The lock and the event from C, by the objects of the addon: many processes at one lock, killed at
 * any moment and at every instruction, stopped, with used pids. Each program checks itself; what it
 * has counted and measured is printed.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');

const { isLinux } = require('./support/platform');
const { buildFixtures, runFixture } = require('./support/native');

/* Of npm run test:slow: more of everything. */
const slow = process.env.MMAPIPC_SLOW === '1';
const KILLS = slow ? 20000 : 2000;
const PATIENCE = slow ? 1800000 : 240000; // ms

const print = (output) => console.log(output.replace(/^/gm, '      '));

describe('the lock and the event, in C', function () {
  if (!isLinux) return;
  this.timeout(PATIENCE);

  before(() => buildFixtures());

  const runs = async (name, ...args) => print(await runFixture(name, args, { patience: PATIENCE }));

  it('4,000,000 increments by 8 processes and 4 threads: exact; and everybody gets his turn', () =>
    runs('crowd', slow ? 20000000 : 4000000));

  it(`${KILLS} processes killed: nobody is inside with another, nobody is stuck, each death is told`, () =>
    runs('kills', KILLS));

  it('killed at every instruction: the next one has the lock, and is told if he must be', () =>
    runs('steps', slow ? 'all' : ''));

  it('who is stopped keeps it; who is dead has lost it, whoever has his pid', () =>
    runs('living', 10, 1000));

  it('1,000,000 publications: no waiter misses the last', () => runs('events', 1000000));

  it('calls nothing of the system for a free lock and for an event that nobody waits for', async function () {
    if (spawnSync('strace', ['-V']).error) {
      assert.ok(!process.env.CI, 'CI must have strace');
      console.log('      there is no strace: left out');
      this.skip();
    }
    const prefix = ['strace', '-f', '-c', '-e', 'trace=futex'];
    const output = await runFixture('events', ['quiet'], { prefix, patience: PATIENCE });
    assert.match(output, /quiet: 100000 publications, 100000 locks/);
    const calls = /^\s*\d.*\s(\d+)\s+(?:\d+\s+)?futex$/m.exec(output)?.[1] ?? '0';
    console.log(`      100,000 publications and 100,000 locks: ${calls} calls of futex(2)`);
    assert.equal(calls, '0');
  });
});
