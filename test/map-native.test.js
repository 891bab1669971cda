/*
 * The table of a SharedMap in C: processes die at any store and at any instruction of any operation,
 * and are killed at full speed. Each program checks itself and prints its counts.
 */
'use strict';

const assert = require('node:assert/strict');

const { amount, grouped } = require('./support/amounts');
const { isLinux } = require('./support/platform');
const { TWINS } = require('./support/map-twins');
const {
  buildDying,
  buildFixtures,
  buildTwin,
  instructions,
  runFixture,
} = require('./support/native');

/* npm run test:slow repeats more. */
const slow = process.env.MMAPIPC_SLOW === '1';
const DEATHS = slow ? 350000 : amount(3000, 40000);
const KILLS = slow ? 10000 : 1000;
const SCRIBBLED = slow ? 1000000 : amount(20000, 100000);
const CHURN = slow ? 10000000 : 200000;
const TWIN_DEATHS = 60000; // most are found after a few hundred
const PATIENCE = slow ? 1800000 : 240000; // ms

const STEPS = instructions({ slow, sample: 512 });

describe('SharedMap, in C', function () {
  if (!isLinux) return;
  this.timeout(PATIENCE);

  before(() => buildFixtures());

  const runs = async (name, ...args) => {
    const output = await runFixture(name, args, { patience: PATIENCE });
    console.log(output.replace(/^/gm, '      '));
  };

  it(`${grouped(KILLS)} killed processes leave whole values, and lose no acknowledged write`, () =>
    runs('map_kills', KILLS));

  it(`a kill at ${STEPS.title} leaves what readers saw`, () => runs('map_steps', ...STEPS.args));

  it('another process that overwrites the map all the time ends no process and no call', () =>
    runs('map_scribble', SCRIBBLED));

  it(`is filled to 80 % and more; ${grouped(CHURN)} sets at 95 % of that never find it full`, () =>
    runs('map_fill', CHURN));

  it(`${grouped(DEATHS)} deaths, each before another store, leave what readers saw`, async () => {
    await buildDying();
    await runs('map_stores', DEATHS);
  });

  /* The operations are drawn. A fault in a rare one may not be met, so several draws follow. */
  async function isCaught(program) {
    for (const seed of [1, 2, 3, 4, 5]) {
      try {
        await runFixture(program, [TWIN_DEATHS, seed], { patience: PATIENCE });
      } catch (error) {
        assert.match(error.message, /checks failed/);
        return true;
      }
    }
    return false;
  }

  /* The first one in npm test, so that the machinery stays alive. */
  for (const twin of slow ? TWINS : TWINS.slice(0, amount(1, TWINS.length))) {
    it(`these deaths find a broken twin: ${twin.title}`, async () => {
      assert.ok(await isCaught(await buildTwin(twin)));
    });
  }
});
