/*
 * Why the native addon could not be loaded, and what to do: the addon is disabled by an option of
 * Node, a bundler has left it behind, no binary fits this system, or the one that fits is refused by
 * the system's loader. Only ever called when loading has failed.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { MmapipcError } = require('../base/errors');

const NAME = 'mmapipc';
const BUILD =
  'build one with "npx mmapipc build" (it needs python3, make, and a C and a C++ compiler)';

/* The system as binaries are named by it: 'linux-x64 with glibc 2.36', 'win32-x64'. */
function systemName() {
  const system = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return system;
  const glibc = glibcVersion();
  return `${system} with ${glibc === undefined ? 'musl' : `glibc ${glibc}`}`;
}

function glibcVersion() {
  const { report } = process;
  const before = report.excludeNetwork;
  report.excludeNetwork = true; /* it would look up the names of all peers */
  try {
    return report.getReport().header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = before;
  }
}

/* 'linux-x64 (glibc)': the prebuilt binaries that the package has, and the one built in place. */
function binaries(root) {
  const list = (...parts) => {
    try {
      return fs.readdirSync(path.join(root ?? '.', ...parts));
    } catch {
      return [];
    }
  };
  const isBinary = (file) => file.endsWith('.node');
  const libc = (file) => /\.(glibc|musl)\./.exec(file)?.[1];
  const prebuilt = list('prebuilds').flatMap((system) =>
    list('prebuilds', system)
      .filter(isBinary)
      .map((file) => (libc(file) ? `${system} (${libc(file)})` : system)),
  );
  const built = list('build', 'Release').filter(isBinary);
  return [...prebuilt, ...built.map((file) => `build/Release/${file}`)];
}

/* Whether lib/ lies in the package as it was published, and not in the output of a bundler. */
function isPackage(root) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).name === NAME;
  } catch {
    return false;
  }
}

function disabled() {
  const flag = process.permission
    ? 'addons are disabled by --permission: start node with --allow-addons too'
    : 'addons are disabled by --no-addons (on the command line or in NODE_OPTIONS): start node without it';
  return `the native binary of ${NAME} may not be loaded (ERR_DLOPEN_DISABLED), as ${flag}`;
}

function leftBehind(root) {
  return (
    `the native binary of ${NAME} is not beside the bundle that this code is in` +
    `${root === undefined ? '' : ` (${root} is not the package)`}: keep ${NAME} out of the bundle, and ` +
    `install it where the bundle runs: esbuild --external:${NAME}; webpack externals: ` +
    `{ ${NAME}: 'commonjs ${NAME}' }; rollup external: ['${NAME}']; Next.js ` +
    `serverExternalPackages: ['${NAME}']`
  );
}

function noneFits(root) {
  const found = binaries(root);
  const has =
    found.length > 0
      ? `the package has ${found.join(', ')}`
      : 'the package has none (was its folder prebuilds/ left out of a copy?)';
  return `no native binary fits ${systemName()}, Node-API ${process.versions.napi}: ${has}; ${BUILD}`;
}

function refused(root, cause) {
  return (
    `the native binary cannot be loaded on ${systemName()} (${cause.message.trim()}): the package ` +
    `has ${binaries(root).join(', ') || 'no other'}; ${BUILD}`
  );
}

/* The error for what node-gyp-build has thrown; `root`: the folder that the package should be. */
function loadError(cause, root) {
  const make = (message) => new MmapipcError('ERR_MMAPIPC_NO_BINARY', message, { cause });
  if (cause.code === 'ERR_DLOPEN_DISABLED') return make(disabled());
  if (root === undefined || !isPackage(root)) return make(leftBehind(root));
  return make(
    /^No native build was found/.test(cause.message) ? noneFits(root) : refused(root, cause),
  );
}

module.exports = { loadError };
