/*
 * Shared by the scripts: reads src/mmapipc.gypi, finds programs, runs them, and reports failures. It is
 * part of the package (build.js needs it), so it requires only modules of Node.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { execSync, spawnSync } = require('node:child_process');

const ROOT = path.join(__dirname, '..');
const TERM = /^(\w+)\s*==\s*(['"])(\w+)\2$/;
const LISTS = [
  ...['sources', 'defines', 'include_dirs', 'libraries'],
  ...['cflags', 'cflags_c', 'cflags_cc', 'ldflags'],
];

/* A failure that is reported in one sentence, after the output of the failed program. */
class Failure extends Error {
  constructor(sentence, output = '') {
    super(sentence);
    this.output = output;
  }
}

/* Runs the body of a script. For a Failure it prints the output and the sentence, and exits with 1. */
async function main(name, body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.output) process.stderr.write(`${error.output.trimEnd()}\n`);
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/*
 * Runs a program to its end and returns { status, stdout, output }; output is stdout and stderr together.
 * Throws a Failure with `sentence` if the program does not start or does not exit with 0, unless
 * `sentence` is false.
 */
function run(command, args, { sentence, ...options } = {}) {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error ? done.error.message : ''}`;
  if (done.status !== 0 && sentence !== false) {
    const how = done.signal ? `was ended by ${done.signal}` : `failed`;
    throw new Failure(sentence ?? `${path.basename(command)} ${args[0] ?? ''} ${how}`, output);
  }
  return { status: done.status, stdout: done.stdout ?? '', output };
}

/* The seconds since `start`, a value of performance.now(), with one decimal. */
function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/* The path of the program with this name or path; undefined if it cannot be run. */
function findProgram(name, env = process.env) {
  const folders = path.basename(name) === name ? (env.PATH ?? '').split(path.delimiter) : [''];
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        fs.accessSync(file, fs.constants.X_OK);
        return fs.statSync(file).isFile();
      } catch {
        return false;
      }
    });
}

/* The first word of a setting such as CC="ccache gcc". */
const word = (setting) => setting.trim().split(/\s+/)[0];

function findPython(env) {
  const { NODE_GYP_FORCE_PYTHON: forced, PYTHON: set, npm_config_python: configured } = env;
  const names = forced ? [forced] : [configured, set, 'python3', 'python'];
  return names.filter(Boolean).find((name) => {
    const args = ['-c', 'import sys; sys.exit(sys.version_info < (3, 6))'];
    return findProgram(name, env) && run(name, args, { env, sentence: false }).status === 0;
  });
}

/*
 * The tools that node-gyp needs: { missing, env }, the missing ones in words, and the variables with which
 * it uses the compilers that were found. On Windows node-gyp searches by itself.
 */
function findToolchain(env = process.env) {
  if (process.platform === 'win32') return { missing: [], env: {} };
  const make =
    env.npm_config_make ?? env.MAKE ?? (/bsd|aix/.test(process.platform) ? 'gmake' : 'make');
  const isThere = (name) => findProgram(name, env);
  const compiler = (setting, names) =>
    env[setting] ? isThere(word(env[setting])) && env[setting] : names.find(isThere);

  const CC = compiler('CC', ['cc', 'gcc', 'clang']);
  const CXX = compiler('CXX', ['g++', 'c++', 'clang++']);
  const missing = [
    findPython(env) ? '' : 'python3',
    isThere(word(make)) ? '' : make,
    CC ? '' : `a C compiler (${env.CC ?? 'cc'})`,
    CXX ? '' : `a C++ compiler (${env.CXX ?? 'g++'})`,
  ].filter(Boolean);
  return { missing, env: { CC, CXX } };
}

/* The command that starts npm: the npm that runs this script, if one does. */
function npmCommand() {
  const { npm_execpath: script = '' } = process.env;
  return path.basename(script) === 'npm-cli.js' ? [process.execPath, script] : ['npm'];
}

/* 'a', 'a and b', 'a, b and c'. */
function enumerate(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/* Whether a condition holds: terms `name == 'value'`, joined by `or` and, binding tighter, by `and`. */
function holds(condition, variables) {
  const term = (text) => {
    const [, name, , value] = TERM.exec(text.trim()) ?? [];
    if (name === undefined) {
      throw new Failure(`mmapipc.gypi: the condition "${condition}" is not made of x=='y'`);
    }
    return variables[name] === value;
  };
  return condition.split(/\s+or\s+/).some((way) => way.split(/\s+and\s+/).every(term));
}

/* The variables of a target that have a default ("name%"), and `given`. */
function variablesOf(target, given) {
  const defaults = Object.entries(target.variables ?? {});
  return {
    ...Object.fromEntries(defaults.map(([name, value]) => [name.replace(/%$/, ''), value])),
    ...given,
  };
}

/* In the file, sources are relative to its own folder, as gyp requires. */
const inSrc = (source) => `src/${source}`;

/* A list of gyp with its commands, '<!(...)' and '<!@(...)', run. */
function expand(list) {
  return list.flatMap((text) => {
    const [, many, command] = /^<!(@?)\((.*)\)$/.exec(text) ?? [];
    if (command === undefined) return [text];
    const printed = execSync(command, { cwd: ROOT, encoding: 'utf8' }).trim();
    return many ? printed.split(/\s+/) : [printed];
  });
}

/*
 * The target of src/mmapipc.gypi for a system, which has its name in gyp: 'linux', 'mac' or 'win'.
 * `variables` replace the defaults of the file, as `node-gyp --name=value` does. Returns
 * { name, sources, defines, includeDirs, libraries, cflagsC, cflagsCc, ldflags }. Paths are relative to
 * the project's folder, and both kinds of cflags include the common ones.
 */
function readGyp(system, { file = path.join(ROOT, 'src/mmapipc.gypi'), variables } = {}) {
  const [target] = JSON.parse(fs.readFileSync(file, 'utf8')).targets;
  const values = variablesOf(target, { ...variables, OS: system });
  const lists = Object.fromEntries(LISTS.map((name) => [name, []]));
  const add = (node) => {
    for (const name of LISTS) lists[name].push(...expand(node[name] ?? []));
    for (const [condition, yes, no = {}] of node.conditions ?? []) {
      add(holds(condition, values) ? yes : no);
    }
  };
  add(target);
  return {
    name: target.target_name,
    sources: lists.sources.map(inSrc),
    defines: lists.defines,
    includeDirs: lists.include_dirs,
    libraries: lists.libraries,
    cflagsC: [...lists.cflags, ...lists.cflags_c],
    cflagsCc: [...lists.cflags, ...lists.cflags_cc],
    ldflags: lists.ldflags,
  };
}

module.exports = {
  ROOT,
  Failure,
  main,
  run,
  seconds,
  findProgram,
  findToolchain,
  npmCommand,
  enumerate,
  readGyp,
};
