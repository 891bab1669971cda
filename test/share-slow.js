/*
 * npm run test:slow: longer trials of share-processes.test.js. MMAPIPC_SLOW_MS and
 * MMAPIPC_SLOW_KILLS set the time and the number of kills.
 */
'use strict';

const { peers } = require('./support/peer');
const { kills, tornReads } = require('./support/share-trials');

describe('Share among processes, for longer', () => {
  const start = peers();
  const ms = Number(process.env.MMAPIPC_SLOW_MS ?? 60000);
  const number = Number(process.env.MMAPIPC_SLOW_KILLS ?? 1000);

  it(`4 readers see no torn value and no older version while 2 processes write for ${ms / 1000} s`, () =>
    tornReads(start, ms));

  it(`${number} killed processes lose no value and no count`, () => kills(number));
});
