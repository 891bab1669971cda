/*
 * Loads the native addon: the prebuilt binary that fits, or the one built from source.
 */
'use strict';

const path = require('node:path');
const load = require('node-gyp-build');

const { MmapipcError } = require('./errors');

function loadBinding() {
  const root = path.join(__dirname, '..');
  let file;
  try {
    file = load.resolve(root);
  } catch {
    throw new MmapipcError(
      'ERR_MMAPIPC_NO_BINARY',
      `no native binary for ${process.platform}-${process.arch}, Node-API ` +
        `${process.versions.napi}: install a C++ compiler, make and python3 and run ` +
        `"npm rebuild mmapipc" (in ${root})`,
    );
  }
  try {
    return require(file);
  } catch (cause) {
    throw new MmapipcError(
      'ERR_MMAPIPC_NO_BINARY',
      `the native binary ${file} cannot be loaded (${cause.message.trim()}): ` +
        'build it for this system with "npm_config_build_from_source=true npm rebuild mmapipc"',
      { cause },
    );
  }
}

module.exports = loadBinding();
