/*
 * One binary for all versions of Node: runs the suites with the prebuilt binary (npm run prebuild) under
 * other versions of Node, which come from npm, in parallel.
 *
 *     node scripts/node-versions.js [version ...]
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { forAll, start } = require('./side-by-side');
const { Failure, ROOT, main, npmCommand, run, seconds } = require('./toolchain');

const CACHE = path.join(ROOT, 'node_modules/.cache/mmapipc');
const VERSIONS = ['22.23.3', '26.10.0'];
/* Not run: suites with many processes, which take minutes and depend little on the version. */
const LONG = /-(?:ends|hostile|kills|life|native|perl|processes)\.test\.js$/;
const SUITES =
  /^(mmap-.*|map.*|region.*|share.*|codec.*|lock.*|pack.*|truncate|properties|readme|docs)\.test\.js$/;

/* The path of the program `node` of this version. */
function fetchNode(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = path.join(CACHE, 'nodes', version);
  const node = path.join(folder, 'node_modules', name, 'bin', 'node');
  if (!fs.existsSync(node)) {
    fs.mkdirSync(folder, { recursive: true });
    const args = ['install', '--no-save', '--ignore-scripts', '--prefix', folder];
    const [npm, ...first] = npmCommand();
    run(npm, [...first, ...args, `${name}@${version}`], {
      cwd: folder,
      sentence: `${name}@${version} cannot be fetched`,
    });
  }
  return node;
}

async function test(version) {
  const since = performance.now();
  const node = fetchNode(version);
  const suites = fs
    .readdirSync(path.join(ROOT, 'test'))
    .filter((name) => SUITES.test(name) && !LONG.test(name));
  const args = ['--expose-gc', 'node_modules/mocha/bin/_mocha', '--no-config'];
  const { good, output } = await start(
    node,
    [...args, '--timeout', '40000', '--reporter', 'dot', ...suites.map((name) => `test/${name}`)],
    { env: { ...process.env, PREBUILDS_ONLY: '1' }, maxBuffer: Infinity },
  );
  process.stdout.write(`${output}${seconds(since)}  Node ${version}\n`);
  return good;
}

async function body() {
  const given = process.argv.slice(2);
  const versions = given.length > 0 ? given : VERSIONS;
  const passed = await forAll(versions, test);
  const bad = versions.filter((_, at) => !passed[at]);
  if (bad.length > 0) throw new Failure(`the suites fail under Node ${bad.join(' and ')}`);
}

main('node-versions', body);
