/*
 * A held lock is never lost by garbage collection. A leader locks once and does not look at the object
 * again: within milliseconds the object was collected, its lock released, and there were two leaders.
 */
'use strict';

const assert = require('node:assert/strict');

const { ROOT, runFunction } = require('./support/child');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');

/* Runs hold() in a process of its own and collects; then what a second object finds, and the
 * warnings. `options`: of both objects, `{ size }` being an anonymous region. */
async function forget({ Mmap, Share }, options, how, root) {
  const { Worker } = require('node:worker_threads');
  const warnings = [];
  process.on('warning', ({ code, message }) => warnings.push([code, message]));
  const { file, size } = options;
  const other = file === undefined ? new Share(size) : new Mmap(options);
  const where = file === undefined ? { handle: other.handle } : options;
  const make = () => (file === undefined ? Share.open(where) : new Mmap(where));
  const WAYS = {
    lock: () => void make().lock(),
    tryLock: () => void make().tryLock(),
    async: () => void make().lockAsync(),
    withLockAsync: () => void make().withLockAsync(() => new Promise(() => {})),
    released: () => make().lock().release(),
    /* Its thread ends. */
    worker: () => {
      const script = `const { parentPort, workerData } = require('node:worker_threads');
        process.on('warning', ({ code, message }) => parentPort.postMessage([code, message]));
        const { Share } = require(workerData.root);
        (() => void Share.attach(workerData.handle).lock())();
        let rounds = 0;
        (function round() { gc(); if (++rounds < 8) setImmediate(round); })();`;
      const worker = new Worker(script, { eval: true, workerData: { ...where, root } });
      worker.on('message', (warning) => warnings.push(warning));
      return new Promise((resolve) => worker.on('exit', resolve));
    },
  };
  await WAYS[how]();
  for (let i = 0; i < 8; i++) {
    global.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  let found;
  try {
    const guard = other.lock({ timeout: 20 });
    found = guard.recovered ? 'recovered' : 'free';
    guard.release();
  } catch (error) {
    found = error.code;
  }
  console.log(JSON.stringify({ found, warnings }));
  process.exit();
}

function run(options, how) {
  const { stdout, stderr } = runFunction(forget, [options, how, ROOT], {
    nodeArgs: ['--expose-gc'],
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

const HELD = ['ERR_MMAPIPC_TIMEOUT', 'ERR_MMAPIPC_DEADLOCK'];

describe('a lock whose object was collected', function () {
  this.timeout(60000);
  const tmp = scratch();
  const places = { 'a file': () => ({ file: tmp(), size: 8, readOnly: false }) };
  if (isLinux) places['a region'] = () => ({ size: 64 });

  for (const [place, options] of Object.entries(places)) {
    for (const how of ['lock', 'tryLock', 'async', 'withLockAsync']) {
      it(`of ${place} is still held after ${how}, and one warning tells of it`, () => {
        const { found, warnings } = run(options(), how);
        assert.ok(HELD.includes(found), found);
        assert.equal(warnings.length, 1);
        assert.equal(warnings[0][0], 'MMAPIPC_LOCK_COLLECTED');
        assert.match(warnings[0][1], /^(Share|Mmap) .*was garbage-collected while it held/);
      });
    }

    it(`of ${place} is free when it was released before, without a warning`, () => {
      assert.deepEqual(run(options(), 'released'), { found: 'free', warnings: [] });
    });
  }

  if (!isLinux) return;

  it('of a region is recovered when the thread has ended', () => {
    const { found, warnings } = run({ size: 64 }, 'worker');
    assert.equal(found, 'recovered');
    assert.equal(warnings.length, 1);
  });
});
