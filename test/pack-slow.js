/*
 * npm run test:slow: pack and unpack against a real perl, with millions of cases.
 */
'use strict';

process.env.MMAPIPC_CASES ??= '2000000';

require('./pack-perl.test.js');
