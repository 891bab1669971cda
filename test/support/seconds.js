/*
 * The duration of a random test: MMAPIPC_SECONDS, by default 1 second, as in `npm test`. CI runs each
 * for 30 seconds, `npm run test:slow` for 180.
 */
'use strict';

const SECONDS = Number(process.env.MMAPIPC_SECONDS ?? 1);

module.exports = { SECONDS };
