/*
 * Builds the native addon from source with node-gyp, incrementally, into build/Release. `npm run
 * compile` and `npx mmapipc build` run it; `--wait=none` builds waits that poll instead of sleeping
 * in the system (src/os/wait_none.c). With `--prepare` it is the script `prepare`, which npm runs only
 * in a checkout. It is part of the package, so it requires only files of the package.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { ROOT, Failure, main, run, seconds } = require('./toolchain');
const { findProgram, findToolchain, enumerate } = require('./toolchain');

const { name: NAME } = require('../package.json');
const HEADERS = ['node_api.h', 'common.gypi'];
const GYP = 'binding.gyp';
const BINARY = path.join('build', 'Release', `${NAME}.node`);

/*
 * Loads the binary that node-gyp-build chooses, in a process of its own, so that a crash of the binary does
 * no harm. Returns { file }, the path of the binary, or { error }, the reason why none loads.
 */
function load({ prebuiltOnly }) {
  const code =
    'const file = require("node-gyp-build").resolve(process.argv[1]);' +
    'require(file); process.stdout.write(file);';
  const env = { ...process.env, PREBUILDS_ONLY: prebuiltOnly ? '1' : '' };
  delete env[`${NAME.toUpperCase()}_PREBUILD`];
  const options = { cwd: ROOT, env, sentence: false };
  const { status, stdout, output } = run(process.execPath, ['-e', code, ROOT], options);
  const error = /^\w*Error: .*/m.exec(output)?.[0] ?? `exit code ${status}`;
  return status === 0 ? { file: stdout } : { error };
}

/* Whether this is a checkout. The package has no binding.gyp, because package managers would build it. */
const isCheckout = () => fs.existsSync(path.join(ROOT, GYP));

/* Whether the sources are newer than this file. */
function isStale(file) {
  const sources = fs.readdirSync(path.join(ROOT, 'src'), { recursive: true });
  const made = fs.statSync(file).mtimeMs;
  return [GYP, ...sources.map((source) => path.join('src', source))].some(
    (source) => fs.statSync(path.join(ROOT, source)).mtimeMs > made,
  );
}

/* Whether a prebuilt binary loads, and the binary that the library loads is not stale. (The library loads
 * one in build/ first.) */
function hasPrebuilt() {
  const { file } = load({ prebuiltOnly: true });
  if (!file || path.relative(path.join(ROOT, 'prebuilds'), file).startsWith('..')) return false;
  const chosen = load({ prebuiltOnly: false }).file;
  return chosen !== undefined && !isStale(chosen);
}

/* The folder with include/node of this Node; if undefined, node-gyp fetches the headers. */
function findHeaders() {
  const beside = (file) => path.join(path.dirname(file), '..');
  const { npm_config_nodedir: configured } = process.env;
  return [beside(process.execPath), beside(fs.realpathSync(process.execPath)), configured]
    .filter(Boolean)
    .find((dir) => HEADERS.every((file) => fs.existsSync(path.join(dir, 'include/node', file))));
}

/* The command that starts node-gyp: the one of this project, of the package manager that runs this script,
 * on PATH, or of the npm on PATH or beside Node. */
function findNodeGyp() {
  const bin = 'node_modules/node-gyp/bin/node-gyp.js';
  const { npm_config_node_gyp: configured, npm_execpath: manager } = process.env;
  const npm = findProgram('npm');
  const folder = path.dirname(fs.realpathSync(process.execPath));
  const isThere = (file) => file && fs.existsSync(file);
  const first = [path.join(ROOT, bin), configured, manager && path.join(manager, '../..', bin)];

  const script = first.find(isThere);
  if (script) return [process.execPath, script];
  const program = findProgram('node-gyp');
  if (program) return [program];
  const last = [
    npm && path.join(fs.realpathSync(npm), '../..', bin),
    path.join(folder, '../lib/node_modules/npm', bin),
    path.join(folder, 'node_modules/npm', bin),
  ].find(isThere);
  return last ? [process.execPath, last] : undefined;
}

class MissingTools extends Failure {}

/* The environment of node-gyp, without the variables of npm that override its arguments. */
function environment(compilers) {
  const ours = /^npm_(config|package_config_node_gyp)_(nodedir|loglevel)$/i;
  const env = Object.entries(process.env).filter(([name]) => !ours.test(name));
  const node = path.dirname(process.execPath); // mmapipc.gypi runs `node`
  const PATH = [process.env.PATH, node].filter(Boolean).join(path.delimiter);
  return { ...Object.fromEntries(env), ...compilers, PATH };
}

function requirements() {
  const { missing, env } = findToolchain();
  const nodeGyp = findNodeGyp();
  if (!nodeGyp) missing.push('node-gyp');
  if (missing.length === 0) return { nodeGyp, env: environment(env) };

  const hint = {
    linux: 'with the system\'s packages, such as "apt-get install python3 make g++"',
    darwin: 'with "xcode-select --install"',
  };
  throw new MissingTools(
    `to build the native addon for ${process.platform}-${process.arch} from source, ` +
      `${enumerate(missing)} ${missing.length > 1 ? 'are' : 'is'} missing: install ` +
      `${missing.length > 1 ? 'them' : 'it'}${nodeGyp ? ` ${hint[process.platform] ?? ''}` : ''}` +
      `, then run "npx ${NAME} build"`,
  );
}

/*
 * The folder in which node-gyp runs. A package has no binding.gyp at its top, because pnpm and npm run it as
 * a build step of the installation. For a package it is created in build/gyp, and removed afterwards.
 */
function gypFolder() {
  if (isCheckout()) return ROOT;
  const folder = path.join(ROOT, 'build', 'gyp');
  try {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, GYP), '{"includes": ["../../src/mmapipc.gypi"]}\n');
  } catch (error) {
    throw new Failure(
      `the folder of the package is not writable (${error.message}): run this as the user that installed ` +
        'the package',
    );
  }
  return folder;
}

/* Moves the binary from the folder of node-gyp to the folder from which it is loaded, in one step. */
function install(folder) {
  if (folder === ROOT) return;
  const binary = path.join(ROOT, BINARY);
  fs.mkdirSync(path.dirname(binary), { recursive: true });
  fs.renameSync(path.join(folder, BINARY), binary);
  fs.rmSync(folder, { recursive: true });
}

function build() {
  const start = performance.now();
  const { nodeGyp, env } = requirements();
  const headers = findHeaders();
  const changed = () =>
    fs.statSync(path.join(ROOT, BINARY), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const before = changed();
  const cwd = gypFolder();

  const [command, ...args] = [...nodeGyp, 'configure', 'build'];
  if (headers) args.push(`--nodedir=${headers}`);
  if (process.argv.includes('--wait=none')) args.push('--mipc_wait=none');
  if (!env.JOBS) args.push('--jobs=max');
  run(command, args, {
    cwd,
    env,
    sentence:
      'node-gyp could not build the native addon: see its output above' +
      (headers
        ? ''
        : "; it also had to fetch Node's headers, because this Node has none beside it"),
  });
  install(cwd);

  const { error } = load({ prebuiltOnly: false });
  if (error) throw new Failure(`the addon was built, but does not load: ${error}`);
  const what = changed() === before ? 'is up to date, checked' : 'built from source';
  console.log(`${NAME}: ${BINARY} ${what} in ${seconds(start)}`);
}

/*
 * `npm install` in a checkout builds a missing or stale binary. It does not fail if tools are missing: it
 * prints a message, and require('mmapipc') throws another one. For a git dependency npm runs this in a
 * temporary clone whose build/ is not kept, so there is nothing to do.
 */
function prepare() {
  if (!isCheckout() || process.env._PACOTE_NO_PREPARE_ !== undefined || hasPrebuilt()) return;
  try {
    build();
  } catch (error) {
    if (!(error instanceof MissingTools)) throw error;
    console.error(`${NAME}: ${error.message}`);
  }
}

main(NAME, process.argv.includes('--prepare') ? prepare : build);
