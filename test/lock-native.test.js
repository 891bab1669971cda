/*
 * The lock and the event from C, by the objects of the addon: many processes at one lock, killed at
 * any moment and at every instruction, stopped, with used pids. Each program checks itself; what it
 * has counted and measured is printed.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');

const { amount, grouped } = require('./support/amounts');
const { isLinux } = require('./support/platform');
const { buildFixtures, instructions, runFixture } = require('./support/native');

/* Of npm run test:slow: more of everything. */
const slow = process.env.MMAPIPC_SLOW === '1';
const KILLS = slow ? 20000 : amount(100, 2000);
const INCREMENTS = slow ? 20000000 : amount(400000, 4000000);
const STOPPED = amount(2, 10); /* seconds */
const REUSES = amount(40, 1000);
const PUBLICATIONS = amount(200000, 1000000);
const PATIENCE = slow ? 1800000 : 240000; // ms

const STEPS = instructions({ slow });

const print = (output) => console.log(output.replace(/^/gm, '      '));

describe('the lock and the event, in C', function () {
  if (!isLinux) return;
  this.timeout(PATIENCE);

  before(() => buildFixtures());

  const runs = async (name, ...args) => print(await runFixture(name, args, { patience: PATIENCE }));

  it(`${grouped(INCREMENTS)} increments by 8 processes and 4 threads: exact, and each has its turn`, () =>
    runs('crowd', INCREMENTS));

  it(`${grouped(KILLS)} processes killed: never two inside, none stuck, each death is reported`, () =>
    runs('kills', KILLS));

  it(`killed at ${STEPS.title}: the next process acquires the lock, and a death is reported if it must be`, () =>
    runs('steps', ...STEPS.args));

  it(`a stopped process keeps it; a dead one does not, though its pid is in use (${grouped(REUSES)} times)`, () =>
    runs('living', STOPPED, REUSES));

  it(`${grouped(PUBLICATIONS)} publications: no waiter misses the last`, () =>
    runs('events', PUBLICATIONS));

  it('makes no system call for a free lock and for an event without waiters', async function () {
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
