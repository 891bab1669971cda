/*
 * Files for measurements, in a folder that is removed when the process exits.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/* The path of a new file `name`; `inMemory`: on tmpfs if the system has it. */
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
