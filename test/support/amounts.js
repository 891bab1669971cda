/*
 * How often a test repeats what it tests: less in `npm test`, which people wait for, than with
 * MMAPIPC_FULL=1 (`npm run test:full`, a step of CI). The promise of the test is the same; its title
 * has the number that was used.
 */
'use strict';

/* test:slow, which repeats even more, is never less than full. */
const isFull = process.env.MMAPIPC_FULL === '1' || process.env.MMAPIPC_SLOW === '1';

/* The first number, or the second one in a full run. */
const amount = (quick, full) => (isFull ? full : quick);

/* A number as titles show it: 1,000. */
const grouped = (number) => number.toLocaleString('en-US');

module.exports = { amount, grouped };
