/*
 * The lock of a region between processes: counts that lose nothing, and a share for
 * everybody.
 */
'use strict';

const assert = require('node:assert/strict');

const { amount } = require('./support/amounts');
const { isLinux } = require('./support/platform');
const { WORDS, runLockers } = require('./support/lockers');
const { regions } = require('./support/regions');

const FAIR = amount(2000, 10000); /* ms */
const LONGEST = 10000; /* ms: what each of eight is promised */

describe('the lock of a region between processes', function () {
  if (!isLinux) return;
  this.timeout(120000);
  const { open } = regions();

  /* Runs jobs, and compares what they have counted with what they should have. */
  async function count(jobs, expected) {
    const map = open({ size: 4096 });
    const ends = await runLockers(map, jobs);
    assert.deepEqual(
      ends.map(([how]) => how),
      jobs.map(() => 0),
    );
    assert.equal(map.buffer.readInt32LE(WORDS.count * 4), expected);
    assert.equal(map.lock({ timeout: 0 }).recovered, false);
  }

  it('4 processes, 100 withLockAsync increments each, all at once, lose none', () =>
    count(Array(4).fill(['async', 100]), 400));

  it('4 processes, 20,000 withLock increments each, lose none', () =>
    count(Array(4).fill(['sync', 20000]), 80000));

  it('3 processes of 3 threads, with and without promises, lose none', () =>
    count(Array(3).fill(['threads', 500]), 3 * 3 * 500));

  it('each of eight processes that want it all the time gets it within 10 s', async () => {
    const map = open({ size: 4096 });
    const ends = await runLockers(map, Array(8).fill(['fair', FAIR]));
    const all = ends.map(([how, output]) => (assert.equal(how, 0), JSON.parse(output)));
    const worst = Math.max(...all.map((one) => one.worst));
    const served = all.map((one) => one.served);
    console.log(
      `      worst wait ${worst.toFixed(0)} ms; served ${Math.min(...served)} to ${Math.max(...served)} times`,
    );
    assert.ok(worst < LONGEST, `${worst} ms`);
    assert.ok(Math.min(...served) > 0);
  });
});
