/*
 * npm run test:slow: 10,000 recorded histories, in which a process is killed and a thread terminated in
 * every 25.
 */
'use strict';

process.env.MMAPIPC_SLOW = '1';

require('./map-linear.test');
