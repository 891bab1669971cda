/*
 * The descriptors, mappings and memory of this process, for tests of leaks. Without /proc they are
 * unknown, and all numbers are 0.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

/* Not from platform.js, which needs mocha, as fixtures use this file too. */
const isLinux = process.platform === 'linux';
const isWindows = process.platform === 'win32';

function count(folderOrFile) {
  if (!isLinux) return 0;
  return folderOrFile.endsWith('maps')
    ? fs.readFileSync(folderOrFile, 'utf8').split('\n').length
    : fs.readdirSync(folderOrFile).length;
}

/* The current numbers: { fds, maps }. */
function holdings() {
  return { fds: count('/proc/self/fd'), maps: count('/proc/self/maps') };
}

/* Lines of /proc/self/maps that name the path. */
function mappingsOf(path) {
  if (!isLinux) return [];
  return fs
    .readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes(path));
}

/* Assert that this process maps the file, and that it does not. Without /proc the first checks
 * nothing; on Windows the second checks that the file can be removed. */
function assertMapped(path) {
  if (isLinux) assert.notEqual(mappingsOf(path).length, 0);
}
function assertUnmapped(path) {
  assert.deepEqual(mappingsOf(path), []);
  if (isWindows) fs.unlinkSync(path);
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

module.exports = { holdings, mappingsOf, assertMapped, assertUnmapped, collect };
