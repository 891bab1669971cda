/*
 * npm run test:asan [-- [--wait=none] file ...]: builds the addon with AddressSanitizer and
 * UndefinedBehaviorSanitizer and runs the mocha suites of Mmap with it. Node itself is not
 * instrumented; the runtime is preloaded into it and into the processes that the suites start. With
 * --wait=none waits look again and again instead of sleeping in the system.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const { ROOT, Failure, findProgram, main, readGyp, run, seconds } = require('./toolchain');

const CACHE = path.join(ROOT, 'node_modules', '.cache', 'mmapipc', 'asan');
const REPORTS = path.join(CACHE, 'reports');
const FLAGS = [
  ...['-g', '-O1', '-fPIC', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all'],
  '-fsanitize=address,undefined',
];

/* The runtime's own mlock() does nothing; the suites look whether pages are locked. */
const MLOCK = `
#include <sys/syscall.h>
#include <unistd.h>
int __wrap_mlock(const void *base, size_t length) { return syscall(SYS_mlock, base, length); }
int __wrap_munlock(const void *base, size_t length) { return syscall(SYS_munlock, base, length); }
`;
const WRAP = '-Wl,--wrap=mlock,--wrap=munlock';

/* The runtime that gcc links with; it prints the bare name when it has none. */
function findRuntime() {
  if (!findProgram('gcc') || !findProgram('g++')) {
    throw new Failure('there is no gcc with g++: apt-get install g++');
  }
  const runtime = run('gcc', ['-print-file-name=libasan.so']).stdout.trim();
  if (path.isAbsolute(runtime)) return fs.realpathSync(runtime);
  const version = run('gcc', ['-dumpversion']).stdout.trim().split('.')[0];
  throw new Failure(`gcc has no AddressSanitizer: apt-get install libgcc-${version}-dev`);
}

function compile(gyp, source) {
  const isC = source.endsWith('.c');
  const object = path.join(CACHE, `${source.replace(/^src\//, '').replaceAll('/', '-')}.o`);
  const headers = [...gyp.includeDirs, require('node-api-headers').include_dir];
  const args = [
    ...(isC ? gyp.cflagsC : gyp.cflagsCc),
    ...FLAGS,
    ...gyp.defines.map((define) => `-D${define}`),
    ...headers.map((folder) => `-I${path.resolve(ROOT, folder)}`),
  ];
  run(isC ? 'gcc' : 'g++', [...args, '-c', source, '-o', object], {
    cwd: ROOT,
    sentence: `${source} does not compile`,
  });
  return object;
}

/* Where node-gyp-build looks in the folder that MMAPIPC_PREBUILD names. */
function build() {
  const variables = process.argv.includes('--wait=none') ? { mipc_wait: 'none' } : {};
  const gyp = readGyp('linux', { variables });
  const folder = path.join(CACHE, 'prebuilds', `${process.platform}-${process.arch}`);
  const addon = path.join(folder, `${gyp.name}.node`);
  fs.rmSync(REPORTS, { recursive: true, force: true });
  fs.mkdirSync(REPORTS, { recursive: true });
  fs.mkdirSync(folder, { recursive: true });
  const linked = path.join(CACHE, 'linked.so');
  const mlock = path.join(CACHE, 'mlock.c');
  fs.writeFileSync(mlock, MLOCK);
  const objects = [...gyp.sources, mlock].map((source) => compile(gyp, source));
  run(
    'g++',
    ['-shared', '-Wl,-z,nodelete', WRAP, ...FLAGS, ...objects, ...gyp.libraries, '-o', linked],
    {
      sentence: 'the addon cannot be linked',
    },
  );
  fs.renameSync(linked, addon); // at once: another run may be loading the old one
  return addon;
}

/*
 * The faults that the suites provoke, SIGSEGV and SIGBUS, stay what they are; a failed malloc gives
 * NULL, as Node expects; what is freed is kept from use, but not so much of it that suites that
 * measure memory fail. Reports go to files, so that no report of a child process is missed.
 */
function environment(runtime) {
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
    MMAPIPC_PREBUILD: CACHE,
    PREBUILDS_ONLY: '1',
  };
}

/* The suites' own options; only which of them are run is decided here. */
function mochaConfig() {
  const config = JSON.parse(fs.readFileSync(path.join(ROOT, '.mocharc.json'), 'utf8'));
  delete config.spec;
  const file = path.join(CACHE, 'mocharc.json');
  fs.writeFileSync(file, JSON.stringify({ ...config, timeout: 60000 }));
  return file;
}

/* What would make all of this worthless: another addon, or no sanitizer in the process. */
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

function suites() {
  const files = process.argv.slice(2).filter((argument) => argument !== '--wait=none');
  if (files.length > 0) return files;
  return fs
    .readdirSync(path.join(ROOT, 'test'))
    .filter((file) =>
      /^(?:mmap|pack|region(?!-life|-lock-(?:ends|hostile|kills|processes))|share(?!-native|-processes)|codec).*\.test\.js$/.test(
        file,
      ),
    )
    .map((file) => path.join('test', file));
}

function body() {
  if (process.platform !== 'linux') throw new Failure('this runs on Linux only');
  const since = performance.now();
  const runtime = findRuntime();
  const addon = build();
  const env = environment(runtime);
  verify(addon, runtime, env);
  process.stdout.write(`${path.relative(ROOT, addon)} built and loaded in ${seconds(since)}\n`);

  const mocha = path.join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const done = spawnSync(process.execPath, [mocha, '--config', mochaConfig(), ...suites()], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const reports = fs.readdirSync(REPORTS).map((file) => path.join(REPORTS, file));
  const texts = reports.map((file) => fs.readFileSync(file, 'utf8'));
  if (reports.length) throw new Failure(`${reports.length} sanitizer reports`, texts.join('\n'));
  if (done.signal) throw new Failure(`mocha was ended by ${done.signal}`);
  process.exitCode = done.status;
}

main('asan-tests', body);
