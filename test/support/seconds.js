/*
 * How long a random test runs: MMAPIPC_SECONDS, 1 second when it is not set, as in `npm test`. CI runs
 * each for 30 seconds, `npm run test:slow` for 180.
 */
'use strict';

const SECONDS = Number(process.env.MMAPIPC_SECONDS ?? 1);

module.exports = { SECONDS };
