/*
 * Several processes that run the same code at the same time (racer.js).
 */
'use strict';

const { answer, ask, start } = require('./children');
const { now } = require('./measure');

const LEAD = 10e6; /* ns: all have the message by then */

/*
 * Resolves with race({ ms } or { calls }), which resolves with { took, counts }: the ns from the common
 * beginning to the end of the last process, and the calls of each. Resolves with undefined if the module's
 * racers[name](...args) returns undefined.
 */
async function racers(count, file, name, ...args) {
  const all = Array.from({ length: count }, () =>
    start('racer.js', file, name, JSON.stringify(args)),
  );
  await Promise.all(all.map(answer));
  return async ({ ms, calls }, children = all) => {
    const begin = now() + LEAD;
    const end = ms === undefined ? undefined : begin + ms * 1e6;
    const results = await Promise.all(children.map((child) => ask(child, { begin, end, calls })));
    const took = Math.max(...results.map((result) => result.ended)) - begin;
    return { took, counts: results.map((result) => result.count) };
  };
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

module.exports = { racers, sum };
