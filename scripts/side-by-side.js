/*
 * Runs programs in parallel, as many as there are processors.
 */
'use strict';

const os = require('node:os');
const { execFile } = require('node:child_process');

const { ROOT } = require('./toolchain');

/* Runs a program. Resolves with { good, output }, and never rejects. */
function start(command, args, options = {}) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT, ...options }, (error, stdout, stderr) => {
      const how = error?.signal ? `was ended by ${error.signal}\n` : '';
      const why = error && typeof error.code !== 'number' && !how ? `${error.message}\n` : '';
      resolve({ good: !error, output: `${stdout}${stderr}${how}${why}` });
    });
  });
}

/* Works on all items, as many at a time as there are processors. Results are in the order of the items. */
async function forAll(items, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]);
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
  return results;
}

module.exports = { forAll, start };
