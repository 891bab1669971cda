/*
 * npm run test:win32: cross-compiles the addon for win32-x64 with mingw-w64, with warnings as errors, and
 * checks the imports and exports of the DLL. It shows that the Windows sources compile and link; it runs
 * nothing.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { execFile } = require('node:child_process');

const { ROOT, Failure, main, run, seconds } = require('./toolchain');
const { enumerate, findProgram, readGyp } = require('./toolchain');

const FOLDER = path.join(ROOT, 'node_modules/.cache/mmapipc/win32');
const OBJECTS = path.join(FOLDER, 'obj');
const HOOK = 'scripts/delay_load_win32.c';

/* Each program, and the package of Debian and Ubuntu that has it. The g++ is the one with POSIX threads,
 * because the library of the other one has no std::mutex. */
const TOOLS = {
  gcc: ['x86_64-w64-mingw32-gcc', 'gcc-mingw-w64-x86-64'],
  gxx: ['x86_64-w64-mingw32-g++-posix', 'g++-mingw-w64-x86-64-posix'],
  dlltool: ['x86_64-w64-mingw32-dlltool', 'binutils-mingw-w64-x86-64'],
  objdump: ['x86_64-w64-mingw32-objdump', 'binutils-mingw-w64-x86-64'],
};

const FLAGS = ['-Wall', '-Wextra', '-Werror', '-O2'];
const FLAGS_C = ['-std=c11', ...FLAGS];
const FLAGS_CC = ['-std=c++17', '-fno-exceptions', '-fno-rtti', ...FLAGS];

const LIBRARIES = ['kernel32.dll', 'msvcrt.dll'];
const HOST = 'node.exe';
const ENTRY_POINTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

function say(since, what) {
  console.log(`${seconds(since).padStart(7)}  ${what}`);
}

/* The paths of the tools by their short names. */
function findTools() {
  const found = Object.entries(TOOLS).map(([key, [name]]) => [key, findProgram(name)]);
  const missing = found.filter(([, file]) => !file).map(([key]) => TOOLS[key]);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))];
    throw new Failure(
      `missing: ${enumerate(missing.map(([name]) => name))}; install with ` +
        `apt-get install --no-install-recommends ${packages.join(' ')}`,
    );
  }
  return Object.fromEntries(found);
}

/* The declarations and the list of Node-API, which the host's own headers lack. */
function nodeApi() {
  try {
    const { include_dir: include, def_paths: lists } = require('node-api-headers');
    return { include, list: lists.node_api_def };
  } catch (error) {
    throw new Failure(`node-api-headers cannot be read (${error.message}): npm ci`);
  }
}

/* The library with which the linker takes Node-API from the host at the first call. */
function makeImportLibrary(tools, list) {
  const since = performance.now();
  const library = path.join(FOLDER, 'libnode_delay.a');
  run(tools.dlltool, ['-D', HOST, '-d', list, '-y', library], {
    sentence: 'the import library for Node-API cannot be created',
  });
  say(since, path.basename(library));
  return library;
}

/* Runs a program in parallel with others. Resolves with its output if it fails, else with undefined. */
function start(command, args) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT }, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}` || error.message : undefined);
    });
  });
}

/* Compiles one source. Resolves with the path of the object. */
async function compile(tools, gyp, folders, source) {
  const since = performance.now();
  const isC = source.endsWith('.c');
  const object = path.join(OBJECTS, `${source.replaceAll('/', '-')}.o`);
  const flags = isC ? [...gyp.cflagsC, ...FLAGS_C] : [...gyp.cflagsCc, ...FLAGS_CC];
  const args = [
    ...flags,
    ...gyp.defines.map((define) => `-D${define}`),
    ...folders.flatMap((folder) => ['-isystem', folder]),
    ...['-c', source, '-o', object],
  ];
  const output = await start(isC ? tools.gcc : tools.gxx, args);
  if (output !== undefined) throw new Failure(`${source} does not compile for Windows`, output);
  say(since, source);
  return object;
}

/* Compiles all sources in parallel. The error lists every source that fails. */
async function compileAll(tools, gyp, include) {
  const defines = [...gyp.defines, `NODE_GYP_MODULE_NAME=${gyp.name}`, 'BUILDING_NODE_EXTENSION'];
  const folders = [...gyp.includeDirs, include];
  const done = await Promise.allSettled(
    [...gyp.sources, HOOK].map((one) => compile(tools, { ...gyp, defines }, folders, one)),
  );
  const failures = done.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  const strange = failures.find((error) => !(error instanceof Failure));
  if (strange) throw strange;
  if (failures.length > 0) {
    const output = failures.map((failure) => failure.output.trimEnd()).join('\n');
    throw new Failure(enumerate(failures.map(({ message }) => message)), output);
  }
  return done.map(({ value }) => value);
}

function link(tools, gyp, objects, library) {
  const since = performance.now();
  const file = path.join(FOLDER, `${gyp.name}.node`);
  run(tools.gxx, ['-shared', '-static', '-s', ...objects, library, '-o', file], {
    sentence: 'the Windows addon does not link',
  });
  say(since, path.basename(file));
  return file;
}

/*
 * The { imports, exports } of the DLL. ld leaves the directory of delayed imports empty. But the functions
 * of Node-API are linked, and if no DLL in the other directory has them, they come from the import
 * library.
 */
function inspect(tools, file) {
  const { stdout } = run(tools.objdump, ['-p', file], { env: { ...process.env, LC_ALL: 'C' } });
  const [, names = ''] = /^\[Ordinal\/Name Pointer\] Table.*\n((?:\s*\[.*\n)*)/m.exec(stdout) ?? [];
  return {
    imports: [...stdout.matchAll(/^\s*DLL Name: (\S+)/gm)].map(([, name]) => name),
    exports: [...names.matchAll(/(\w+)$/gm)].map(([, name]) => name),
  };
}

function check(tools, file) {
  const since = performance.now();
  const { imports, exports: given } = inspect(tools, file);
  const foreign = imports.filter((name) => !LIBRARIES.includes(name.toLowerCase()));
  const absent = ENTRY_POINTS.filter((name) => !given.includes(name));
  const extra = given.filter((name) => !ENTRY_POINTS.includes(name));
  if (imports.length === 0) throw new Failure('objdump shows no imports of the DLL');
  if (foreign.length > 0) throw new Failure(`the DLL needs ${enumerate(foreign)}`);
  if (absent.length > 0) throw new Failure(`the DLL does not export ${enumerate(absent)}`);
  if (extra.length > 0) throw new Failure(`the DLL exports ${enumerate(extra)}`);
  say(since, `imports ${enumerate(imports)}, and ${HOST} at the first call`);
}

async function body() {
  const since = performance.now();
  const tools = findTools();
  const { include, list } = nodeApi();
  const gyp = readGyp('win');
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(OBJECTS, { recursive: true });
  process.env.TMPDIR =
    OBJECTS; /* Debian's mingw binutils do not remove their empty temporary files */
  const library = makeImportLibrary(tools, list);
  const objects = await compileAll(tools, gyp, include);
  const file = link(tools, gyp, objects, library);
  check(tools, file);
  say(since, `${path.relative(ROOT, file)}, ${fs.statSync(file).size} bytes`);
}

main('build-win32', body);
