/*
 * npm run test:full: the tests that repeat their work, as often as support/amounts.js defines for a
 * full run. `npm test` runs them with fewer repetitions.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/* The second of them repeats in a file that it requires. */
const REPEATS = /amount\(|contractOfProcesses\(/;

process.env.MMAPIPC_FULL = '1';

for (const name of fs.readdirSync(__dirname)) {
  const file = path.join(__dirname, name);
  const repeats = /\.test\.js$/.test(name) && fs.readFileSync(file, 'utf8').match(REPEATS) !== null;
  if (repeats) require(file);
}
