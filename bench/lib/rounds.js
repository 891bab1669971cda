/*
 * Runs the cases of a bench, each trial in a process of its own, several rounds over all cases.
 */
'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function runTrial(file, name) {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(__dirname, 'trial.js'), [file, name], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let figures;
    running.add(child);
    child.on('message', (message) => (figures = message));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      running.delete(child);
      if (figures !== undefined && code === 0) return resolve(figures);
      return reject(new Error(`trial '${name}' ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/* A map: case -> { figure: [its value in each round] }, or { absent: 'why' }. */
async function runRounds({ file, bench, rounds, onTrial }) {
  const results = new Map(bench.cases.map((name) => [name, {}]));
  for (let round = 0; round < rounds; round++) {
    for (const name of bench.cases) {
      const result = results.get(name);
      if (!result.absent) collect(result, await runTrial(file, name));
      onTrial(name);
    }
  }
  return results;
}

function collect(result, figures) {
  if (figures.absent) result.absent = figures.absent;
  else for (const [key, value] of Object.entries(figures)) (result[key] ??= []).push(value);
}

module.exports = { runRounds };
