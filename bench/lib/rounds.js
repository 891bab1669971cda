/*
 * Runs the cases of a bench, each in a process of its own. The cases of one group are compared with each
 * other: their processes take turns of a few milliseconds, so that other work of the machine disturbs
 * all of them alike. They end with this process, for any reason.
 */
'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');

class Trial {
  #child;
  #settle; /* { resolve, reject } of the awaited answer */

  constructor(file, name) {
    this.name = name;
    this.#child = fork(path.join(__dirname, 'trial.js'), [file, name], {
      execArgv: ['--expose-gc'],
    });
    this.#child.on('message', (answer) => this.#settle.resolve(answer));
    this.#child.on('error', (error) => this.#settle.reject(error));
    this.#child.on('exit', (code, signal) => {
      this.#settle.reject(new Error(`trial '${name}' ended with ${signal ?? `code ${code}`}`));
    });
  }

  answer() {
    return new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
  }

  turn() {
    const answer = this.answer();
    this.#child.send('turn');
    return answer;
  }

  end() {
    this.#child.disconnect(); /* it ends, and removes its files */
  }
}

/* Runs one round of one group; `collect(name, figures)` gets the result of each turn of each case. */
async function runGroup(file, names, turns, collect) {
  const trials = [];
  try {
    for (const name of names) {
      const trial = new Trial(file, name);
      if ((await trial.answer()) === 'ready') trials.push(trial);
      else trial.end();
    }
    for (let turn = 0; turn < turns; turn++) {
      for (const trial of trials) collect(trial.name, await trial.turn());
      trials.push(trials.shift()); /* so that no case always follows the same one */
    }
  } finally {
    for (const trial of trials) trial.end();
  }
}

/*
 * A map: case -> { figure: [its value in each turn of each round] }. A case without figures is absent.
 * The n-th values of all cases of a group belong together.
 */
async function runRounds({ file, bench, rounds, onGroup }) {
  const results = new Map(bench.groups.flat().map((name) => [name, {}]));
  const collect = (name, figures) => {
    const result = results.get(name);
    for (const [key, value] of Object.entries(figures)) (result[key] ??= []).push(value);
  };
  for (let round = 0; round < rounds; round++) {
    for (const names of bench.groups) {
      await runGroup(file, names, bench.turns, collect);
      onGroup(names[0]);
    }
  }
  return results;
}

module.exports = { runRounds };
