/*
 * What npm runs to install: done when a prebuilt binary is there that loads, else it builds one
 * from source with node-gyp, incrementally. `--build` builds in any case, and so does npm's
 * --build-from-source; with `--wait=none` waits look again and again instead of sleeping in the
 * system (src/os/wait_none.c). It needs only what is in the package.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { ROOT, Failure, main, run, seconds } = require('./toolchain');
const { findProgram, findToolchain, enumerate } = require('./toolchain');

const { name: NAME } = require('../package.json');
const HEADERS = ['node_api.h', 'common.gypi'];

/* Whether npm was told --build-from-source, for all packages or for this one. */
function wantsSource() {
  const words = (process.env.npm_config_build_from_source ?? '').split(/[\s,]+/);
  const flags = ['--build', '--build-from-source'];
  return process.argv.some((arg) => flags.includes(arg)) || words.some(isYes);
}

const isYes = (text) => ['true', '1', NAME].includes(text);

/*
 * What node-gyp-build chooses, loaded in a process of its own: { file, error }, the path of what
 * loads, or why nothing does. Not even a binary that crashes can hurt here.
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

/* Whether the sources of a checkout were changed after this file was made; packages' are not. */
function isStale(file) {
  if (!fs.existsSync(path.join(__dirname, 'prebuild.js'))) return false;
  const sources = fs.readdirSync(path.join(ROOT, 'src'), { recursive: true });
  const made = fs.statSync(file).mtimeMs;
  return ['binding.gyp', ...sources.map((source) => path.join('src', source))].some(
    (source) => fs.statSync(path.join(ROOT, source)).mtimeMs > made,
  );
}

/* A prebuilt binary loads; and what the library will load, build/ goes first, is not stale. */
function hasPrebuilt() {
  const { file } = load({ prebuiltOnly: true });
  if (!file || path.relative(path.join(ROOT, 'prebuilds'), file).startsWith('..')) return false;
  const chosen = load({ prebuiltOnly: false }).file;
  return chosen !== undefined && !isStale(chosen);
}

/* The folder that holds include/node of this Node; undefined lets node-gyp fetch the headers. */
function findHeaders() {
  const beside = (file) => path.join(path.dirname(file), '..');
  const { npm_config_nodedir: configured } = process.env;
  return [beside(process.execPath), beside(fs.realpathSync(process.execPath)), configured]
    .filter(Boolean)
    .find((dir) => HEADERS.every((file) => fs.existsSync(path.join(dir, 'include/node', file))));
}

/* The command that starts node-gyp: our own, npm's, that on PATH, that of the npm beside Node. */
function findNodeGyp() {
  const bin = 'node_modules/node-gyp/bin/node-gyp.js';
  const { npm_config_node_gyp: configured, npm_execpath: npm } = process.env;
  const beside = path.join(
    path.dirname(fs.realpathSync(process.execPath)),
    '../lib/node_modules/npm',
  );
  const isThere = (file) => file && fs.existsSync(file);
  const first = [path.join(ROOT, bin), configured, npm && path.join(npm, '../..', bin)];

  const script = first.find(isThere);
  if (script) return [process.execPath, script];
  const program = findProgram('node-gyp');
  if (program) return [program];
  const last = path.join(beside, bin);
  return isThere(last) ? [process.execPath, last] : undefined;
}

/* The environment of node-gyp, for which npm's variables go before its arguments. */
function environment(compilers) {
  const ours = /^npm_(config|package_config_node_gyp)_(nodedir|loglevel)$/i;
  const env = Object.entries(process.env).filter(([name]) => !ours.test(name));
  const node = path.dirname(process.execPath); // binding.gyp runs `node`
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
  throw new Failure(
    `to build the native addon for ${process.platform}-${process.arch} from source, ` +
      `${enumerate(missing)} ${missing.length > 1 ? 'are' : 'is'} missing: install ` +
      `${missing.length > 1 ? 'them' : 'it'}${nodeGyp ? ` ${hint[process.platform] ?? ''}` : ''}` +
      `, then run this again`,
  );
}

function build() {
  const start = performance.now();
  const { nodeGyp, env } = requirements();
  const headers = findHeaders();
  const binary = path.join('build', 'Release', `${NAME}.node`);
  const changed = () =>
    fs.statSync(path.join(ROOT, binary), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const before = changed();

  const [command, ...args] = [...nodeGyp, 'configure', 'build'];
  if (headers) args.push(`--nodedir=${headers}`);
  if (process.argv.includes('--wait=none')) args.push('--mipc_wait=none');
  if (!env.JOBS) args.push('--jobs=max');
  run(command, args, {
    cwd: ROOT,
    env,
    sentence:
      'node-gyp could not build the native addon: what it printed stands above' +
      (headers ? '' : "; it also had to fetch Node's headers, as none lie beside this Node"),
  });

  const { error } = load({ prebuiltOnly: false });
  if (error) throw new Failure(`the addon was built, but does not load: ${error}`);
  const what = changed() === before ? 'is up to date, looked at' : 'built from source';
  console.log(`${NAME}: ${binary} ${what} in ${seconds(start)}`);
}

main(NAME, () => {
  if (wantsSource() || !hasPrebuilt()) build();
});
