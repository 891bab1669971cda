/*
 * Files to measure on, in a folder that goes when the process does.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/* The path of a new file `name`; `inMemory`: on tmpfs where there is one. */
function temporary(name, { inMemory = false } = {}) {
  const parent = inMemory && fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const folder = fs.mkdtempSync(path.join(parent, 'mmapipc-bench-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, name);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(128 + os.constants.signals[signal]));
}

module.exports = { temporary };
