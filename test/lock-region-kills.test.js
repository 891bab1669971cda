/*
 * Processes killed at random moments while they hold the lock of a region, or wait for it.
 */
'use strict';

const assert = require('node:assert/strict');

const { amount } = require('./support/amounts');
const { describeKills, killLockers } = require('./support/lockers');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const KILLS = Number(process.env.MMAPIPC_KILLS ?? amount(10, 100));

describe('the lock of a region, killed at random', function () {
  if (!isLinux) return;
  this.timeout(120000 + KILLS * 2000);
  const { open } = regions();

  it(`${KILLS} processes that hold or await it: none stuck, never two at a time`, async () => {
    const map = open({ size: 4096 });
    const result = await killLockers(map, KILLS);
    console.log(`      ${describeKills(result)}`);
    const { killed, violations, stuck, errors } = result;
    assert.ok(killed >= KILLS, `${killed}`);
    assert.deepEqual([violations, stuck, errors], [0, 0, []]);
  });
});
