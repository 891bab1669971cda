/*
 * A temporary folder for each test file, removed when its tests are done.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { isWindows } = require('./platform');

/* Call it inside a describe(). Gives a function that returns new paths in the folder. */
function scratch(parent = os.tmpdir()) {
  const folder = fs.mkdtempSync(path.join(parent, 'mmapipc-test-'));
  let count = 0;
  after(() => {
    try {
      fs.rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (!isWindows) throw error; // a file that is still mapped cannot be removed
    }
  });
  return (name = `file-${++count}`) => path.join(folder, name);
}

module.exports = { scratch };
