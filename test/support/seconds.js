/*
 * The duration of a random test: MMAPIPC_SECONDS, by default 3 seconds. `npm test` runs each for 3
 * seconds, CI for 30, `npm run test:slow` for 180.
 */
'use strict';

const SECONDS = Number(process.env.MMAPIPC_SECONDS ?? 3);

module.exports = { SECONDS };
