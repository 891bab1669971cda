/*
 * Other processes and threads that run functions of a test on a mapping or a Share.
 */
'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'lock-peer.js');

class Peer {
  #send;
  #end;
  #calls = new Map(); /* id -> { resolve, reject } */
  #notes = [];
  #noted = null;
  #next = 0;

  constructor(source, send, end) {
    this.source = source;
    this.#end = end;
    this.#send = send;
    source.on('message', (message) => this.#onMessage(message));
    this.ended = new Promise((resolve) => {
      source.once('exit', (code, signal) => {
        this.isEnding = true;
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

  /* Opens it in the peer, as self.map (support/open.js). */
  async open(options) {
    await this.run((self, given) => void (self.map = self.open(given)), options);
    return this;
  }

  /* Calls on self.map; unlock() after some ms. */
  lock(options) {
    return this.run((self, given) => void self.map.lock(given), options);
  }
  lockAsync() {
    return this.run(async (self) => void (self.guard = await self.map.lockAsync()));
  }
  unlock(after = 0) {
    return this.run(async (self, ms) => {
      if (ms > 0) await self.sleep(ms);
      self.map.unlock();
    }, after);
  }
  isFree(options) {
    return this.run((self, given) => {
      const guard = self.map.tryLock(given);
      guard?.release();
      return guard !== null;
    }, options);
  }

  /* Ends it, and waits for its end. */
  async end(signal) {
    this.isEnding = true;
    this.#end(signal);
    return this.ended;
  }

  /* Whether it can be used by another test: it has forgotten what it opened. */
  async reset() {
    if (this.isEnding || this.#calls.size > 0) return false;
    const stopped = sleep(2000, false, { ref: false });
    const done = await Promise.race([this.run((self) => self.reset()), stopped]).catch(() => false);
    this.#notes = [];
    return done && !this.isEnding;
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
 * Call it inside a describe(). Gives { process, thread }; each is called with options and resolves with
 * a Peer that has opened these. All
 * peers are ended after each test; with `reuse`, living idle peers serve the next calls too.
 */
function peers({ reuse = false } = {}) {
  const started = [];
  const idle = { process: [], thread: [] };
  const start = async (kind, options) => {
    const peer = idle[kind].pop() ?? (kind === 'process' ? startProcess() : startThread());
    started.push([kind, peer]);
    return options === undefined ? peer : peer.open(options);
  };
  afterEach(async () => {
    const finish = async ([kind, peer]) => {
      if (reuse && (await peer.reset())) idle[kind].push(peer);
      else await peer.end();
    };
    await Promise.all(started.splice(0).map(finish));
  });
  after(() => Promise.all(Object.values(idle).flatMap((all) => all.map((peer) => peer.end()))));
  return {
    process: (options) => start('process', options),
    thread: (options) => start('thread', options),
  };
}

module.exports = { peers, sleep };
