/*
 * The C programs that take minutes: ten times as many processes killed, and kills at every
 * instruction of every scene.
 */
'use strict';

process.env.MMAPIPC_SLOW = '1';

require('./lock-native.test');
require('./share-native.test');
require('./map-native.test');
