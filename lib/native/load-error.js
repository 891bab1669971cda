/*
 * The error for a native addon that could not be loaded, with the reason and the remedy: an option of
 * Node disables addons, a bundler has not copied the binary, the package has no binary for this
 * system, or the system's loader refuses the binary. It runs only after loading has failed.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { MmapipcError } = require('../base/errors');

const NAME = 'mmapipc';
const BUILD =
  'build one with "npx mmapipc build" (it needs python3, make, and a C and a C++ compiler)';

/* The system, as in the names of binaries: 'linux-x64 with glibc 2.36', 'win32-x64'. */
function systemName() {
  const system = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return system;
  const glibc = glibcVersion();
  return `${system} with ${glibc === undefined ? 'musl' : `glibc ${glibc}`}`;
}

function glibcVersion() {
  const { report } = process;
  const before = report.excludeNetwork;
  report.excludeNetwork = true; /* or the report looks up the host names of all peers */
  try {
    return report.getReport().header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = before;
  }
}

/* The prebuilt binaries of the package, such as 'linux-x64 (glibc)', and the binary built in place. */
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

/* Whether lib/ lies in the published package, and not in the output of a bundler. */
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
  return `the native binary of ${NAME} may not be loaded (ERR_DLOPEN_DISABLED): ${flag}`;
}

function leftBehind(root) {
  return (
    `the native binary of ${NAME} is missing, because this code runs in a bundle` +
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
      : 'the package has none (was its folder prebuilds/ not copied?)';
  return `no native binary fits ${systemName()}, Node-API ${process.versions.napi}: ${has}; ${BUILD}`;
}

function refused(root, cause) {
  return (
    `the native binary cannot be loaded on ${systemName()} (${cause.message.trim()}): the package ` +
    `has ${binaries(root).join(', ') || 'no other'}; ${BUILD}`
  );
}

/* The error for an error of node-gyp-build; `root`: the folder in which the package should lie. */
function loadError(cause, root) {
  const make = (message) => new MmapipcError('ERR_MMAPIPC_NO_BINARY', message, { cause });
  if (cause.code === 'ERR_DLOPEN_DISABLED') return make(disabled());
  if (root === undefined || !isPackage(root)) return make(leftBehind(root));
  return make(
    /^No native build was found/.test(cause.message) ? noneFits(root) : refused(root, cause),
  );
}

module.exports = { loadError };
