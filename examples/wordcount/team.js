/*
 * The primary's side: forks the workers, leads them through the steps together, and makes sure that
 * one that dies ends the job with an error instead of a wait without end.
 */
'use strict';

const cluster = require('node:cluster');
const { once } = require('node:events');
const path = require('node:path');

const { share } = require('./count');

class Team {
  #workers;
  #onProgress;
  #dismissed = false;
  #fail;
  #failure = new Promise((_, reject) => (this.#fail = reject));
  #listeners = new Map(); /* worker -> takes its next answer */

  constructor(size, onProgress) {
    this.#onProgress = onProgress;
    this.#failure.catch(() => {}); /* it may come when nobody waits; the next step hears of it */
    cluster.setupPrimary({ exec: path.join(__dirname, 'worker.js'), args: [] });
    this.#workers = Array.from({ length: size }, () => this.#fork());
  }

  #fork() {
    const worker = cluster.fork();
    worker.on('message', (message) => this.#take(worker, message));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', (code, signal) => {
      if (this.#dismissed) return;
      const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`;
      this.#fail(new Error(`worker ${worker.process.pid} ${how} before its work was done`));
    });
    return worker;
  }

  #take(worker, { progress, answer, error }) {
    if (progress !== undefined) return this.#onProgress(progress);
    if (error === undefined) return this.#listeners.get(worker)(answer);
    return this.#fail(Object.assign(new Error(error.message), { code: error.code }));
  }

  /* The answers of all workers, each to the message that `task` makes for it, if any. */
  step(task) {
    const answers = this.#workers.map(
      (worker, index) =>
        new Promise((resolve) => {
          this.#listeners.set(worker, resolve);
          if (task) worker.send(task(index), (error) => error && this.#fail(error));
        }),
    );
    return Promise.race([Promise.all(answers), this.#failure]);
  }

  async dismiss() {
    this.#dismissed = true;
    const alive = this.#workers.filter((worker) => !worker.isDead());
    const gone = alive.map((worker) => once(worker, 'exit'));
    for (const worker of alive) worker.process.kill('SIGKILL');
    await Promise.all(gone);
  }
}

const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0);

/*
 * Counts `file` with `workers` workers, the one way ('mapped') or the other ('read'). The clock
 * runs from when all are up until the last has counted; memory is measured after that, by all of
 * them while all still hold their bytes. Rejects when a worker fails or dies.
 */
async function countTogether({ way, file, size, workers, onProgress }) {
  const team = new Team(workers, onProgress);
  try {
    await team.step();
    const begin = performance.now();
    const counted = await team.step((index) => ({
      step: 'count',
      way,
      file,
      ...share(size, index, workers),
    }));
    const seconds = (performance.now() - begin) / 1000;
    const measured = await team.step(() => ({ step: 'measure' }));
    return {
      words: sum(counted, 'words'),
      lines: sum(counted, 'lines'),
      bytes: sum(counted, 'bytes'),
      seconds,
      memory: sum(measured, 'memory'),
      kind: measured[0].kind,
    };
  } finally {
    await team.dismiss();
  }
}

module.exports = { countTogether };
