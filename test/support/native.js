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
const { forAll } = require('../../scripts/side-by-side');
const { ROOT, Failure, findProgram, readGyp, run } = require('../../scripts/toolchain');

const FIXTURES = path.join(ROOT, 'test', 'native', 'fixtures');
const DYING = path.join(ROOT, 'test', 'native', 'dying');
const HOOK = path.join(DYING, 'dying.h');
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

const findCompiler = () =>
  [process.env.CC, 'gcc', 'clang'].find((name) => name && findProgram(name));

async function build() {
  const compiler = findCompiler();
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

/* The objects of src/map/ in `source`, each compiled behind test/native/dying/dying.h. */
async function compileDying(compiler, gyp, source, folder, files) {
  const flags = compilerFlags(gyp, ['-O2', '-w', '-pthread', '-include', HOOK]);
  await forAll(files, (file) =>
    compile(
      compiler,
      [...flags, '-c', path.join(source, 'map', file), '-o', path.join(folder, `${file}.o`)],
      file,
    ),
  );
}

async function linkDying({ compiler, gyp, archive, folder }, objects, program) {
  const flags = compilerFlags(gyp, ['-g', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread']);
  const main = path.join(DYING, 'map_stores.c');
  await compile(compiler, [...flags, main, ...objects, archive, '-o', program], 'map_stores.c');
  return path.join(folder, 'map_stores');
}

const mapFiles = () =>
  fs.readdirSync(path.join(ROOT, 'src', 'map')).filter((file) => file.endsWith('.c'));

async function buildDyingOnce() {
  const folder = await buildFixtures();
  const [compiler, gyp, archive] = [
    findCompiler(),
    readGyp('linux'),
    path.join(folder, 'mmapipc.a'),
  ];
  const kit = { compiler, gyp, archive, folder };
  const files = mapFiles();
  await compileDying(compiler, gyp, path.join(ROOT, 'src'), folder, files);
  const objects = files.map((file) => path.join(folder, `${file}.o`));
  await linkDying(kit, objects, path.join(folder, 'map_stores'));
  return kit;
}

let dying;

/* Builds map_stores, the program of test/native/dying/, on the first call. */
function buildDying() {
  dying ??= buildDyingOnce();
  return dying;
}

/* Builds map_stores with a broken twin of src/map/ (map-twins.js); the name of the program. */
async function buildTwin({ file, from, to, and }) {
  const kit = await buildDying();
  const folder = fs.mkdtempSync(path.join(kit.folder, 'twin-'));
  const source = path.join(folder, 'src');
  fs.cpSync(path.join(ROOT, 'src'), source, { recursive: true });
  const broken = path.join(source, 'map', file);
  let text = fs.readFileSync(broken, 'utf8');
  for (const edit of [{ from, to }, ...(and ? [and] : [])]) {
    const parts = text.split(edit.from);
    if (parts.length !== 2) throw new Failure(`${file} has not exactly one: ${edit.from}`);
    text = parts.join(edit.to);
  }
  fs.writeFileSync(broken, text);
  /* A header concerns all files. */
  const changedFiles = file.endsWith('.h') ? mapFiles() : [file];
  await compileDying(kit.compiler, kit.gyp, source, folder, changedFiles);
  const objects = mapFiles().map((one) =>
    path.join(changedFiles.includes(one) ? folder : kit.folder, `${one}.o`),
  );
  const program = path.join(folder, 'map_stores');
  await linkDying(kit, objects, program);
  return path.relative(kit.folder, program);
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
function instructions({ slow, sample = 16 }) {
  if (slow) return { title: 'every instruction of every scene', args: ['all'] };
  const every = amount(sample, 1);
  if (every === 1) return { title: 'every instruction', args: [] };
  const phase = Number(process.env.MMAPIPC_PHASE ?? Math.floor(Math.random() * every));
  return { title: `every ${every}th instruction (phase ${phase})`, args: [every, phase] };
}

module.exports = { buildDying, buildFixtures, buildTwin, instructions, runFixture };
