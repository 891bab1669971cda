/*
 * What takes minutes of the C programs: ten times as many processes killed, and at every instruction
 * of every scene.
 */
'use strict';

process.env.MMAPIPC_SLOW = '1';

require('./lock-native.test');
require('./share-native.test');
