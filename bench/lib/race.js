/*
 * Several processes that do the same at the same time (racer.js).
 */
'use strict';

const { answer, ask, start } = require('./children');
const { now } = require('./measure');

const LEAD = 10e6; /* ns: all have been told by then */

/*
 * A promise of race({ ms } or { calls }), which gives a promise of { took, counts }: ns from the
 * common beginning to the end of the last one, and how often each has called; undefined where the
 * module's racers[name](...args) gives none.
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
