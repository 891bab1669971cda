/*
 * npm run test:native [-- --wait none] [name ...]: builds and runs the C tests of test/native/ without
 * Node, once with AddressSanitizer and UndefinedBehaviorSanitizer, and once with ThreadSanitizer; with
 * --wait none they use the sleeps of src/os/wait_none.c. Tests that start processes by the thousand
 * run without a sanitizer too, and start fewer processes with one.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { ROOT, Failure, findProgram, main, readGyp, run, seconds } = require('./toolchain');
const { buildLibrary, compile, compilerFlags, findPrefix } = require('./native-build');
const { forAll, start } = require('./side-by-side');

const TESTS = path.join(ROOT, 'test', 'native');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'mmapipc', 'native');
const FLAGS = ['-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fno-omit-frame-pointer', '-pthread'];
const CROWDED = /^region_(?:kill|race)$/; // processes by the thousand
const ALONE = /^region_(?:kill|life|race|step|use)$/; // processes of one thread each
const VARIANTS = [
  {
    name: 'asan',
    flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    has: () => true,
  },
  { name: 'tsan', flags: ['-fsanitize=thread'], has: (name) => !ALONE.test(name) },
  { name: 'plain', flags: ['-O2'], has: (name) => CROWDED.test(name) },
];
const ENV = {
  ...process.env,
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'second_deadlock_stack=1',
};
const PATIENCE = 400000; // ms a test may take, on a busy machine

/* Some tests mount, and need to be root in a user namespace of their own. */
const EMPTY = {
  source: 'int main(void) { return 0; }\n',
  users: process.getuid?.() === 0 ? [[]] : [['unshare', '-r'], []],
};

function findCompiler() {
  const compiler = [process.env.CC, 'gcc', 'clang'].find((name) => name && findProgram(name));
  if (!compiler) throw new Failure('a C compiler is missing: apt-get install gcc');
  return compiler;
}

/* The parts that the tests of a variant share: { name, flags, prefix, folder, library }. */
async function prepare(compiler, gyp, variant, wait) {
  const folder = path.join(CACHE, `${variant.name}${wait === 'system' ? '' : `-${wait}`}`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const prefix = await findPrefix(compiler, variant.flags, folder, EMPTY);
  const own = wait === 'none' ? ['-DMIPC_TEST_WAIT_NONE'] : [];
  /* gcc warns that ThreadSanitizer does not know fences; that is no error of the sources. */
  const isGcc = !run(compiler, ['--version']).stdout.includes('clang');
  if (isGcc && variant.name === 'tsan') own.push('-Wno-tsan');
  const flags = compilerFlags(gyp, [...FLAGS, ...variant.flags, ...own]);
  const library = await buildLibrary(compiler, gyp, flags, folder);
  return { ...variant, flags, prefix, folder, library };
}

/* Builds and runs one test, and prints its line. Resolves with whether it passes. */
async function test(compiler, name, variant) {
  const program = path.join(variant.folder, name);
  const source = path.join('test', 'native', `${name}_test.c`);
  await compile(compiler, [...variant.flags, source, variant.library, '-o', program], source);
  const [command, ...args] = [...variant.prefix, program];
  const since = performance.now();
  const { good, output } = await start(command, args, { env: ENV, timeout: PATIENCE });
  const lines = output.trimEnd().split('\n');
  const last = good ? lines.pop() : `${name}: FAILED`;
  process.stdout.write(`${variant.name}  ${seconds(since)}  ${last}\n`);
  for (const line of lines.filter(Boolean)) process.stdout.write(`    ${line}\n`);
  return good;
}

async function body() {
  if (process.platform !== 'linux') throw new Failure('the C tests run on Linux only');
  const compiler = findCompiler();
  const { values, positionals: wanted } = parseArgs({
    options: { wait: { type: 'string', default: 'system' } },
    allowPositionals: true,
  });
  const gyp = readGyp('linux', { variables: { mipc_wait: values.wait } });
  const names = fs
    .readdirSync(TESTS)
    .filter((file) => file.endsWith('_test.c'))
    .map((file) => file.slice(0, -'_test.c'.length))
    .filter((name) => wanted.length === 0 || wanted.includes(name));
  if (names.length === 0) throw new Failure(`unknown test ${wanted.join(', ')}`);

  const wantedVariants = VARIANTS.filter(({ has }) => names.some(has));
  const prepared = await Promise.all(
    wantedVariants.map((one) => prepare(compiler, gyp, one, values.wait)),
  );
  const jobs = prepared.flatMap((variant) =>
    names.filter(variant.has).map((name) => ({ variant, name })),
  );
  const passed = await forAll(jobs, ({ variant, name }) => test(compiler, name, variant));
  const failed = passed.filter((good) => !good).length;
  process.stdout.write(`${passed.length - failed} passed, ${failed} failed\n`);
  if (failed) process.exitCode = 1;
}

main('native-tests', body);
