/*
 * Runs the benches and prints their tables as markdown.
 *
 *     node bench/run.js [--rounds N] [--chart] [name...]        (README.md)
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { loadChart } = require('./lib/chart');
const { runRounds } = require('./lib/rounds');

const NAMES = fs
  .readdirSync(__dirname)
  .filter((file) => file.endsWith('.js') && file !== path.basename(__filename))
  .map((file) => file.slice(0, -'.js'.length));

class UsageError extends Error {}

function readOptions() {
  let parsed;
  try {
    const options = { rounds: { type: 'string' }, chart: { type: 'boolean' } };
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message.split(/\. |\n/)[0]);
  }
  const { values, positionals } = parsed;
  for (const name of positionals) {
    if (NAMES.includes(name)) continue;
    throw new UsageError(`unknown bench '${name}'; choose from ${NAMES.join(', ')}`);
  }
  if (values.rounds !== undefined && !/^[1-9]\d{0,3}$/.test(values.rounds)) {
    throw new UsageError(`--rounds must be a whole number from 1 to 9999, not '${values.rounds}'`);
  }
  return { names: positionals.length > 0 ? positionals : NAMES, ...values };
}

/* A progress bar on a terminal, and nothing elsewhere. */
function progressBar(name, total) {
  if (!process.stderr.isTTY) return { step() {}, stop() {} };
  const { SingleBar, Presets } = require('cli-progress');
  const format = `${name} {bar} {value}/{total} {last}`;
  const bar = new SingleBar({ format, clearOnComplete: true }, Presets.shades_classic);
  bar.start(total, 0, { last: '' });
  return { step: (last) => bar.increment(1, { last }), stop: () => bar.stop() };
}

/* `draw`: draws the chart of the bench, if it has one. */
async function runBench(name, wanted, draw) {
  const file = path.join(__dirname, `${name}.js`);
  const bench = require(file);
  const rounds = Number(wanted ?? bench.rounds);
  await bench.prepare?.();
  const bar = progressBar(name, rounds * bench.groups.length);
  let results;
  try {
    results = await runRounds({ file, bench, rounds, onGroup: (first) => bar.step(first) });
  } finally {
    bar.stop();
  }
  const command = `node bench/run.js ${name}${wanted ? ` --rounds ${wanted}` : ''}`;
  const how =
    `\`${command}\`: medians of ${rounds} x ${bench.turns} turns; Node ${process.version}, ` +
    `${process.platform} ${process.arch}, ${os.availableParallelism()} cores, ${os.cpus()[0].model}`;
  console.log(`## ${bench.title}\n\n${bench.report(results, how)}\n`);
  if (draw === undefined || bench.chart === undefined) return;
  fs.writeFileSync(path.join(__dirname, `${name}.svg`), await draw(bench.chart(results)));
}

async function main() {
  const { names, rounds, chart } = readOptions();
  const draw = chart ? await loadChart() : undefined;
  for (const name of names) await runBench(name, rounds, draw);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(128 + os.constants.signals[signal]));
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
