/*
 * How long a random test runs: MMAPIPC_SECONDS, 3 seconds when it is not set. `npm test` runs each for
 * 3 seconds, CI for 30, `npm run test:slow` for 180.
 */
'use strict';

const SECONDS = Number(process.env.MMAPIPC_SECONDS ?? 3);

module.exports = { SECONDS };
