/*
 * Tests the package as users get it: packs it, installs the tarball with each package manager in folders
 * outside of this one, with and without a compiler, and runs a program there. Run `npm run prebuild`
 * first.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { ROOT, Failure, main, run, seconds } = require('./toolchain');
const { findProgram, findToolchain, npmCommand, readGyp } = require('./toolchain');

const { name: NAME } = require('../package.json');
const BINARY = 'prebuilds/linux-x64/mmapipc.glibc.node';
const NEEDED = [
  ...['LICENSE', 'README.md', 'index.d.ts', 'package.json', BINARY, 'src/mmapipc.gypi'],
  ...['scripts/build.js', 'scripts/toolchain.js', 'bin/mmapipc.js'],
];
/* A binding.gyp at the top is a build step of the installation for npm and pnpm. */
const UNWANTED =
  /^binding\.gyp$|^(test|bench|examples|formal|build|node_modules|\.[^/]+)\/|\.(log|tgz|o)$/;

/* The package managers besides the npm that runs this, at versions known to work, and how they install. */
const MANAGERS = [
  ['npm@12.2.2', 'install', '--no-audit', '--no-fund'],
  ['pnpm@12.20.0', 'install'],
  ['pnpm@12.20.0', 'install', '--ignore-scripts'],
  ['yarn@1.22.22', 'add', '--non-interactive'],
];

/* The variables by which a user configures npm, as opposed to those that npm sets for its scripts. */
const SETTINGS =
  /^npm_config_(registry|cafile|ca|cache|proxy|https_proxy|noproxy|strict_ssl|userconfig|globalconfig)$/i;

const BODY = `
  const file = path.join(os.tmpdir(), 'mmapipc-' + process.pid);
  fs.writeFileSync(file, 'hello, file');
  const map = new Mmap({ file, readOnly: false });
  map.write('HELLO', 0);
  const seen = map.readString(0, map.size);
  map.close();
  const reader = new Mmap(file, 0, PROT_READ);
  let refused = false;
  try {
    reader.write('x', 0);
  } catch (error) {
    refused = error instanceof MmapipcError;
  }
  reader.close();
  const written = fs.readFileSync(file, 'utf8');
  fs.unlinkSync(file);
  console.log(seen, '|', written, '|', refused);
`;
const MODULES = ['fs', 'os', 'path'];
const PROGRAMS = {
  'program.cjs':
    MODULES.map((name) => `const ${name} = require('node:${name}');\n`).join('') +
    `const { Mmap, PROT_READ, MmapipcError } = require('${NAME}');\n${BODY}`,
  'program.mjs':
    MODULES.map((name) => `import ${name} from 'node:${name}';\n`).join('') +
    `import { Mmap, PROT_READ, MmapipcError } from '${NAME}';\n${BODY}`,
};
const EXPECTED = 'HELLO, file | HELLO, file | true';

const [node, npm] = [process.execPath, npmCommand()];
const temporary = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'mmapipc-package-')));
const tally = { passed: 0, failed: 0 };

function check(title, body) {
  const start = performance.now();
  try {
    body();
    tally.passed++;
    console.log(`ok      ${title} (${seconds(start)})`);
  } catch (error) {
    tally.failed++;
    console.log(`FAILED  ${title}: ${error.message}`);
    if (error.output) console.log(error.output.replace(/^/gm, '        '));
  }
}

/* The user's environment, with another PATH if one is given, and a folder of this run for what
 * package managers leave among the temporary files (Yarn's compile cache). */
function environment(PATH = process.env.PATH) {
  const isTheirs = (name) => !/^(npm_|INIT_CWD$|NODE_ENV$)/i.test(name) || SETTINGS.test(name);
  const env = Object.entries(process.env).filter(([name]) => isTheirs(name));
  const TMPDIR = path.join(temporary, 'tmp');
  fs.mkdirSync(TMPDIR, { recursive: true });
  return { ...Object.fromEntries(env), PATH, TMPDIR };
}

/* A folder for PATH with node, npm and a shell only: no compiler, no make, no python. */
function barePath() {
  const folder = path.join(temporary, 'bin');
  fs.mkdirSync(folder);
  fs.symlinkSync(node, path.join(folder, 'node'));
  for (const name of ['npm', 'sh']) {
    const program = findProgram(name);
    if (!program) throw new Failure(`${name} is not on PATH`);
    fs.symlinkSync(fs.realpathSync(program), path.join(folder, name));
  }
  return folder;
}

function inFolder(cwd, env) {
  return {
    npm: (args, options) => run(npm[0], [...npm.slice(1), ...args], { cwd, env, ...options }),
    node: (args, options) => run(node, args, { cwd, env, ...options }),
  };
}

/* A new project without installed packages. */
function emptyProject(name, env) {
  const folder = path.join(temporary, name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  for (const [file, text] of Object.entries(PROGRAMS)) {
    fs.writeFileSync(path.join(folder, file), text);
  }
  return { folder, installed: path.join(folder, 'node_modules', NAME), ...inFolder(folder, env) };
}

/* A project in which the npm that runs this has installed the tarball. */
function project(name, env, tarball, ...flags) {
  const empty = emptyProject(name, env);
  const args = ['install', tarball, '--prefer-offline', '--no-audit', '--no-fund', ...flags];
  return { ...empty, output: empty.npm(args).output };
}

/* A project in which another package manager has installed the tarball; `manage` runs the manager. */
function managed([manager, ...args], tarball) {
  const empty = emptyProject([manager, ...args].join('-'), environment());
  const manage = (words, options) =>
    empty.npm(
      ['exec', '--yes', `--package=${manager}`, '--', manager.split('@')[0], ...words],
      options,
    );
  return { ...empty, manage, output: manage([...args, tarball]).output };
}

/* Runs the programs, and checks that they load this binary of the package. */
function runPrograms({ node: start, installed }, binary) {
  for (const file of Object.keys(PROGRAMS)) {
    assert.equal(start([file]).stdout.trim(), EXPECTED, file);
  }
  const code = `require('${NAME}'); console.log(Object.keys(require.cache).find((file) => file.endsWith('.node')))`;
  assert.equal(start(['-e', code]).stdout.trim(), path.join(fs.realpathSync(installed), binary));
}

function pack(folder) {
  const to = fs.mkdtempSync(path.join(temporary, 'packed-'));
  const { stdout } = inFolder(folder, environment()).npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', to],
    { sentence: 'npm pack failed' },
  );
  const [{ files }] = Object.values(JSON.parse(stdout));
  return { tarball: path.join(to, fs.readdirSync(to)[0]), files: files.map((file) => file.path) };
}

function checkFiles(files) {
  const below = (folder) =>
    fs
      .readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(ROOT, path.join(entry.parentPath ?? entry.path, entry.name)));
  const sources = ['linux', 'mac', 'win'].flatMap((system) => readGyp(system).sources);
  const needed = [...NEEDED, ...sources, ...below('lib'), ...below('src')];
  assert.deepEqual(
    needed.filter((file) => !files.includes(file)),
    [],
    'files are missing in the tarball',
  );
  assert.deepEqual(
    files.filter((file) => UNWANTED.test(file)),
    [],
    'files do not belong there',
  );
}

function checkNoBuild({ installed }) {
  assert.equal(fs.existsSync(path.join(installed, 'build')), false, 'something was compiled');
}

/* Checks that the package has no scripts that a package manager would run, or ask the user to allow. */
function checkNoScripts({ installed }) {
  const { scripts, gypfile } = JSON.parse(
    fs.readFileSync(path.join(installed, 'package.json'), 'utf8'),
  );
  const run_ = ['preinstall', 'install', 'postinstall'].filter((name) => scripts[name]);
  assert.deepEqual([run_, gypfile], [[], false]);
}

/* Without a binary and without compilers: one sentence of mmapipc, an exit code, and an error code. */
function checkRefusal({ installed, node: start }, bare) {
  const command = [path.join(installed, 'bin/mmapipc.js'), 'build'];
  const build = inFolder(installed, environment(bare)).node(command, { sentence: false });
  assert.equal(build.status, 1);
  assert.match(build.output, /^mmapipc: .*\n$/, 'not one line');
  for (const what of ['python3', 'make', 'a C compiler', 'a C++ compiler', 'install']) {
    assert.ok(build.output.includes(what), `"${what}" is not in: ${build.output}`);
  }

  const code = `try { require('${NAME}'); } catch (error) { console.log(error.code, error.message); }`;
  assert.match(
    start(['-e', code]).stdout,
    /^ERR_MMAPIPC_NO_BINARY no native binary fits .*"npx mmapipc build"/,
  );
}

function checks() {
  if (!fs.existsSync(path.join(ROOT, BINARY))) {
    throw new Failure(`${BINARY} does not exist: run "npm run prebuild" first`);
  }
  const bare = barePath();
  let packed, first, pnpm;

  check('npm pack has the files that users need, and no others', () => {
    packed = pack(ROOT);
    checkFiles(packed.files);
  });
  check('without a compiler, --ignore-scripts: installs, CommonJS and ES modules run', () => {
    const ignoring = project('ignoring', environment(bare), packed.tarball, '--ignore-scripts');
    checkNoBuild(ignoring);
    runPrograms(ignoring, BINARY);
  });
  check('without a compiler, with scripts: runs no script, compiles nothing, works', () => {
    assert.equal(findToolchain({ PATH: bare }).missing.length, 4, 'PATH gives too much');
    first = project('scripts', environment(bare), packed.tarball, '--foreground-scripts');
    /* npm prints the name of `prepare`, which it runs for a git dependency only. */
    assert.doesNotMatch(first.output, /^> |mmapipc: |gyp/m, `a script was run: ${first.output}`);
    checkNoScripts(first);
    checkNoBuild(first);
    runPrograms(first, BINARY);
  });
  for (const manager of MANAGERS) {
    check(`${manager.join(' ')}: installs, runs`, () => {
      const there = managed(manager, packed.tarball);
      checkNoBuild(there);
      runPrograms(there, BINARY);
      if (manager[0].startsWith('pnpm')) pnpm = there;
    });
  }
  check('without a compiler and a binary: one sentence names the missing tools', () => {
    fs.rmSync(path.join(first.installed, 'prebuilds'), { recursive: true });
    checkRefusal(first, bare);
  });
  check('with a compiler, without a binary: mmapipc build, in the folders of pnpm; works', () => {
    fs.rmSync(path.join(pnpm.installed, 'prebuilds'), { recursive: true });
    const { output } = pnpm.manage(['exec', 'mmapipc', 'build']);
    assert.match(output, /built from source/);
    assert.deepEqual(fs.readdirSync(path.join(pnpm.installed, 'build')), ['Release']);
    runPrograms(pnpm, `build/Release/${NAME}.node`);
  });
}

main('test-package', () => {
  try {
    checks();
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  if (tally.failed > 0) process.exitCode = 1;
});
