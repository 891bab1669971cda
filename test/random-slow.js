/*
 * npm run test:slow: the random tests for three minutes each, or MMAPIPC_SECONDS.
 */
'use strict';

const fs = require('node:fs');

process.env.MMAPIPC_SECONDS ??= '180';

const tests = fs.readdirSync(__dirname).filter((name) => /^random-.*\.test\.js$/.test(name));
for (const name of tests) require(`./${name}`);
