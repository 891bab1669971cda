/*
 * Share from C, by the objects of the addon: processes killed while they set, update and compare, at
 * any moment and at every instruction. Each program checks itself; what it has counted is printed.
 */
'use strict';

const { amount, grouped } = require('./support/amounts');
const { isLinux } = require('./support/platform');
const { buildFixtures, instructions, runFixture } = require('./support/native');

/* Of npm run test:slow: more of everything. */
const slow = process.env.MMAPIPC_SLOW === '1';
const KILLS = slow ? 10000 : amount(100, 1000);
const PATIENCE = slow ? 1800000 : 240000; // ms
const STEPS = instructions({ slow });

describe('Share, in C', function () {
  if (!isLinux) return;
  this.timeout(PATIENCE);

  before(() => buildFixtures());

  const runs = async (name, ...args) => {
    const output = await runFixture(name, args, { patience: PATIENCE });
    console.log(output.replace(/^/gm, '      '));
  };

  it(`${grouped(KILLS)} processes killed: the value is whole, and no acknowledged increment is lost`, () =>
    runs('share_kills', KILLS));

  it(`killed at ${STEPS.title}: the value is the old one or the new one`, () =>
    runs('share_steps', ...STEPS.args));
});
