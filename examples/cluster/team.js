/*
 * The primary's side of the workers: forks them, kills one on request, and ends the run with an error if
 * a worker dies otherwise.
 */
'use strict';

const cluster = require('node:cluster');
const { once } = require('node:events');
const path = require('node:path');

class Team {
  port; /* on which they listen */

  /* Rejects when a worker dies that should live. */
  failure;

  #fail;
  #members = []; /* { row, pid, worker, isAlive } in the order of their start */
  #isDismissed = false;

  constructor() {
    this.failure = new Promise((_, reject) => (this.#fail = reject));
    this.failure.catch(() => {}); /* it may be rejected while no code awaits it */
    cluster.setupPrimary({ exec: path.join(__dirname, 'worker.js'), args: [] });
  }

  get living() {
    return this.#members.filter(({ isAlive }) => isAlive);
  }

  /* Resolves when the new worker listens. */
  async hire() {
    const row = this.#members.length;
    const worker = cluster.fork({ CLUSTER_ROW: row });
    const member = { row, pid: worker.process.pid, worker, isAlive: true };
    this.#members.push(member);
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', (code, signal) => {
      if (!member.isAlive || this.#isDismissed) return;
      const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`;
      const message = `worker ${member.pid} ${how} before its work was done`;
      this.#fail(Object.assign(new Error(message), { signal }));
    });
    const [{ port }] = await once(worker, 'listening');
    this.port = port;
    return member;
  }

  /* Resolves when it is dead. */
  async kill(member) {
    member.isAlive = false;
    const gone = once(member.worker, 'exit');
    member.worker.process.kill('SIGKILL');
    await gone;
  }

  async dismiss() {
    this.#isDismissed = true;
    const left = this.#members.filter(({ worker }) => !worker.isDead());
    const gone = left.map(({ worker }) => once(worker, 'exit'));
    this.killNow();
    await Promise.all(gone);
  }

  killNow() {
    for (const { worker } of this.#members) {
      if (!worker.isDead()) worker.process.kill('SIGKILL');
    }
  }
}

module.exports = { Team };
