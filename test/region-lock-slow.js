/*
 * npm run test:slow: more processes killed while they hold the lock of a region than npm test has
 * time for; MMAPIPC_KILLS sets how many.
 */
'use strict';

process.env.MMAPIPC_KILLS ??= '1000';

require('./lock-region-kills.test.js');
