/*
 * npm run formal [model ...]: searches every state of the models in formal/ with spin. Each model must
 * hold. Each of its twins, which lacks one rule, must break the property that the table at the top of
 * the model names. An incomplete search fails, and so does a model with a step that is never taken.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { compile } = require('./native-build');
const { forAll, start } = require('./side-by-side');
const { ROOT, Failure, findProgram, main, seconds } = require('./toolchain');

const FORMAL = path.join(ROOT, 'formal');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'mmapipc', 'formal');
const MEMORY = 2048; // MB that one search may take
const DEPTH = 2000000; // steps of the longest run
const PATIENCE = 300000; // ms a search may take

/* " * BROKEN_X  property, property  reason": a row of the table in a model's first comment. */
const ROW = /^ \* (BROKEN_\w+) +(\w+(?:, \w+)*) {2,}\S.*$/gm;
/* The output of pan for each kind of error. An assertion is identified by its boolean. */
const ERRORS = [
  [/^pan:\d+: assertion violated +!\((\w+)\)/m, (match) => `assertion ${match[1]}`],
  [/^pan:\d+: assertion violated +(.*?) \(at depth/m, (match) => `assertion ${match[1]}`],
  [/^pan:\d+: invalid end state/m, () => 'deadlock'],
  [/^pan:\d+: non-progress cycle/m, () => 'cycle'],
];

const all = (text, expression) => [...text.matchAll(expression)].map((match) => match[1]);
const without = (list, other) => [...new Set(list)].filter((item) => !other.includes(item));

/* A model with the files that it includes: { name, text, whole, twins: [{ define, property }] }. */
function readModel(name) {
  const text = fs.readFileSync(path.join(FORMAL, `${name}.pml`), 'utf8');
  const parts = all(text, /^#include "(.+)"$/gm).map((file) =>
    fs.readFileSync(path.join(FORMAL, file), 'utf8'),
  );
  const twins = [...text.matchAll(ROW)].flatMap(([, define, properties]) =>
    properties.split(', ').map((property) => ({ define, property })),
  );
  return { name, text, whole: [text, ...parts].join('\n'), twins };
}

/* Checks that the table and the code have the same twins, and that each property has a twin. */
function checkTable({ name, text, whole, twins }) {
  const listed = twins.map(({ define }) => define);
  const code = text.slice(text.indexOf('*/'));
  const missing = [
    ...without(all(code, /\b(BROKEN_\w+)/g), listed),
    ...without(listed, all(whole.slice(text.indexOf('*/')), /\b(BROKEN_\w+)/g)),
  ];
  if (missing.length) throw new Failure(`${name}: not both in table and code: ${missing}`);
  const asserted = without(all(code, /\bFORBID\((\w+)/g), []);
  const unbroken = without(
    asserted,
    twins.map(({ property }) => property),
  );
  if (unbroken.length) throw new Failure(`${name}: no twin breaks ${unbroken}`);
}

/*
 * The searches of a model: every state; with fewer processes (PAIR), of which none dies after some moment,
 * every state and, if there are labels of progress, every cycle (FAIR: except cycles in which a process
 * that could go on never does); and for each property of each twin a search for this property alone.
 */
function searches(model) {
  const { name, text, twins } = model;
  const quick = { model, compiler: ['-O0', '-DSAFETY'], args: ['-w20'] };
  const fair = /^#define FAIR$/m.test(text) ? ['-f'] : [];
  const cycles = { model, compiler: ['-O0', '-DNP'], args: ['-w20', '-l', '-A', '-E', ...fair] };
  const pair = { label: `${name} -DPAIR`, defines: ['-DPAIR'] };
  return [
    { model, label: name, compiler: ['-O2', '-DSAFETY', '-DPEG'], lacks: 'error', usesAll: true },
    ...(/\bPAIR\b/.test(text) ? [{ ...quick, ...pair, lacks: 'error' }] : []),
    ...(/^progress\w*:/m.test(text) ? [{ ...cycles, ...pair, lacks: 'cycle' }] : []),
    ...twins.map(({ define, property }) => {
      const twin = { label: `${name} -D${define}`, defines: [`-D${define}`], property };
      if (property === 'cycle') return { ...cycles, ...twin, defines: [...twin.defines, '-DPAIR'] };
      if (property === 'deadlock') return { ...quick, ...twin, args: ['-w20', '-A'] };
      const defines = [...twin.defines, `-DONLY=${property}`];
      return { ...quick, ...twin, defines, args: ['-w20', '-E'] };
    }),
  ];
}

/*
 * Runs a search in a folder of its own. Resolves with the output of pan and, with usesAll, the steps of the
 * model that were never taken (-o3: spin does not merge steps).
 */
async function search(job) {
  const { model, label, property, lacks, usesAll, defines = [], compiler, args = [] } = job;
  const file = `${model.name}.pml`;
  const folder = path.join(CACHE, `${label}-${property ?? lacks}`.replaceAll(' ', ''));
  fs.cpSync(FORMAL, folder, { recursive: true });
  const made = await start('spin', ['-o3', '-a', ...defines, file], { cwd: folder });
  if (!made.good || !fs.existsSync(path.join(folder, 'pan.c'))) {
    throw new Failure(`${label}: spin refuses the model`, made.output);
  }
  const pan = path.join(folder, 'pan');
  const source = path.join(folder, 'pan.c');
  await compile('gcc', ['-w', `-DMEMLIM=${MEMORY}`, ...compiler, '-o', pan, source], label);
  const options = { cwd: folder, timeout: PATIENCE };
  const { output } = await start(pan, [`-m${DEPTH}`, ...args], options);
  const unused = usesAll ? findUnused((await start(pan, ['-d'], options)).output, output) : [];
  return { output, unused };
}

/* The steps in the list of `pan -d` that have no count ("5 trans 46 x.pml:3"). */
function findUnused(list, output) {
  const taken = all(output, /^ *\d+\ttrans +(\d+) /gm);
  return [...list.matchAll(/-\(tr +(\d+)\)-> .*?\] +\[.{5}\] (.*)$/gm)]
    .filter(([, number]) => !taken.includes(number))
    .map(([, , step]) => step);
}

/* The first error that pan reports, as a property; undefined if there is none. */
function findError(output) {
  for (const [expression, nameOf] of ERRORS) {
    const match = expression.exec(output);
    if (match) return nameOf(match);
  }
  return undefined;
}

/* The reason why a search does not count as complete and without an error; undefined if it does. */
function findGap({ output, unused }) {
  const error = findError(output);
  if (error) return error;
  if (/max search depth too small/.test(output)) return 'incomplete: the search depth is too small';
  if (/memory|Search not completed/.test(output.replace(/^.*memory (?:u|lost).*$/gm, ''))) {
    return 'incomplete: not enough memory';
  }
  if (!/^Full statespace search/m.test(output) || !/errors: 0$/m.test(output)) return 'no result';
  if (unused.length) return `never taken: ${unused.join(', ')}`;
  return undefined;
}

/* Runs one search and prints its line. Resolves with whether its result is right. */
async function judge(job) {
  const since = performance.now();
  const result = await search(job);
  const { label, property, lacks } = job;
  const { output } = result;
  const print = (text) => process.stdout.write(`${label}  ${text}  (${seconds(since)})\n`);
  if (lacks) {
    const gap = findGap(result);
    const [, states] = /(\d+) states, stored/.exec(output) ?? [];
    print(gap ? `FAILED: ${gap}` : `${states} states, no ${lacks}`);
    if (gap) process.stdout.write(`${output.trimEnd()}\n`);
    return !gap;
  }
  const error = findError(output);
  const good = error === property || error === `assertion ${property}`;
  print(good ? `fails as it should: ${error}` : `FAILED: ${error ?? 'passes'}, not ${property}`);
  if (!good) process.stdout.write(`${output.trimEnd()}\n`);
  return good;
}

async function body() {
  if (!findProgram('spin')) throw new Failure('spin is missing: apt-get install spin');
  if (!findProgram('gcc')) throw new Failure('gcc is missing: apt-get install gcc');
  const wanted = process.argv.slice(2);
  const models = fs
    .readdirSync(FORMAL)
    .filter((file) => file.endsWith('.pml'))
    .map((file) => path.basename(file, '.pml'))
    .filter((name) => wanted.length === 0 || wanted.includes(name))
    .map(readModel);
  if (models.length === 0) throw new Failure(`there is no model ${wanted.join(', ')}`);
  models.forEach(checkTable);

  fs.rmSync(CACHE, { recursive: true, force: true });
  const since = performance.now();
  const jobs = models.flatMap(searches);
  const passed = await forAll(jobs, judge);
  const failed = passed.filter((good) => !good).length;
  process.stdout.write(`${models.length} models in ${seconds(since)}\n`);
  process.stdout.write(`${passed.length - failed} passed, ${failed} failed\n`);
  if (failed) process.exitCode = 1;
}

main('formal', body);
