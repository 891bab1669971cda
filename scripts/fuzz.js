/*
 * npm run fuzz [-- [--seconds N] [--plain] [name ...]]: builds the targets test/fuzz/<name>_fuzz.c
 * with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer, and runs each for ten minutes, or
 * for N seconds. --plain builds without the two sanitizers, as fast as for users: for limits on time.
 *
 * A target may have a dictionary, <name>.dict, and <name>_seeds.js, which exports Buffers as first inputs.
 * With FUZZ_SHOW in its environment a target prints its input. Two folders stay in
 * node_modules/.cache/mmapipc/fuzz/<name>/ from run to run: corpus/ has the interesting inputs, and found/
 * the inputs that failed, which are tried first.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { spawn } = require('node:child_process');
const { parseArgs } = require('node:util');

const { ROOT, Failure, findProgram, main, readGyp, seconds } = require('./toolchain');
const { buildLibrary, compile, compilerFlags, findPrefix } = require('./native-build');
const { forAll, start } = require('./side-by-side');

const TARGETS = path.join(ROOT, 'test', 'fuzz');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'mmapipc', 'fuzz');
const FLAGS = ['-g', '-Wall', '-Wextra', '-Werror', '-fno-omit-frame-pointer', '-pthread'];
const FUZZER = [
  '-fsanitize=fuzzer',
  '-fno-sanitize-coverage=trace-cmp', // it costs more than the sanitizers
];
const SANITIZED = {
  name: 'asan',
  flags: [
    ...FUZZER,
    '-fsanitize=address,undefined,float-cast-overflow',
    ...['-fno-sanitize-recover=all', '-O1'],
  ],
  callLimit: 1000, // ms of the processor a call may take
};
const PLAIN = { name: 'plain', flags: [...FUZZER, '-O2'], callLimit: 100 };

const MOST_BYTES = 1024; // of an input
const USUAL_TIME = 600; // seconds
const PULSE = 30; // seconds between two lines of progress
const REPORT_LINES = 200;
const ENV = { ...process.env, UBSAN_OPTIONS: 'print_stacktrace=1' };

const EMPTY = {
  source:
    'int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size);\n' +
    'int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) {\n' +
    '  (void)data, (void)size;\n  return 0;\n}\n',
  args: ['-runs=1'],
};

/* The command line as { time, build, names }. */
function options() {
  let parsed;
  try {
    parsed = parseArgs({
      options: { seconds: { type: 'string' }, plain: { type: 'boolean' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new Failure(error.message);
  }
  const time = Number(parsed.values.seconds ?? USUAL_TIME);
  if (!Number.isInteger(time) || time < 1) {
    throw new Failure(`--seconds must be a whole number from 1, not '${parsed.values.seconds}'`);
  }
  const wanted = parsed.positionals;
  const there = fs
    .readdirSync(TARGETS)
    .filter((file) => file.endsWith('_fuzz.c'))
    .map((file) => file.slice(0, -'_fuzz.c'.length));
  const missing = wanted.filter((name) => !there.includes(name));
  if (missing.length) throw new Failure(`unknown target ${missing.join(', ')}`);
  return {
    time,
    build: parsed.values.plain ? PLAIN : SANITIZED,
    names: wanted.length ? there.filter((name) => wanted.includes(name)) : there,
  };
}

function findClang() {
  if (findProgram('clang')) return 'clang';
  throw new Failure('clang is missing: apt-get install clang libclang-rt-14-dev');
}

/* Builds all targets. Resolves with [{ name, command }]; a command is an array. */
async function prepare(names, build) {
  const compiler = findClang();
  const folder = path.join(CACHE, '.build', build.name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const prefix = await findPrefix(compiler, build.flags, folder, EMPTY);
  const flags = compilerFlags(readGyp('linux'), [...FLAGS, ...build.flags]);
  const library = await buildLibrary(compiler, readGyp('linux'), flags, folder);
  return forAll(names, async (name) => {
    const source = path.join('test', 'fuzz', `${name}_fuzz.c`);
    const program = path.join(folder, name);
    const limit = `-DFUZZ_CALL_MS=${build.callLimit}`;
    await compile(compiler, [...flags, limit, source, library, '-o', program], source);
    return { name, command: [...prefix, program] };
  });
}

/* Creates the folders of a target, and fills that of the seeds. */
function folders(name) {
  const [corpus, found, seeds] = ['corpus', 'found', 'seeds'].map((one) =>
    path.join(CACHE, name, one),
  );
  fs.rmSync(seeds, { recursive: true, force: true });
  for (const folder of [corpus, found, seeds]) fs.mkdirSync(folder, { recursive: true });
  const module = path.join(TARGETS, `${name}_seeds.js`);
  const list = fs.existsSync(module) ? require(module) : [];
  list.forEach((seed, i) => fs.writeFileSync(path.join(seeds, String(i)), seed));
  return { corpus, found, seeds };
}

/* The arguments of libFuzzer. */
function fuzzerArgs(name, time) {
  const { corpus, found, seeds } = folders(name);
  const dictionary = path.join(TARGETS, `${name}.dict`);
  return [
    ...[corpus, found, seeds, `-artifact_prefix=${found}${path.sep}`],
    ...(fs.existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
    ...[`-max_len=${MOST_BYTES}`, `-max_total_time=${time}`, '-print_final_stats=1'],
    /* The target measures slow calls; -timeout ends a call that does not end. */
    ...['-timeout=30', '-rss_limit_mb=2048', '-entropic_scale_per_exec_time=1'],
  ];
}

/* Lines of libFuzzer that do not describe a failure: its messages, and its own frames. */
const NOISE = [
  /^(?:stat::|INFO:|DONE|Done|NOTE:|MS:|Dictionary|Base64|\t|#+ |0x|\s+Combine|Running:|.*: Running )/,
  /^\s+#[2-9]\d |^\s+#\d{3,} /, // of a recursion
  /^\s+#\d+ 0x\w+ (?:in (?:fuzzer::|main\b|_start|__libc_start|__sanitizer_print)|\s*\()/,
];

/* Reads the output of libFuzzer: its progress, the input that it has found, and its report. */
function listener(name, since) {
  const state = { executions: 0, cov: 0, found: undefined, most: '', report: [] };
  let printed = since;
  let isReport = true;
  const report = (line) => {
    if (isReport && line && !NOISE.some((one) => one.test(line))) state.report.push(line);
    if (state.report.length > REPORT_LINES) state.report.shift();
    if (line.startsWith('SUMMARY:')) isReport = false; // the raw input follows
  };
  const listen = (line) => {
    const [, count, cov] = /^#(\d+)\s.*\bcov: (\d+)/.exec(line) ?? [];
    const [, found] = /Test unit written to (.*\/(?:crash|leak|oom|timeout)-\w+)$/.exec(line) ?? [];
    const [, total] = /^stat::number_of_executed_units:\s*(\d+)/.exec(line) ?? [];
    if (count) {
      state.executions = Number(count);
      state.cov = Number(cov);
      if (performance.now() - printed < PULSE * 1000) return;
      printed = performance.now();
      process.stdout.write(`${name}  ${seconds(since)}  ${count} executions, cov ${cov}\n`);
    } else if (found) {
      state.found ??= found;
    } else if (total) {
      state.executions = Number(total);
    } else if (line.startsWith('most: ')) {
      state.most = line;
    } else {
      report(line);
    }
  };
  return { state, listen };
}

/* Runs a program, and calls listen() for each line. Resolves with whether it exits with 0. */
function follow([command, ...args], listen) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: ENV,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop);
    readline.createInterface({ input: child.stderr }).on('line', listen);
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', stop);
      resolve(code === 0);
    });
  });
}

/* Prints a failure: the report, the input as the target prints it, and the command to repeat it. */
async function printFailure(command, state) {
  const lines = [...state.report];
  if (state.found) {
    const [program, ...args] = [...command, state.found];
    const { output } = await start(program, args, { env: { ...ENV, FUZZ_SHOW: '1' } });
    lines.push(
      ...output.split('\n').filter((line) => line && !NOISE.some((one) => one.test(line))),
    );
    lines.push(`again: ${[program, ...args].map((one) => path.relative(ROOT, one)).join(' ')}`);
  }
  for (const line of lines) process.stdout.write(`    ${line}\n`);
}

/* Runs one target, and prints its lines. Resolves with whether it has found nothing. */
async function fuzz({ name, command }, time) {
  const since = performance.now();
  const { state, listen } = listener(name, since);
  const good = await follow([...command, ...fuzzerArgs(name, time)], listen);
  if (!good) await printFailure(command, state);
  if (good && state.most) process.stdout.write(`    ${state.most}\n`);
  const how = good ? '' : ': FAILED';
  process.stdout.write(
    `${name}: ${state.executions} executions in ${seconds(since)}, cov ${state.cov}${how}\n`,
  );
  return good;
}

async function body() {
  if (process.platform !== 'linux') throw new Failure('this runs on Linux only');
  const { time, build, names } = options();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const targets = await prepare(names, build);
  const passed = await forAll(targets, (target) => fuzz(target, time));
  const failed = passed.filter((good) => !good).length;
  process.stdout.write(`${passed.length - failed} passed, ${failed} failed\n`);
  if (failed) process.exitCode = 1;
}

main('fuzz', body);
