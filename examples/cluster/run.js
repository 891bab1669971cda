/*
 * One run, from the primary's side: the workers, the load, the events under load, and the figures after
 * the last request.
 */
'use strict';

const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');

const { killInside } = require('./drill');
const { LIMIT } = require('./limiter');
const { Load } = require('./load');
const { makeState, sharedFigures } = require('./state');
const { Team } = require('./team');
const { until } = require('./until');

const CONNECTIONS = 8; /* for each worker */
const TRIES = 50; /* requests for each worker until all have answered; the cluster serves them in turn */

class Run {
  #workers;
  #seconds;
  #state;
  #team = new Team();
  #load = new Load();
  #begin;
  #doing = 'starting';

  constructor({ workers, seconds }) {
    this.#workers = workers;
    this.#seconds = seconds;
    this.#state = makeState(workers + 1);
  }

  /* Resolves with the figures for judge.js. */
  play() {
    return Promise.race([this.#play(), this.#team.failure, this.#load.failure]);
  }

  async #play() {
    await Promise.all(Array.from({ length: this.#workers }, () => this.#team.hire()));
    const url = `http://127.0.0.1:${this.#team.port}`;
    this.#begin = performance.now();
    this.#load.start(url, CONNECTIONS * this.#workers);

    await until('the first answer', () => this.#load.hasSeen(1));
    await this.#at(0.25, 'serving');
    await this.#change('dark');
    await this.#at(0.5, 'serving');
    this.#doing = 'killing a worker';
    const drill = await killInside(this.#team, this.#state);
    await this.#at(0.75, 'serving');
    await this.#change('light');
    await this.#at(1, 'serving');
    this.#doing = 'adding up';
    const client = await this.#load.stop();
    return this.#figures(client, drill);
  }

  /* Waits until this part of the time has passed. */
  async #at(part, doing) {
    this.#doing = doing;
    await sleep(Math.max(0, this.#begin + part * this.#seconds * 1000 - performance.now()));
  }

  /* Resolves when all workers have served requests with the new flags, and the client has seen it. */
  async #change(theme) {
    this.#doing = 'changing the flags';
    const { revision } = this.#state.flags.update((old) => ({ revision: old.revision + 1, theme }));
    const isServed = ({ row }) => this.#state.tally.get(row, 'revision') === revision;
    await until(`flags ${revision} in all workers`, () => this.#team.living.every(isServed));
    await until(`an answer by flags ${revision}`, () => this.#load.hasSeen(revision));
  }

  async #figures(client, drill) {
    const { tally } = this.#state;
    /*
     * The last requests of the client may still be on their way. A worker that has answered this process
     * knows all earlier connections; once they are closed, no request can follow.
     */
    await this.#askAll();
    const isQuiet = ({ row }) => tally.get(row, 'connections') === 0;
    await until('the end of all connections', () => this.#team.living.every(isQuiet));
    const stats = await this.#askAll();
    return {
      client,
      drill,
      stats,
      shared: sharedFigures(this.#state),
      limit: LIMIT,
      living: this.#team.living.map(({ row, pid }) => ({ row, pid })),
      rows: Array.from({ length: tally.rows }, (_, row) => tally.row(row)),
    };
  }

  /* [row, figures] of each worker. */
  async #askAll() {
    const answers = new Map();
    const isMissing = ({ row }) => !answers.has(row);
    for (let i = 0; this.#team.living.some(isMissing); i++) {
      if (i === TRIES * this.#workers) throw new Error('a worker does not answer /stats');
      const { row, figures } = await ask(this.#team.port);
      answers.set(row, figures);
    }
    return [...answers];
  }

  /* { doing, seconds, requests, workers, theme } at this moment; fewer before the load begins. */
  get progress() {
    return {
      doing: this.#doing,
      seconds: this.#begin === undefined ? 0 : (performance.now() - this.#begin) / 1000,
      requests: this.#state.stats.get('requests'),
      workers: this.#team.living.length,
      theme: this.#state.flags.peek().theme,
    };
  }

  /* Resolves when all children have ended. */
  async end() {
    await Promise.all([this.#team.dismiss(), this.#load.dismiss()]);
  }

  /* Ends the children without waiting for them. */
  killNow() {
    this.#team.killNow();
    this.#load.killNow();
  }
}

/* The figures of the worker whose turn it is, over a new connection. */
function ask(port) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/stats', agent: false };
    http
      .get(options, async (response) => {
        try {
          const text = (await response.toArray()).join('');
          resolve({ row: Number(response.headers['x-worker']), figures: JSON.parse(text) });
        } catch (error) {
          reject(error);
        }
      })
      .on('error', reject);
  });
}

module.exports = { Run };
