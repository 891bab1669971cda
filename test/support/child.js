/*
 * Running a piece of JS in a process of its own.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/*
 * Runs the body of a function with `mmapipc` loaded, as `node -e`; `args` are JSON values.
 * { status, signal, stdout, stderr }. `load: false`: without it; the function gets undefined.
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
