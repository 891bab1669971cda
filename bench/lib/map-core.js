/*
 * Builds map-core.c with the sources of src/, compiled as the addon is, and times its operations.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { compile, compilerFlags, buildLibrary } = require('../../scripts/native-build');
const { findProgram, readGyp } = require('../../scripts/toolchain');
const { outsideTimer } = require('./outside');

const FOLDER = path.join(__dirname, '../../node_modules/.cache/mmapipc/bench');
const PROGRAM = path.join(FOLDER, 'map-core');
const FLAGS = ['-O3', '-fPIC', '-pthread']; /* as node-gyp builds a release */

/* Builds the program. False: there is no compiler. */
async function buildCore() {
  const compiler = [process.env.CC, 'cc', 'gcc', 'clang'].find((name) => name && findProgram(name));
  if (compiler === undefined || process.platform !== 'linux') return false;
  const gyp = readGyp('linux');
  const flags = compilerFlags(gyp, FLAGS);
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(FOLDER, { recursive: true });
  const library = await buildLibrary(compiler, gyp, flags, FOLDER);
  const source = path.join(__dirname, 'map-core.c');
  await compile(compiler, [...flags, source, library, '-o', PROGRAM], 'map-core.c');
  return true;
}

/* As timer() of measure.js. Undefined: it was not built. */
const coreTimer = (operation) =>
  fs.existsSync(PROGRAM) ? outsideTimer(PROGRAM, [operation]) : undefined;

module.exports = { buildCore, coreTimer };
