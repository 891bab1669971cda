/*
 * The trials of share-processes.test.js at length; npm run test:slow. MMAPIPC_SLOW_MS and
 * MMAPIPC_SLOW_KILLS say how long, and how many.
 */
'use strict';

const { peers } = require('./support/peer');
const { kills, tornReads } = require('./support/share-trials');

describe('Share among processes, at length', () => {
  const start = peers();
  const ms = Number(process.env.MMAPIPC_SLOW_MS ?? 60000);
  const number = Number(process.env.MMAPIPC_SLOW_KILLS ?? 1000);

  it(`2 writers and 4 readers for ${ms / 1000} s: no value is torn, no version goes back`, () =>
    tornReads(start, ms));

  it(`${number} processes killed: no value and no count is lost`, () => kills(number));
});
