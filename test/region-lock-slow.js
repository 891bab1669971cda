/*
 * npm run test:slow: more processes killed with the lock of a region than npm test has time for;
 * MMAPIPC_KILLS says how many.
 */
'use strict';

process.env.MMAPIPC_KILLS ??= '1000';

require('./region-lock-kills.test.js');
