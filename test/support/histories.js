/*
 * Records histories of one SharedMap in processes and threads, of which some are stopped, killed and
 * terminated in the middle of calls, and checks them (linear.js).
 */
'use strict';

const path = require('node:path');

const { Mmap, SharedMap } = require('../..');
const { randomOf } = require('../fixtures/map-history');
const { check, minimal, show } = require('./linear');
const { HISTORIES, Log, sizeOf } = require('./map-log');
const { sleep } = require('./peer');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'map-history.js');
const CAPACITY = 16 * 2 ** 20;
const KINDS = ['process', 'process', 'process', 'process', 'thread', 'thread'];
const THREAD = KINDS.indexOf('thread');
const STOPS = 4; /* until one is within a call */
const STOPS_TO_KILL = 100;
const TURNS = 5; /* of the first ones, which are surely before the end of the batch */

const own = new Int32Array(new SharedArrayBuffer(4));
const pause = (ms) => Atomics.wait(own, 0, 0, ms);

const takeThere = (self, file, options) => self.require(file).take(options);

/* 4 processes and 2 threads. `start`: of peers(). */
class Party {
  #start;
  #peers = [];
  #ended = new WeakSet(); /* the peers that were ended here; the end of another one is a failure */
  #log;
  #mapping;
  #counts = {
    histories: 0,
    operations: 0,
    overlapping: 0,
    pending: 0,
    stops: 0,
    kills: 0,
    terminations: 0,
  };
  #violations = [];

  constructor(start) {
    this.#start = start;
    this.#mapping = new Mmap({ size: sizeOf(KINDS.length) });
    this.#log = new Log(this.#mapping, KINDS.length);
  }

  /* Numbers. `overlapping`: operations of a key beside another one of it; `pending`: without a response. */
  get counts() {
    return this.#counts;
  }

  /* The histories that are wrong, for people. */
  get violations() {
    return this.#violations;
  }

  close() {
    this.#mapping.close();
  }

  /* Starts those that are missing. */
  async #complete() {
    for (const [slot, kind] of KINDS.entries()) {
      if (this.#peers[slot] !== undefined) continue;
      const peer = await this.#start[kind]();
      peer.pid = await peer.run(() => process.pid);
      this.#peers[slot] = peer;
    }
  }

  /* One batch. `kills` and `terminates`: whether a process is killed and a thread terminated in it. */
  async play({ seed, cache, kills = false, terminates = false, fault }) {
    await this.#complete();
    const random = randomOf(seed);
    this.#log.clear();
    /* With few buckets, the keys of several histories share one. */
    const map = new SharedMap(CAPACITY, { maxEntries: random(2) === 0 ? 16 : 1024 });
    const given = {
      handle: map.handle,
      logHandle: this.#mapping.handle,
      slots: KINDS.length,
      histories: HISTORIES,
      ...{ seed, cache, fault },
    };
    let running = this.#peers.length;
    const failures = [];
    const runs = this.#peers.map((peer, slot) =>
      peer
        .run(takeThere, FIXTURE, { ...given, slot })
        .catch((error) => {
          if (!this.#ended.has(peer)) failures.push(error);
          this.#gone(slot);
        })
        .finally(() => running--),
    );
    await this.#disturb({ random, kills, terminates }, () => running === 0);
    await Promise.all(runs);
    map.close();
    if (failures.length > 0) throw failures[0];
    this.#judge(seed);
  }

  async #disturb({ random, kills, terminates }, isOver) {
    const killsAt = kills ? random(TURNS) : -1;
    const terminatesAt = terminates ? random(TURNS) : -1;
    for (let turn = 0; !isOver(); turn++) {
      if (turn === killsAt) await this.#kill(random(THREAD));
      if (turn === terminatesAt) await this.#terminate(THREAD + random(2));
      this.#stop(random(THREAD));
      await sleep(1 + random(3));
    }
  }

  /* Stops the process, if it can within a call: so often it is let go on until a stop hits one. */
  #stopInCall(slot, tries) {
    const { pid } = this.#peers[slot];
    for (let i = 0; i < tries; i++) {
      if (i > 0) {
        process.kill(pid, 'SIGCONT');
        pause(0.1);
      }
      process.kill(pid, 'SIGSTOP');
      pause(0.3);
      this.#counts.stops++;
      if (this.#log.isInCall(slot)) break;
    }
  }

  #lives(slot) {
    const peer = this.#peers[slot];
    return peer !== undefined && !peer.isEnding;
  }

  /* Stops it while the others go on. */
  #stop(slot) {
    if (!this.#lives(slot)) return;
    this.#stopInCall(slot, STOPS);
    pause(0.7);
    process.kill(this.#peers[slot].pid, 'SIGCONT');
  }

  async #kill(slot) {
    if (!this.#lives(slot)) return;
    this.#stopInCall(slot, STOPS_TO_KILL);
    const peer = this.#peers[slot];
    this.#ended.add(peer);
    await peer.end('SIGKILL');
    this.#gone(slot);
    this.#counts.kills++;
  }

  async #terminate(slot) {
    if (!this.#lives(slot)) return;
    const peer = this.#peers[slot];
    for (let i = 0; i < 10000 && !this.#log.isInCall(slot); i++);
    this.#ended.add(peer);
    await peer.end();
    this.#gone(slot);
    this.#counts.terminations++;
  }

  #gone(slot) {
    this.#log.gone(slot);
    this.#peers[slot] = undefined;
  }

  #judge(seed) {
    for (let history = 0; history < HISTORIES; history++) {
      const all = this.#log.history(history);
      for (const [key, ops] of byKey(all)) {
        this.#counts.overlapping += ops.filter((op) =>
          ops.some((other) => overlap(op, other)),
        ).length;
        const found = check(ops);
        if (found === undefined) continue;
        const { stuck } = found;
        this.#violations.push(
          `seed ${seed}, history ${history}, key ${key}: no order explains ${stuck.kind}() = ` +
            `${stuck.result} of participant ${stuck.who}\n${show(minimal(ops))}`,
        );
      }
      this.#counts.histories++;
      this.#counts.operations += all.length;
      this.#counts.pending += all.filter((op) => op.responded === Infinity).length;
    }
  }
}

const overlap = (one, other) =>
  one !== other && one.invoked <= other.responded && other.invoked <= one.responded;

function byKey(ops) {
  const found = new Map();
  for (const op of ops) found.set(op.key, [...(found.get(op.key) ?? []), op]);
  return found;
}

module.exports = { HISTORIES, Party };
