/*
 * npm run test:asan [-- file ...]: builds the addon with AddressSanitizer and
 * UndefinedBehaviorSanitizer, and runs mocha suites with it; and the suites of locks and changes with
 * waits that poll instead of sleeping in the system. Node itself is not instrumented; the runtime is
 * preloaded into it, and into the processes that the suites start.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { forAll, start } = require('./side-by-side');
const { ROOT, Failure, findProgram, main, readGyp, run, seconds } = require('./toolchain');

const CACHE = path.join(ROOT, 'node_modules', '.cache', 'mmapipc', 'asan');
const REPORTS = path.join(CACHE, 'reports');
const FLAGS = [
  ...['-g', '-O1', '-fPIC', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all'],
  '-fsanitize=address,undefined',
];

/* The values of mipc_wait in mmapipc.gypi, and the suites that run with each. */
const WAITS = {
  system:
    /^(?:mmap|map(?!-native|-processes)|pack|lock-(?:region(?:-inspect)?(?=\.)|share)|region(?!-life)|share(?!-bell|-native|-processes)).*\.test\.js$/,
  none: /^(?:lock-region|share(?:-changes)?|map(?:-changes)?)\.test\.js$/,
};

/* The runtime's own mlock() does nothing, but the suites check whether pages are locked. */
const MLOCK = `
#include <sys/syscall.h>
#include <unistd.h>
int __wrap_mlock(const void *base, size_t length) { return syscall(SYS_mlock, base, length); }
int __wrap_munlock(const void *base, size_t length) { return syscall(SYS_munlock, base, length); }
`;
const WRAP = '-Wl,--wrap=mlock,--wrap=munlock';

/* The runtime that gcc links with. Without one gcc prints the bare name. */
function findRuntime() {
  if (!findProgram('gcc') || !findProgram('g++')) {
    throw new Failure('gcc or g++ is missing: apt-get install g++');
  }
  const runtime = run('gcc', ['-print-file-name=libasan.so']).stdout.trim();
  if (path.isAbsolute(runtime)) return fs.realpathSync(runtime);
  const version = run('gcc', ['-dumpversion']).stdout.trim().split('.')[0];
  throw new Failure(`gcc has no AddressSanitizer: apt-get install libgcc-${version}-dev`);
}

async function compile(gyp, source) {
  const isC = source.endsWith('.c');
  const object = path.join(CACHE, `${source.replace(/^src\//, '').replaceAll('/', '-')}.o`);
  const headers = [...gyp.includeDirs, require('node-api-headers').include_dir];
  const args = [
    ...(isC ? gyp.cflagsC : gyp.cflagsCc),
    ...FLAGS,
    ...gyp.defines.map((define) => `-D${define}`),
    ...headers.map((folder) => `-I${path.resolve(ROOT, folder)}`),
  ];
  const { good, output } = await start(isC ? 'gcc' : 'g++', [...args, '-c', source, '-o', object]);
  if (!good) throw new Failure(`${source} does not compile`, output);
  return object;
}

/* Builds an addon for each way to wait: { wait, home, addon }. node-gyp-build looks for it in the folder
 * MMAPIPC_PREBUILD, `home`. */
async function build() {
  fs.mkdirSync(CACHE, { recursive: true });
  const mlock = path.join(CACHE, 'mlock.c');
  fs.writeFileSync(mlock, MLOCK);
  const gyps = Object.keys(WAITS).map((mipc_wait) =>
    readGyp('linux', { variables: { mipc_wait } }),
  );
  const [gyp] = gyps; /* they differ only in their sources */
  const sources = [...new Set([...gyps.flatMap((one) => one.sources), mlock])];
  const made = await forAll(sources, (source) => compile(gyp, source));
  return Object.keys(WAITS).map((wait, at) => {
    const objects = made.filter((_, i) => [...gyps[at].sources, mlock].includes(sources[i]));
    const home = path.join(CACHE, wait);
    const folder = path.join(home, 'prebuilds', `${process.platform}-${process.arch}`);
    const addon = path.join(folder, `${gyp.name}.node`);
    const linked = path.join(home, 'linked.so');
    fs.mkdirSync(folder, { recursive: true });
    const flags = ['-shared', '-Wl,-z,nodelete', WRAP, ...FLAGS];
    run('g++', [...flags, ...objects, ...gyp.libraries, '-o', linked], {
      sentence: 'the addon cannot be linked',
    });
    fs.renameSync(linked, addon); // in one step: another run may be loading the old one
    return { wait, home, addon };
  });
}

/*
 * The sanitizer leaves SIGSEGV and SIGBUS alone, which the suites cause on purpose. A failed malloc
 * returns NULL, as Node expects. Freed memory stays unused for a while, but not so much of it that suites
 * that measure memory fail. Reports go to files, so that no report of a child process is missed.
 */
function environment(runtime, home) {
  const options = [
    ...['detect_leaks=0', 'handle_segv=0', 'handle_sigbus=0', 'allocator_may_return_null=1'],
    'quarantine_size_mb=32',
    `log_path=${path.join(REPORTS, 'report')}`,
  ];
  return {
    ...process.env,
    LD_PRELOAD: runtime,
    ASAN_OPTIONS: options.join(':'),
    UBSAN_OPTIONS: `print_stacktrace=1:log_path=${path.join(REPORTS, 'report')}`,
    MMAPIPC_PREBUILD: home,
    PREBUILDS_ONLY: '1',
  };
}

/* The suites' own options; this script only chooses the suites. */
function mochaConfig() {
  const config = JSON.parse(fs.readFileSync(path.join(ROOT, '.mocharc.json'), 'utf8'));
  delete config.spec;
  const file = path.join(CACHE, 'mocharc.json');
  fs.writeFileSync(file, JSON.stringify({ ...config, timeout: 60000 }));
  return file;
}

/* Checks that the process loads this addon and the sanitizer. */
function verify(addon, runtime, env) {
  const code =
    'require(process.argv[1]);' +
    'console.log(process.report.getReport().sharedObjects.join("\\n"))';
  const { stdout } = run(process.execPath, ['-e', code, ROOT], {
    env,
    sentence: 'the sanitized addon cannot be loaded',
  });
  const loaded = stdout.split('\n');
  for (const file of [addon, runtime]) {
    if (!loaded.includes(file)) throw new Failure(`${file} was not loaded`, stdout);
  }
}

function suites(wait) {
  const files = process.argv.slice(2);
  if (files.length > 0) return files;
  return fs
    .readdirSync(path.join(ROOT, 'test'))
    .filter((file) => WAITS[wait].test(file))
    .map((file) => path.join('test', file));
}

/* The suites in two parts, which run in parallel because they mostly wait. (mocha's own --parallel does
 * not work: in its workers `inherit` finds a parent.) */
function partsOf(wait) {
  const files = suites(wait);
  const parts = [0, 1].map((part) => files.filter((_, at) => at % 2 === part));
  return parts.filter((part) => part.length > 0);
}

/* Runs the suites; resolves with whether they pass. */
async function test(runtime, { home, addon, files }) {
  const mocha = path.join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const args = [mocha, '--config', mochaConfig(), ...files];
  const options = { env: environment(runtime, home), maxBuffer: Infinity };
  const { good, output } = await start(process.execPath, args, options);
  process.stdout.write(`with ${path.relative(ROOT, addon)}\n${output}`);
  return good;
}

async function body() {
  if (process.platform !== 'linux') throw new Failure('this runs on Linux only');
  const since = performance.now();
  const runtime = findRuntime();
  fs.rmSync(REPORTS, { recursive: true, force: true });
  fs.mkdirSync(REPORTS, { recursive: true });
  const built = await build();
  for (const { home, addon } of built) verify(addon, runtime, environment(runtime, home));
  process.stdout.write(`built in ${seconds(since)}\n`);
  const jobs = built.flatMap((one) => partsOf(one.wait).map((files) => ({ ...one, files })));
  const passed = await forAll(jobs, (job) => test(runtime, job));
  const reports = fs.readdirSync(REPORTS).map((file) => path.join(REPORTS, file));
  const texts = reports.map((file) => fs.readFileSync(file, 'utf8'));
  if (reports.length) throw new Failure(`${reports.length} sanitizer reports`, texts.join('\n'));
  if (passed.includes(false)) process.exitCode = 1;
}

main('asan-tests', body);
