/*
 * Long trials of a Share among processes: shorter in `npm test`, longer in `npm run test:slow`.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { Mmap, Share } = require('../..');
const tasks = require('../fixtures/share-tasks');
const { sleep } = require('./peer');

const TASKS = path.join(__dirname, '..', 'fixtures', 'share-tasks.js');
const { ACKNOWLEDGED, COUNTED, INTENT, READY, SLOT, slotOf } = tasks;
const CODECS = ['auto', 'v8', 'json', 'own', 'checked'];

/* Run in a peer. */
const writeThere = (self, file, ...args) => self.require(file).write(...args);
const readThere = (self, file, ...args) => self.require(file).read(...args);

/* 2 writers and 4 readers, processes and threads, for `ms`: no torn value, no older version. */
async function tornReads(start, ms) {
  const all = CODECS.map((name) => [name, new Share(2.5e6, tasks.optionsOf(name))]);
  const handles = Object.fromEntries(all.map(([name, { handle }]) => [name, handle]));
  const kinds = ['process', 'thread', 'process', 'process', 'thread', 'thread'];
  const party = await Promise.all(kinds.map((kind) => start[kind]()));
  const [one, two, reader, closed, thread, closedThread] = party;
  const writes = [one, two].map((peer, i) => peer.run(writeThere, TASKS, handles, i + 1, ms));
  const reads = [
    reader.run(readThere, TASKS, handles, ms, { alone: true }),
    closed.run(readThere, TASKS, handles, ms, { readOnly: true, alone: true }),
    thread.run(readThere, TASKS, handles, ms),
    closedThread.run(readThere, TASKS, handles, ms, { readOnly: true }),
  ];
  const counts = await Promise.all(writes);
  const results = await Promise.all(reads);
  for (const [, share] of all) share.close();
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const slowest = Math.max(...results.slice(0, 2).map(({ slowestCpu }) => slowestCpu));
  console.log(
    `      ${sum(counts)} sets, ${sum(results.map((one_) => one_.reads))} gets, 0 torn; the slowest ` +
      `took ${slowest.toFixed(1)} ms of CPU; p99 of those read-only: ` +
      `${[1, 3].map((i) => results[i].p99.toFixed(2)).join(' and ')} ms`,
  );
  assert.ok(sum(counts) > 0 && results.every(({ reads: n }) => n > 0));
}

/* Two lanes of writers that are killed at random moments, `kills` in total. */
async function kills(number) {
  const counter = new Share(100);
  const log = new Mmap({ size: 2 * SLOT });
  let left = number;
  const lane = async (slot) => {
    const share = new Share(100000);
    const words = slotOf(log, slot);
    let done = 0;
    for (; left > 0; done++) {
      left--;
      Atomics.store(words, READY, 0);
      const line = { lane: share.handle, counter: counter.handle, log: log.handle, slot };
      const child = spawn(process.execPath, [TASKS, JSON.stringify(line)], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const ended = once(child, 'exit');
      while (Atomics.load(words, READY) === 0 && child.exitCode === null) await sleep(2);
      await sleep(Math.random() * 8);
      child.kill('SIGKILL');
      assert.deepEqual(await ended, [null, 'SIGKILL']);
      check(share, words);
    }
    share.close();
    return done;
  };
  const check = (share, words) => {
    const [intended, acknowledged] = [words[INTENT], words[ACKNOWLEDGED]];
    const found = tasks.judge(share.get());
    const isRight = found.n === acknowledged || found.n === intended;
    assert.ok(isRight, `${found.n} is there, ${acknowledged} was set and ${intended} begun`);
    assert.ok(share.version > 0);
    counter.update((old) => old ?? 0); // does not hang
    share.compareAndSet(share.version, share.get());
  };
  const done = await Promise.all([0, 1].map(lane));
  const counted = slotOf(log, 0)[COUNTED] + slotOf(log, 1)[COUNTED];
  const there = counter.get();
  const lost = Math.max(0, counted - there);
  console.log(`      ${done[0] + done[1]} killed; ${counted} counts acknowledged, ${lost} lost`);
  assert.ok(there >= counted, `${there} of ${counted}`);
  assert.ok(there <= counted + number + 1, `${there} for ${counted}`);
  counter.close();
  log.close();
}

module.exports = { TASKS, kills, tornReads };
