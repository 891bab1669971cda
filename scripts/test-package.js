/*
 * Tests the package as users get it: packs it, installs the tarball in folders that know nothing of
 * this one, without a compiler and with, and runs a program there. Run `npm run prebuild` first.
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
  ...['LICENSE', 'README.md', 'index.d.ts', 'package.json', 'binding.gyp', BINARY],
  ...['scripts/install.js', 'scripts/toolchain.js'],
];
const UNWANTED = /^(test|bench|examples|formal|build|node_modules|\.[^/]+)\/|\.(log|tgz|o)$/;

/* What npm is told by a user, as opposed to what it tells the script that it runs now. */
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

/* The user's environment, with another PATH if one is given. */
function environment(PATH = process.env.PATH) {
  const isTheirs = (name) => !/^(npm_|INIT_CWD$|NODE_ENV$)/i.test(name) || SETTINGS.test(name);
  const env = Object.entries(process.env).filter(([name]) => isTheirs(name));
  return { ...Object.fromEntries(env), PATH };
}

/* A folder that, alone on PATH, gives node, npm and a shell: no compiler, no make, no python. */
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

/*
 * A project of its own with the tarball installed. npm 11 begins to hold back the scripts of
 * packages that a project does not name: the .npmrc is what its user would say.
 */
function project(name, env, tarball, ...flags) {
  const folder = path.join(temporary, name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  fs.writeFileSync(path.join(folder, '.npmrc'), 'dangerously-allow-all-scripts=true\n');
  for (const [file, text] of Object.entries(PROGRAMS)) {
    fs.writeFileSync(path.join(folder, file), text);
  }
  const programs = inFolder(folder, env);
  const args = ['install', tarball, '--prefer-offline', '--no-audit', '--no-fund', ...flags];
  const { output } = programs.npm(args);
  return { folder, installed: path.join(folder, 'node_modules', NAME), output, ...programs };
}

/* Runs the programs, and expects them to load that binary of the package. */
function runPrograms({ node: start, installed }, binary) {
  for (const file of Object.keys(PROGRAMS)) {
    assert.equal(start([file]).stdout.trim(), EXPECTED, file);
  }
  const code = `console.log(require('node-gyp-build').resolve(${JSON.stringify(installed)}))`;
  assert.equal(start(['-e', code]).stdout.trim(), path.join(installed, binary));
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

/* Without a binary and without compilers: one sentence of ours, an exit code, a code to catch. */
function checkRefusal(packed, bare) {
  const { installed, npm: npmHere, node: start } = packed;
  const rebuilt = npmHere(['rebuild', NAME], { sentence: false });
  assert.notEqual(rebuilt.status, 0, 'npm rebuild succeeded');
  assert.equal(rebuilt.output.match(/mmapipc: to build/g)?.length, 1, rebuilt.output);

  const script = inFolder(installed, environment(bare)).node(['scripts/install.js'], {
    sentence: false,
  });
  assert.equal(script.status, 1);
  assert.match(script.output, /^mmapipc: .*\n$/, 'not one line');
  for (const what of ['python3', 'make', 'a C compiler', 'a C++ compiler', 'install']) {
    assert.ok(script.output.includes(what), `"${what}" is not in: ${script.output}`);
  }

  const code = `try { require('${NAME}'); } catch (error) { console.log(error.code); }`;
  assert.equal(start(['-e', code]).stdout.trim(), 'ERR_MMAPIPC_NO_BINARY');
}

function checks() {
  if (!fs.existsSync(path.join(ROOT, BINARY))) {
    throw new Failure(`${BINARY} is not there: run "npm run prebuild" first`);
  }
  const bare = barePath();
  let packed, first, second;

  check('npm pack holds what users need and nothing else', () => {
    packed = pack(ROOT);
    checkFiles(packed.files);
  });
  check('without a compiler, --ignore-scripts: installs, CommonJS and ES modules run', () => {
    first = project('ignoring', environment(bare), packed.tarball, '--ignore-scripts');
    checkNoBuild(first);
    runPrograms(first, BINARY);
  });
  check('without a compiler, with scripts: installs silently, compiles nothing, runs', () => {
    assert.equal(findToolchain({ PATH: bare }).missing.length, 4, 'PATH gives too much');
    second = project('scripts', environment(bare), packed.tarball, '--foreground-scripts');
    assert.match(second.output, /node scripts\/install\.js/, 'npm did not run the script');
    assert.doesNotMatch(second.output, /mmapipc: |gyp/, 'the script was not silent');
    const alone = inFolder(second.installed, environment(bare)).node(['scripts/install.js']);
    assert.equal(alone.output, '');
    checkNoBuild(second);
    runPrograms(second, BINARY);
  });
  check('without a compiler and a binary: one sentence tells what is missing', () => {
    fs.rmSync(path.join(second.installed, 'prebuilds'), { recursive: true });
    checkRefusal(second, bare);
  });
  check('with a compiler, without a binary: installs from source, runs', () => {
    const { tarball } = pack(second.installed);
    const third = project('source', environment(), tarball);
    runPrograms(third, `build/Release/${NAME}.node`);
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
