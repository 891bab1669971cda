/*
 * The primary's side of the load client: starts it, stops it, and gets its figures.
 */
'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

class Load {
  #child = fork(path.join(__dirname, 'client.js'));
  #account;
  #seen = new Set();
  #isDismissed = false;

  /* Rejects when the client fails or ends too early. */
  failure;

  constructor() {
    let fail;
    this.failure = new Promise((_, reject) => (fail = reject));
    this.failure.catch(() => {}); /* it may be rejected while no code awaits it */
    this.#account = new Promise((resolve) => {
      this.#child.on('message', ({ seen, error, ...account }) => {
        if (seen !== undefined) this.#seen.add(seen);
        else if (error === undefined) resolve(account);
        else fail(new Error(`the load client: ${error}`));
      });
    });
    this.#child.on('error', fail);
    this.#child.on('exit', (code, signal) => {
      if (this.#isDismissed) return;
      const message = `the load client ended with ${signal ?? code}`;
      fail(Object.assign(new Error(message), { signal }));
    });
  }

  start(url, connections) {
    this.#child.send({ url, connections });
  }

  /* Whether the client has got an answer with this revision of the flags. */
  hasSeen(revision) {
    return this.#seen.has(revision);
  }

  /* The figures of the client. */
  stop() {
    this.#child.send({ stop: true });
    return this.#account;
  }

  async dismiss() {
    this.#isDismissed = true;
    if (!this.killNow()) return;
    await once(this.#child, 'exit');
  }

  /* Returns whether there was a process to kill. */
  killNow() {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return false;
    return this.#child.kill('SIGKILL');
  }
}

module.exports = { Load };
