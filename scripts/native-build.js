/*
 * Shared by the scripts that build the C of src/ without Node and with a sanitizer: the archive of the
 * sources, and the command that starts a sanitized program.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { forAll, start } = require('./side-by-side');
const { Failure, findProgram, run } = require('./toolchain');

/* The package of Debian and Ubuntu that has the compiler's sanitizers. */
function runtimePackage(compiler) {
  const { stdout } = run(compiler, ['-dumpversion']);
  const isClang = run(compiler, ['--version']).stdout.includes('clang');
  const version = stdout.trim().split('.')[0];
  return isClang ? `libclang-rt-${version}-dev` : `libgcc-${version}-dev`;
}

async function compile(compiler, args, what) {
  const { good, output } = await start(compiler, args);
  if (!good) throw new Failure(`${what} does not compile`, output);
}

/*
 * The command before a program that is built with the flags, usually none: one that turns off random
 * addresses if the sanitizer needs that, and one of the `users`. It is found by trial, with the program
 * `source`, run with `args`, and built in `folder`.
 */
async function findPrefix(compiler, flags, folder, { source, args = [], users = [[]] }) {
  const file = path.join(folder, 'empty.c');
  const program = path.join(folder, 'empty');
  fs.writeFileSync(file, source);
  const built = await start(compiler, [...flags, file, '-o', program]);
  if (!built.good) {
    throw new Failure(
      `${compiler} cannot build with ${flags[0]}: apt-get install ${runtimePackage(compiler)}`,
      built.output,
    );
  }
  const layouts = [[], ['setarch', '-R']];
  let output = '';
  for (const prefix of layouts.flatMap((layout) => users.map((user) => [...layout, ...user]))) {
    const [command, ...rest] = [...prefix, program, ...args];
    const ran = await start(command, rest);
    if (ran.good) return prefix;
    output = ran.output;
  }
  throw new Failure(`a program built with ${flags[0]} does not run here`, output);
}

/* The options for every C source: those of mmapipc.gypi, and `flags`. */
function compilerFlags(gyp, flags) {
  return [...gyp.cflagsC, ...flags, ...gyp.defines.map((define) => `-D${define}`)];
}

/*
 * Compiles the sources of all folders except the binding, into an archive in `folder`. It is an archive, so
 * that a program can replace one of its objects (such as the clock).
 */
async function buildLibrary(compiler, gyp, flags, folder) {
  if (!findProgram('ar')) throw new Failure('ar is missing: apt-get install binutils');
  const sources = gyp.sources.filter((source) => source.endsWith('.c'));
  const objects = await forAll(sources, async (source) => {
    const object = path.join(folder, source.replaceAll('/', '-').replace(/\.c$/, '.o'));
    await compile(compiler, [...flags, '-c', source, '-o', object], source);
    return object;
  });
  const library = path.join(folder, 'mmapipc.a');
  run('ar', ['rcs', library, ...objects]);
  return library;
}

module.exports = { compile, findPrefix, compilerFlags, buildLibrary };
