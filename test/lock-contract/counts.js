/*
 * Part of the contract: increments of one number under the lock, by processes and threads at once,
 * with and without promises, lose none.
 */
'use strict';

const assert = require('node:assert/strict');

const { WORDS, runLockers } = require('../support/lockers');

const JOBS = [
  ['4 processes, 100 withLockAsync() each, all at once', Array(4).fill(['async', 100]), 400],
  ['4 processes, 20,000 withLock() each', Array(4).fill(['sync', 20000]), 80000],
  ['3 processes of 3 threads, by both', Array(3).fill(['threads', 500]), 3 * 3 * 500],
];

module.exports = ({ subject, create }) => {
  if (subject.isShare) return;

  for (const [what, jobs, expected] of JOBS) {
    it(`${what}: no increment is lost`, async () => {
      const map = create();
      const ends = await runLockers(map, jobs);
      assert.deepEqual(
        ends.map(([how]) => how),
        jobs.map(() => 0),
      );
      assert.equal(map.buffer.readInt32LE(WORDS.count * 4), expected);
      assert.equal(map.lock({ timeout: 0 }).recovered, false);
    });
  }
};
