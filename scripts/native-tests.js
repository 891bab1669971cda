/*
 * npm run test:native [name ...]: builds the C tests of test/native/ without Node, once with
 * AddressSanitizer and UndefinedBehaviorSanitizer, once with ThreadSanitizer, and runs them.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');

const { ROOT, Failure, findProgram, main, readGyp, run, seconds } = require('./toolchain');

const TESTS = path.join(ROOT, 'test', 'native');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'mmapipc', 'native');
const FLAGS = ['-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fno-omit-frame-pointer', '-pthread'];
const SANITIZERS = [
  { name: 'asan', flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'] },
  { name: 'tsan', flags: ['-fsanitize=thread'] },
];
const ENV = {
  ...process.env,
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'second_deadlock_stack=1',
};
const PATIENCE = 120000; // ms a test may take

/* Runs a program; never rejects: { good, output }. */
function start(command, args, options = {}) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT, ...options }, (error, stdout, stderr) => {
      const how = error?.signal ? `was ended by ${error.signal}\n` : '';
      const why = error && typeof error.code !== 'number' && !how ? `${error.message}\n` : '';
      resolve({ good: !error, output: `${stdout}${stderr}${how}${why}` });
    });
  });
}

/* Works on all items, as many at a time as there are processors; results in their order. */
async function forAll(items, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]);
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
  return results;
}

function findCompiler() {
  const compiler = [process.env.CC, 'gcc', 'clang'].find((name) => name && findProgram(name));
  if (!compiler) throw new Failure('there is no C compiler: apt-get install gcc');
  if (!findProgram('ar')) throw new Failure('there is no ar: apt-get install binutils');
  return compiler;
}

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
 * The command that a test must be started with, usually none: without random addresses where the
 * sanitizer needs that, and as the root of a user namespace of its own, so that it may mount.
 */
async function findPrefix(compiler, sanitizer, folder) {
  const source = path.join(folder, 'empty.c');
  const program = path.join(folder, 'empty');
  fs.writeFileSync(source, 'int main(void) { return 0; }\n');
  const built = await start(compiler, [...sanitizer.flags, source, '-o', program]);
  if (!built.good) {
    throw new Failure(
      `${compiler} cannot build with ${sanitizer.flags[0]}: ` +
        `apt-get install ${runtimePackage(compiler)}`,
      built.output,
    );
  }
  const layouts = [[], ['setarch', '-R']];
  const users = process.getuid() === 0 ? [[]] : [['unshare', '-r'], []];
  let output = '';
  for (const prefix of layouts.flatMap((layout) => users.map((user) => [...layout, ...user]))) {
    const [command, ...args] = [...prefix, program];
    const ran = await start(command, args);
    if (ran.good) return prefix;
    output = ran.output;
  }
  throw new Failure(`a program built with ${sanitizer.flags[0]} does not run here`, output);
}

/* Everything of a sanitizer that its tests share: { name, flags, prefix, folder, library }. */
async function prepare(compiler, gyp, sanitizer) {
  const folder = path.join(CACHE, sanitizer.name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const prefix = await findPrefix(compiler, sanitizer, folder);
  const flags = [
    ...gyp.cflagsC,
    ...FLAGS,
    ...gyp.defines.map((define) => `-D${define}`),
    ...sanitizer.flags,
  ];
  const sources = gyp.sources.filter((source) => /^src\/(?:base|os|shm|pack)\/.*\.c$/.test(source));
  const objects = await forAll(sources, async (source) => {
    const object = path.join(folder, source.replaceAll('/', '-').replace(/\.c$/, '.o'));
    await compile(compiler, [...flags, '-c', source, '-o', object], source);
    return object;
  });
  /* An archive: a test that brings an object of its own (with another clock) takes its place. */
  const library = path.join(folder, 'mmapipc.a');
  run('ar', ['rcs', library, ...objects]);
  return { name: sanitizer.name, flags, prefix, folder, library };
}

/* Builds and runs one test, prints its line; whether it passed. */
async function test(compiler, name, sanitizer) {
  const program = path.join(sanitizer.folder, name);
  const source = path.join('test', 'native', `${name}_test.c`);
  await compile(compiler, [...sanitizer.flags, source, sanitizer.library, '-o', program], source);
  const [command, ...args] = [...sanitizer.prefix, program];
  const since = performance.now();
  const { good, output } = await start(command, args, { env: ENV, timeout: PATIENCE });
  const lines = output.trimEnd().split('\n');
  const last = good ? lines.pop() : `${name}: FAILED`;
  process.stdout.write(`${sanitizer.name}  ${seconds(since)}  ${last}\n`);
  for (const line of lines.filter(Boolean)) process.stdout.write(`    ${line}\n`);
  return good;
}

async function body() {
  if (process.platform !== 'linux') throw new Failure('the C tests run on Linux only');
  const compiler = findCompiler();
  const gyp = readGyp('linux');
  const wanted = process.argv.slice(2);
  const names = fs
    .readdirSync(TESTS)
    .filter((file) => file.endsWith('_test.c'))
    .map((file) => file.slice(0, -'_test.c'.length))
    .filter((name) => wanted.length === 0 || wanted.includes(name));
  if (names.length === 0) throw new Failure(`there is no test ${wanted.join(', ')}`);

  const prepared = await Promise.all(SANITIZERS.map((one) => prepare(compiler, gyp, one)));
  const jobs = prepared.flatMap((sanitizer) => names.map((name) => ({ sanitizer, name })));
  const passed = await forAll(jobs, ({ sanitizer, name }) => test(compiler, name, sanitizer));
  const failed = passed.filter((good) => !good).length;
  process.stdout.write(`${passed.length - failed} passed, ${failed} failed\n`);
  if (failed) process.exitCode = 1;
}

main('native-tests', body);
