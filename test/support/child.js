/*
 * Runs JS code in a separate process.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/*
 * Runs the function with `node -e`; it gets mmapipc (with `load: false` undefined) and `args`, which
 * are JSON values. Returns { status, signal, stdout, stderr }.
 */
function runFunction(fn, args = [], { nodeArgs = [], command = [], env, load = true } = {}) {
  const code = `
    const mmapipc = ${load ? `require(${JSON.stringify(ROOT)})` : 'undefined'};
    (${fn})(mmapipc, ...${JSON.stringify(args)});`;
  const line = [...command, process.execPath, ...nodeArgs, '-e', code];
  return spawnSync(line[0], line.slice(1), {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60000,
  });
}

module.exports = { ROOT, runFunction };
