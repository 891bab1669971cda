/*
 * The addon in many threads, concurrently and in turn, and many mappings in turn: nothing leaks.
 */
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const { Mmap, PROT_READ, PROT_WRITE } = require('..');
const { amount, grouped } = require('./support/amounts');
const { collect, holdings, mappingsOf } = require('./support/holdings');
const { ROOT, runFunction } = require('./support/child');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;
const FIXTURE = path.join(__dirname, 'fixtures', 'thread.js');
const WORKERS = amount(30, 1000); /* the last 70 % are measured */
const TERMINATED = amount(6, 20);
const MAPPINGS = amount(1000, 10000);

function start(workerData) {
  const worker = new Worker(FIXTURE, { workerData });
  const done = new Promise((resolve, reject) => {
    let message;
    worker.on('message', (value) => (message = value));
    worker.on('error', reject);
    worker.on('exit', (code) => resolve({ code, message }));
  });
  return { worker, done };
}

describe('the addon in worker_threads', function () {
  this.timeout(180000);
  const tmp = scratch();

  it('works in the main thread and eight others concurrently, on the same memory', async () => {
    const map = new Mmap(tmp(), 4096, RW);
    const threads = Array.from({ length: 8 }, () =>
      start({ file: map.file, task: 'add', times: 20000 }),
    );
    const results = await Promise.all(threads.map(({ done }) => done));
    for (const { code } of results) assert.equal(code, 0);
    const words = new Int32Array(map.buffer.buffer, map.buffer.byteOffset, 16);
    assert.equal(Atomics.load(words, 3), 160000);
    map.close();
  });

  it('has separate mappings: a close in one thread does not affect the others', async () => {
    const map = new Mmap(tmp(), 4096, RW);
    map.write('here');
    const { message } = await start({ file: map.file, task: 'close' }).done;
    assert.deepEqual(message, { length: 0, code: 'ERR_MMAPIPC_CLOSED' });
    assert.equal(map.readString(0, 4), 'here');
    map.close();
  });

  it('lets a thread end with open mappings, and be terminated during a copy', async () => {
    const file = tmp();
    new Mmap(file, 1 << 20, RW).close();
    const lines = mappingsOf(file).length;
    for (let i = 0; i < TERMINATED; i++) {
      assert.equal((await start({ file, task: 'leave' }).done).code, 0);
      const { worker, done } = start({ file, task: 'loop' });
      await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
      await done;
    }
    await collect(6);
    assert.equal(mappingsOf(file).length, lines);
  });

  linuxIt(
    'stays loaded after all threads that loaded it ended: its SIGBUS handler still works',
    () => {
      const body = (_, root, file) => {
        const code = `
        const { workerData } = require('node:worker_threads');
        const { Mmap } = require(workerData.root);
        const map = new Mmap({ file: workerData.file, size: 20000, readOnly: false });
        require('node:fs').truncateSync(workerData.file, 0);
        if (map.buffer[9000] !== 0) throw new Error('no zeros');
        try { map.read(); } catch (error) { if (!/TRUNCATED/.test(error.code)) throw error; }`;
        const { Worker: Thread } = require('node:worker_threads');
        const once = require('node:events').once;
        (async () => {
          for (let i = 0; i < 5; i++) {
            const thread = new Thread(code, { eval: true, workerData: { root, file } });
            thread.on('error', (error) => console.log(error));
            await once(thread, 'exit');
          }
          console.log('five');
          process.kill(process.pid, 'SIGBUS');
          setTimeout(() => console.log('alive'), 2000);
        })();
      };
      const { stdout, signal } = runFunction(body, [ROOT, tmp()], { load: false });
      assert.deepEqual([stdout, signal], ['five\n', 'SIGBUS']);
    },
  );

  it(`leaks no descriptor, mapping or memory in ${grouped(WORKERS)} workers in turn`, async () => {
    const file = tmp();
    new Mmap(file, 4096, RW).close();
    const round = async (n) => {
      for (let i = 0; i < n; i += 2) {
        const batch = [1, 2].map(() => start({ file, task: 'leave' }).done);
        for (const { code } of await Promise.all(batch)) assert.equal(code, 0);
      }
      await collect(4);
      return { ...holdings(), rss: process.memoryUsage.rss() };
    };
    await round(WORKERS * 0.1);
    const first = await round(WORKERS * 0.2);
    const last = await round(WORKERS * 0.7);
    assert.deepEqual(mappingsOf(file).length, 0);
    assert.ok(last.fds <= first.fds + 2, `${first.fds} -> ${last.fds} descriptors`);
    assert.ok(last.maps <= first.maps + 140, `${first.maps} -> ${last.maps} mappings`);
    const growth = (last.rss - first.rss) / 1e6;
    assert.ok(growth < 60, `${growth.toFixed(1)} MB more`);
  });
});

describe(`${grouped(MAPPINGS)} mappings in turn`, function () {
  this.timeout(120000);
  const tmp = scratch();

  it('leak no descriptor, mapping or memory, after any use', () => {
    const file = tmp();
    fs.writeFileSync(file, Buffer.alloc(20000, 'x'));
    const fixture = path.join(__dirname, 'fixtures', 'many-mappings.js');
    const args = ['--expose-gc', fixture, file, String(MAPPINGS)];
    const stdout = execFileSync(process.execPath, args);
    const { first, last, left } = JSON.parse(stdout);
    assert.deepEqual(left, []);
    assert.equal(last.fds, first.fds);
    /* The quarantine's 128 ranges are adjacent, as one line, or separate. */
    assert.ok(last.maps <= first.maps + 140, `${first.maps} -> ${last.maps} mappings`);
    const growth = (last.rss - first.rss) / 1e6;
    assert.ok(growth < 10, `${growth.toFixed(1)} MB more`);
  });
});
