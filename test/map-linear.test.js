/*
 * SharedMap is linearizable: whatever processes and threads do at the same time, and whichever of them are
 * stopped, killed or terminated in the middle of a call, the results are those of one plain Map. Recorded
 * histories are checked for it, key by key.
 */
'use strict';

const assert = require('node:assert/strict');

const { amount, grouped } = require('./support/amounts');
const { HISTORIES, Party } = require('./support/histories');
const { maps } = require('./support/maps');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { FAULTS, NO_FAULT } = require('./fixtures/map-faults');

/* npm run test:slow repeats more. */
const slow = process.env.MMAPIPC_SLOW === '1';
const NUMBER = slow ? 5000 : amount(250, 1000); /* for each kind of participant */
const FAULTY = 40; /* batches; most faults are found in the first */

describe('SharedMap: histories', function () {
  if (!isLinux) return;
  this.timeout(1200000);
  maps();
  const start = peers({ reuse: true });
  const someSeed = () => Math.floor(Math.random() * 2 ** 31);
  let party;
  beforeEach(() => (party = new Party(start)));
  afterEach(() => party.close());

  for (const [title, cache] of [
    ['with the cache of each thread', 4096],
    ['without a cache', 0],
  ]) {
    it(`${grouped(NUMBER)} histories of 4 processes and 2 threads are linearizable, ${title}`, async () => {
      for (let i = 0; i < NUMBER / HISTORIES; i++) {
        const often = slow ? 1 : 3;
        const kills = i % often === 0;
        await party.play({ seed: someSeed(), cache, kills, terminates: (i + 1) % often === 0 });
        assert.deepEqual(party.violations, []);
      }
      const { operations, overlapping, pending, stops, kills, terminations } = party.counts;
      console.log(
        `      ${operations} operations, ${overlapping} of which overlap another one of their key; ` +
          `${stops} stops, ${kills} killed, ${terminations} terminated, ${pending} without a response`,
      );
      assert.equal(party.counts.histories, NUMBER);
      assert.ok(overlapping > 0 && kills > 0 && terminations > 0 && pending > 0);
    });
  }

  it('the wrapper of the maps with a fault is not one', async () => {
    for (let i = 0; i < 2; i++) {
      await party.play({ seed: someSeed(), cache: 4096, fault: NO_FAULT });
    }
    assert.deepEqual(party.violations, []);
  });

  for (const fault of FAULTS) {
    it(`the histories of ${fault} are not linearizable`, async () => {
      for (let i = 0; i < FAULTY && party.violations.length === 0; i++) {
        await party.play({ seed: someSeed(), cache: 4096, fault });
      }
      assert.ok(party.violations.length > 0);
    });
  }
});
