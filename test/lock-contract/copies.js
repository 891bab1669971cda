/*
 * Part of the contract: several copies of the package in one thread. Its modules are loaded anew over
 * one addon, as a test runner does for each file, or it is installed twice, with an addon each.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('../support/child');
const { posixIt } = require('../support/platform');
const { scratch } = require('../support/scratch');
const { DEADLOCK } = require('./subjects');

const LIB = path.join(ROOT, 'lib') + path.sep;
const OPEN = path.join(ROOT, 'test', 'support', 'open.js');

/* open() of support/open.js, with its modules loaded anew; those of others stay as they are. */
function anew() {
  const isOurs = (key) => key.startsWith(LIB) || key === OPEN;
  const saved = Object.entries(require.cache).filter(([key]) => isOurs(key));
  for (const [key] of saved) delete require.cache[key];
  try {
    return require(OPEN).open;
  } finally {
    for (const key of Object.keys(require.cache)) if (isOurs(key)) delete require.cache[key];
    for (const [key, module] of saved) require.cache[key] = module;
  }
}

/* That of the package installed once more in the folder, with an addon of its own. */
function installed(folder) {
  const addons = ['prebuilds', path.join('build', 'Release', 'mmapipc.node')];
  for (const name of ['lib', 'package.json', ...addons, path.relative(ROOT, OPEN)]) {
    const source = path.join(ROOT, name);
    if (fs.existsSync(source)) fs.cpSync(source, path.join(folder, name), { recursive: true });
  }
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return require(path.join(folder, path.relative(ROOT, OPEN))).open;
}

module.exports = ({ subject, create }) => {
  const tmp = scratch();
  const copies = { 'loaded anew': anew, 'installed twice': () => installed(tmp()) };

  for (const [what, copy] of Object.entries(copies)) {
    posixIt(`lock() throws DEADLOCK while another copy of the package, ${what}, holds it`, () => {
      const object = create();
      const other = copy()(subject.where(object));
      object.withLock(() => {
        assert.throws(() => other.lock({ timeout: 5000 }), { code: DEADLOCK.code });
        if (subject.isShare) assert.throws(() => other.set(1), { code: DEADLOCK.code });
        assert.equal(other.tryLock(), null);
      });
      other.lock().release();
      other.close();
    });
  }
};
