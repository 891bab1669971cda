/*
 * The C programs of test/native/fixtures/: built once in a run, from the object files of the addon
 * if they are up to date, otherwise from the sources with the same flags. They need a C compiler
 * and ar.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');

const { amount } = require('./amounts');
const { buildLibrary, compile, compilerFlags } = require('../../scripts/native-build');
const { ROOT, Failure, findProgram, readGyp, run } = require('../../scripts/toolchain');

const FIXTURES = path.join(ROOT, 'test', 'native', 'fixtures');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'mmapipc', 'fixtures');
const RELEASE = path.join(ROOT, 'build', 'Release', 'obj.target');
const OURS = /^src\/.*\.c$/;

const changed = (file) => (fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0);

/* The time of the last change of a source, a header or mmapipc.gypi. */
function newestSource() {
  const files = fs
    .readdirSync(path.join(ROOT, 'src'), { recursive: true })
    .filter((file) => /\.[ch]$/.test(file))
    .map((file) => path.join(ROOT, 'src', file));
  return Math.max(...[...files, path.join(ROOT, 'src/mmapipc.gypi')].map(changed));
}

/* The addon's object files; undefined unless all exist and are newer than every source. */
function addonObjects(gyp) {
  const objects = gyp.sources
    .filter((source) => OURS.test(source))
    .map((source) => path.join(RELEASE, gyp.name, source.replace(/\.c$/, '.o')));
  const since = newestSource();
  return objects.every((object) => changed(object) > since) ? objects : undefined;
}

/* The archive of these, in the folder of this run. */
async function library(compiler, gyp, folder) {
  const objects = addonObjects(gyp);
  if (!objects) {
    return buildLibrary(compiler, gyp, compilerFlags(gyp, ['-O3', '-fPIC', '-pthread']), folder);
  }
  const archive = path.join(folder, 'mmapipc.a');
  run('ar', ['rcs', archive, ...objects]);
  return archive;
}

/* Removes the folders of killed runs. */
function sweep() {
  for (const name of fs.readdirSync(CACHE)) {
    const folder = path.join(CACHE, name);
    if (changed(folder) < Date.now() - 3600000) fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function build() {
  const compiler = [process.env.CC, 'gcc', 'clang'].find((name) => name && findProgram(name));
  if (!compiler || !findProgram('ar')) throw new Failure('the C fixtures need gcc and ar');
  fs.mkdirSync(CACHE, { recursive: true });
  sweep();
  const folder = fs.mkdtempSync(path.join(CACHE, 'run-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const gyp = readGyp('linux');
  const archive = await library(compiler, gyp, folder);
  const own = ['-g', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const flags = compilerFlags(gyp, [...own, `-DSOURCE_FOLDER="${path.join(ROOT, 'src')}"`]);
  const names = fs.readdirSync(FIXTURES).filter((file) => file.endsWith('.c'));
  for (const name of names) {
    const program = path.join(folder, name.slice(0, -'.c'.length));
    await compile(compiler, [...flags, path.join(FIXTURES, name), archive, '-o', program], name);
  }
  return folder;
}

let built;

/* Builds all programs on the first call; returns their folder. */
function buildFixtures() {
  built ??= build();
  return built;
}

/*
 * Runs a fixture in a new temporary folder, which is removed, and resolves with its output. Rejects,
 * with the output, if the fixture fails or takes longer than `patience` ms.
 */
async function runFixture(name, args, { patience = 60000, prefix = [] } = {}) {
  const folder = await buildFixtures();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'mmapipc-fixture-'));
  const [command, ...rest] = [...prefix, path.join(folder, name), ...args.map(String)];
  const options = {
    timeout: patience,
    killSignal: 'SIGKILL',
    env: { ...process.env, TMPDIR: scratch },
  };
  try {
    return await new Promise((resolve, reject) => {
      execFile(command, rest, options, (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`.trimEnd();
        const how = error?.signal ? `was ended by ${error.signal}` : 'failed';
        if (error) reject(new Error(`${name} ${how}\n${output}`));
        else resolve(output);
      });
    });
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/*
 * The instructions at which a fixture kills its child, { title, args }: all in a full run, otherwise
 * a sample, a different one in each run. MMAPIPC_PHASE, the number in the title, repeats a sample.
 */
function instructions({ slow }) {
  if (slow) return { title: 'every instruction of every scene', args: ['all'] };
  const every = amount(16, 1);
  if (every === 1) return { title: 'every instruction', args: [] };
  const phase = Number(process.env.MMAPIPC_PHASE ?? Math.floor(Math.random() * every));
  return { title: `every ${every}th instruction (phase ${phase})`, args: [every, phase] };
}

module.exports = { buildFixtures, instructions, runFixture };
