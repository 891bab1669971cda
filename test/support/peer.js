/*
 * Other processes and threads that run functions of a test on a mapping.
 */
'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'lock-peer.js');

class Peer {
  #send;
  #calls = new Map(); /* id -> { resolve, reject } */
  #notes = [];
  #noted = null;
  #next = 0;

  constructor(source, send, end) {
    this.source = source;
    this.end = end;
    this.#send = send;
    source.on('message', (message) => this.#onMessage(message));
    this.ended = new Promise((resolve) => {
      source.once('exit', (code, signal) => {
        for (const { reject } of this.#calls.values()) reject(new Error('the peer has ended'));
        this.#calls.clear();
        resolve({ code, signal });
      });
    });
  }

  /* Runs fn(self, ...args) in the peer and resolves with its result, or rejects with an Error of the
   * same name, code and message. `self` has all of mmapipc, the result of open(), require, sleep(ms)
   * and note(value). */
  run(fn, ...args) {
    const id = this.#next++;
    const result = new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    result.catch(() => {}); /* a test may end a peer during a call */
    this.#send({ id, code: `${fn}`, args });
    return result;
  }

  /* Maps the file in the peer, as self.map. */
  async open(options) {
    await this.run((self, given) => void (self.map = new self.Mmap(given)), options);
    return this;
  }

  /* The next value given to self.note(). */
  note() {
    if (this.#notes.length) return Promise.resolve(this.#notes.shift());
    return new Promise((resolve) => (this.#noted = resolve));
  }

  #onMessage({ id, result, error, note }) {
    if (id === undefined) {
      if (this.#noted === null) this.#notes.push(note);
      else this.#noted(note);
      this.#noted = null;
      return;
    }
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call.reject(Object.assign(new Error(error.message), error));
    else call.resolve(result);
  }
}

function startProcess() {
  const child = fork(FIXTURE, { serialization: 'advanced', stdio: ['ignore', 1, 2, 'ipc'] });
  const send = (message) => child.connected && child.send(message, () => {});
  return new Peer(child, send, (signal = 'SIGKILL') => child.kill(signal));
}

function startThread() {
  const worker = new Worker(FIXTURE);
  worker.on('error', () => {});
  return new Peer(
    worker,
    (message) => worker.postMessage(message),
    () => worker.terminate(),
  );
}

/*
 * Call it inside a describe(). Gives { process, thread }; each is called with options and resolves
 * with a Peer that has mapped these. All peers are ended after each test.
 */
function peers() {
  const started = [];
  const start = async (how, options) => {
    const peer = how();
    started.push(peer);
    return options === undefined ? peer : peer.open(options);
  };
  afterEach(async () => {
    for (const peer of started) peer.end();
    await Promise.all(started.splice(0).map(({ ended }) => ended));
  });
  return {
    process: (options) => start(startProcess, options),
    thread: (options) => start(startThread, options),
  };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { peers, sleep };
