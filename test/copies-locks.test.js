/*
 * Several copies of the package in one thread: its modules loaded anew over one addon, as a test runner
 * does for each file, and two installations with an addon each. A lock that one of them holds is
 * nothing that a synchronous call of another could wait for.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const ROOT = path.join(__dirname, '..');
const LIB = path.join(ROOT, 'lib') + path.sep;
const DEADLOCK = { code: 'ERR_MMAPIPC_DEADLOCK' };

/* The package with its modules loaded anew; those of others stay as they are. */
function anew() {
  const saved = Object.entries(require.cache).filter(([key]) => key.startsWith(LIB));
  for (const [key] of saved) delete require.cache[key];
  try {
    return require(ROOT);
  } finally {
    for (const key of Object.keys(require.cache)) {
      if (key.startsWith(LIB)) delete require.cache[key];
    }
    for (const [key, module] of saved) require.cache[key] = module;
  }
}

describe('a lock that another copy of the package in this thread holds', () => {
  const tmp = scratch();

  /* The package installed once more, with an addon of its own. */
  function installed() {
    const folder = tmp();
    const link = (name) => fs.symlinkSync(path.join(ROOT, name), path.join(folder, name));
    fs.mkdirSync(path.join(folder, 'build', 'Release'), { recursive: true });
    fs.cpSync(LIB, path.join(folder, 'lib'), { recursive: true });
    fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));
    link('node_modules');
    const addon = path.join('build', 'Release', 'mmapipc.node');
    fs.copyFileSync(path.join(ROOT, addon), path.join(folder, addon));
    return require(folder);
  }

  for (const [what, copy] of [
    ['loaded anew', anew],
    ['installed twice', installed],
  ]) {
    linuxIt(`is a deadlock for lock() of a region (${what})`, () => {
      const { Share } = require('..');
      const one = new Share(64);
      const other = copy().Share.attach(one.handle);
      one.withLock(() => {
        assert.throws(() => other.lock({ timeout: 5000 }), DEADLOCK);
        assert.throws(() => other.set(1), DEADLOCK);
        assert.equal(other.tryLock(), null);
      });
      other.lock().release();
      other.close();
      one.close();
    });

    posixIt(`is a deadlock for lock() of a file (${what})`, () => {
      const { Mmap } = require('..');
      const options = { file: tmp(), size: 4096, readOnly: false };
      const one = new Mmap(options);
      const other = new (copy().Mmap)(options);
      one.withLock(() => {
        assert.throws(() => other.lock({ timeout: 5000 }), DEADLOCK);
        assert.equal(other.tryLock(), null);
      });
      other.lock().release();
      other.close();
      one.close();
    });
  }
});
