/*
 * Regions for tests: a names directory of the test, and objects disposed after each test.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { Mmap } = require('../..');

const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

/*
 * Call it inside a describe(). Gives { open(options), directory, files() }. The names directory is
 * below /dev/shm until the tests are done, for this process and all that it starts.
 */
function regions() {
  let opened = [];
  let before_;
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const scope = { directory: fs.mkdtempSync(path.join(parent, 'mmapipc-names-')) };
  before(() => {
    before_ = process.env.MMAPIPC_DIR;
    process.env.MMAPIPC_DIR = scope.directory;
  });
  afterEach(() => {
    for (const map of opened) map[DISPOSE]();
    opened = [];
    for (const name of Object.keys(process.env)) {
      if (name.startsWith('MMAPIPC_INHERIT_')) delete process.env[name];
    }
  });
  after(() => {
    if (before_ === undefined) delete process.env.MMAPIPC_DIR;
    else process.env.MMAPIPC_DIR = before_;
    fs.rmSync(scope.directory, { recursive: true, force: true });
  });
  scope.open = (options) => {
    const map = new Mmap(options);
    opened.push(map);
    return map;
  };
  scope.folder = path.join(scope.directory, `mmapipc-${process.geteuid?.()}`);
  scope.files = () => (fs.existsSync(scope.folder) ? fs.readdirSync(scope.folder) : []);
  return scope;
}

module.exports = { regions };
