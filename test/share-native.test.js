/*
 * Share in C, with the object files of the addon: processes are killed while they set, update and
 * compare, at any moment and at every instruction. Each program checks itself and prints its counts.
 */
'use strict';

const { amount, grouped } = require('./support/amounts');
const { isLinux } = require('./support/platform');
const { buildFixtures, instructions, runFixture } = require('./support/native');

/* npm run test:slow repeats more. */
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

  it(`${grouped(KILLS)} killed processes leave a complete value, and lose no acknowledged increment`, () =>
    runs('share_kills', KILLS));

  it(`a kill at ${STEPS.title} leaves the old value or the new one`, () =>
    runs('share_steps', ...STEPS.args));
});
