/*
 * How often a test repeats its work: less in `npm test`, for which people wait, than with
 * MMAPIPC_FULL=1 (`npm run test:full`, a step of CI). The test promises the same in both; its title
 * has the number of repetitions.
 */
'use strict';

/* test:slow, which repeats even more, is always full. */
const isFull = process.env.MMAPIPC_FULL === '1' || process.env.MMAPIPC_SLOW === '1';

/* The first number; in a full run the second one. */
const amount = (quick, full) => (isFull ? full : quick);

/* A number in the form of the titles: 1,000. */
const grouped = (number) => number.toLocaleString('en-US');

module.exports = { amount, grouped };
