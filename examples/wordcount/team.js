/*
 * The primary's side: forks the workers, leads them through the steps together, and ends the job with an
 * error, instead of an endless wait, if a worker dies.
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
    this.#failure.catch(
      () => {},
    ); /* it may be rejected while no code awaits it; the next step awaits it */
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

  /* Resolves with the answers of all workers to the messages that `task` returns for them, if any. */
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
 * Counts `file` with `workers` workers, in one way ('mapped') or the other ('read'). The time runs from
 * the moment when all workers are up until the last one has counted. Then all workers measure their memory,
 * while all still hold their bytes. Rejects if a worker fails or dies.
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
