/*
 * What this process holds from the system: descriptors, mappings, memory. For tests that nothing
 * leaks.
 */
'use strict';

const fs = require('node:fs');

function count(folderOrFile) {
  return folderOrFile.endsWith('maps')
    ? fs.readFileSync(folderOrFile, 'utf8').split('\n').length
    : fs.readdirSync(folderOrFile).length;
}

/* { fds, maps }: the numbers of now. */
function holdings() {
  return { fds: count('/proc/self/fd'), maps: count('/proc/self/maps') };
}

/* Lines of /proc/self/maps that name the path. */
function mappingsOf(path) {
  return fs
    .readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes(path));
}

/* Collects garbage and lets finalizers run. */
async function collect(times = 3) {
  if (typeof global.gc !== 'function') {
    throw new Error('run mocha with --expose-gc (.mocharc.json)');
  }
  for (let i = 0; i < times; i++) {
    global.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

module.exports = { holdings, mappingsOf, collect };
