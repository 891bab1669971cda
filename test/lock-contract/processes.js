/*
 * Part of the contract: a lock whose holder, or a process or thread that waits for it, comes to its
 * end (the kernel releases that of a file, undetected; else the next guard reports the death), and that
 * processes and threads at work at once lose nothing.
 */
'use strict';

const assert = require('node:assert/strict');

const { amount, grouped } = require('../support/amounts');
const { ROOT, runFunction } = require('../support/child');
const { WORDS, runLockers } = require('../support/lockers');
const { sleep } = require('../support/peer');
const { DEADLOCK, SOON, TIMEOUT } = require('./subjects');

const OPEN = require.resolve('../support/open');

/* Runs body(open, where) in a process of its own; { status, stdout, stderr }. */
const runThere = (body, where, nodeArgs = []) =>
  runFunction(
    `(_, there, where) => (${body})(require(there).open, where, ${JSON.stringify(ROOT)})`,
    [OPEN, where],
    { nodeArgs },
  );

const EACH = amount(2500, 20000);
const JOBS = [
  ['4 processes, 100 withLockAsync() each, all at once', Array(4).fill(['async', 100]), 400],
  [`4 processes, ${grouped(EACH)} withLock() each`, Array(4).fill(['sync', EACH]), 4 * EACH],
  ['3 processes of 3 threads, by both', Array(3).fill(['threads', 500]), 3 * 3 * 500],
];

/* How a thread may end. */
const ENDS = [(thread) => thread.end(), (thread) => thread.run(() => process.exit(0))];

/* Holds the lock by objects that are collected, in a process of its own: { way: [what another object
 * then finds, the warnings] }. */
async function forget(open, where, root) {
  const { Worker } = require('node:worker_threads');
  let warnings;
  process.on('warning', ({ code, message }) => warnings.push([code, message]));
  const script = `const { parentPort, workerData } = require('node:worker_threads');
    process.on('warning', ({ code, message }) => parentPort.postMessage([code, message]));
    const { open } = require(workerData.root + '/test/support/open');
    (() => void open(workerData.where).lock())();
    let rounds = 0;
    (function round() { gc(); if (++rounds < 8) setImmediate(round); })();`;
  const ways = {
    released: (make) => make().lock().release(),
    lock: (make) => void make().lock(),
    tryLock: (make) => void make().tryLock(),
    lockAsync: (make) => void make().lockAsync(),
    withLockAsync: (make) => void make().withLockAsync(() => new Promise(() => {})),
    thread: (_, workerData) => {
      const worker = new Worker(script, { eval: true, workerData });
      worker.on('message', (warning) => warnings.push(warning));
      return new Promise((resolve) => worker.on('exit', resolve));
    },
  };
  const result = {};
  for (const [name, hold] of Object.entries(ways)) {
    warnings = [];
    const options = where.file ? { ...where, file: where.file + name } : where;
    const other = open(options);
    const again = where.file ? options : { of: where.of, handle: other.handle };
    await hold(() => open(again), { root, where: again });
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
    result[name] = [found, warnings];
  }
  console.log(JSON.stringify(result));
  process.exit();
}

module.exports = ({ subject, create, same, peerOf, held, assertFreed }) => {
  const recovers = subject.recovers === true;

  describe('whose holder dies', () => {
    it('is acquired by lock(), tryLock() or lockAsync(), whose guard alone reports the death', async () => {
      for (const next of ['lock', 'tryLock', 'lockAsync']) {
        const { object, peer } = await held();
        await peer.end();
        assert.equal(object.locked, false);
        const guard = await object[next]();
        assert.deepEqual([guard.recovered, guard.recovered], [recovers, recovers]);
        guard.release();
        for (const again of ['lock', 'tryLock', 'lockAsync']) {
          const later = await same(object)[again]();
          assert.equal(later.recovered, false);
          later.release();
        }
      }
    });

    for (const signal of recovers ? ['SIGKILL', 'SIGTERM', 'SIGHUP'] : ['SIGKILL']) {
      it(`by ${signal} is acquired by all that wait, and one guard reports the death`, async () => {
        const object = create();
        const holder = await peerOf(object);
        await holder[signal === 'SIGTERM' ? 'lockAsync' : 'lock']();
        const waiters = [await peerOf(object), await peerOf(object, 'thread')];
        const reported = waiters.map((waiter, i) =>
          waiter.run(
            async (self, timeout, isSync) => {
              const guard = await self.map[isSync ? 'lock' : 'lockAsync']({ timeout });
              guard.release();
              return guard.recovered;
            },
            SOON,
            i === 0,
          ),
        );
        const mine = [object, object, same(object), same(object)].map((each) =>
          each.withLockAsync(({ recovered }) => sleep(1, recovered), { timeout: SOON }),
        );
        await sleep(100);
        assert.equal(object.tryLock(), null);
        holder.end(signal);
        const all = await Promise.all([...reported, ...mine]);
        assert.deepEqual(all.sort(), [false, false, false, false, false, recovers]);
        assertFreed(object, false);
      });
    }

    const bodies = {
      'process.exit()': [3, (open, where) => open(where).withLock(() => process.exit(3))],
      'process.exit() under an async guard': [
        4,
        (open, where) => open(where).withLockAsync(() => process.exit(4)),
      ],
      'an uncaught exception': [
        1,
        (open, where) => {
          (globalThis.kept = open(where)).lock();
          throw new Error('on purpose');
        },
      ],
      'an unhandled rejection': [
        1,
        async (open, where) => {
          globalThis.guard = await open(where).lockAsync();
          throw new Error('on purpose');
        },
      ],
      'its natural end': [0, (open, where) => void (globalThis.kept = open(where)).lock()],
    };
    for (const [how, [status, body]] of Object.entries(bodies)) {
      it(`by ${how} is free afterwards`, () => {
        const object = create();
        const done = runThere(body, subject.where(object));
        assert.equal(done.status, status, done.stderr);
        assertFreed(object);
      });
    }

    it('is free though a child of the holder lives on', async () => {
      const { object, peer } = await held();
      const pid = await peer.run((self, where) => {
        self.other = self.open(where);
        const code = 'setTimeout(() => {}, 30000)';
        const options = { detached: true, stdio: 'inherit' };
        const { spawn } = self.require('node:child_process');
        const child = spawn(process.execPath, ['-e', code], options);
        child.unref();
        return child.pid;
      }, subject.where(object));
      try {
        await peer.end();
        process.kill(pid, 0);
        assertFreed(object);
      } finally {
        process.kill(pid, 'SIGKILL');
      }
    });
  });

  describe('in a worker_thread', () => {
    it('is free when the thread that holds it is terminated, or calls process.exit()', async () => {
      const object = create();
      for (const call of ['lock', 'lockAsync']) {
        for (const end of ENDS) {
          const thread = await peerOf(object, 'thread');
          await thread[call]();
          assert.equal(object.tryLock(), null);
          end(thread);
          await thread.ended;
          assertFreed(object);
        }
      }
    });

    it('terminated, or ended, while it waits, blocked or by promise, leaves nothing', async () => {
      const { object, peer } = await held();
      const ranges = subject.isFile ? [{ shared: true }, { offset: 1, length: 5 }] : [];
      for (const options of [{}, ...ranges]) {
        for (const [call, end] of [['lock', ENDS[0]], ...ENDS.map((one) => ['lockAsync', one])]) {
          const thread = await peerOf(object, 'thread');
          const waits = (self, how, given) => {
            self.note('waits');
            self.map[how]({ ...given, timeout: Infinity });
          };
          thread.run(waits, call, options);
          await thread.note();
          await sleep(20);
          end(thread);
          await thread.ended;
        }
      }
      await peer.unlock();
      assertFreed(object, false);
    });

    it('blocked in lock() does not hold up process.exit() of the main thread', () => {
      const object = create();
      object.lock();
      const body = (open, where, root) => {
        const { Worker } = require('node:worker_threads');
        const code = `
          const { parentPort, workerData } = require('node:worker_threads');
          const object = require(workerData.root + '/test/support/open').open(workerData.where);
          parentPort.postMessage('blocks');
          object.lock({ timeout: Infinity });`;
        open(where)
          .lockAsync()
          .catch(() => {});
        const worker = new Worker(code, { eval: true, workerData: { root, where } });
        worker.once('message', () => setTimeout(() => process.exit(7), 50));
      };
      const { status, stderr } = runThere(body, subject.where(object));
      assert.equal(status, 7, stderr);
      object.unlock();
      assertFreed(object, false);
    });
  });

  describe('and a process that waits for it', () => {
    it('killed, it leaves nothing, and the lock goes on to others', async () => {
      const object = create();
      object.lock();
      const waiters = [await peerOf(object), await peerOf(object)];
      for (const [i, peer] of waiters.entries()) {
        peer.run((self, isSync) => {
          self.note('waits');
          return isSync ? self.map.lock({ timeout: 60000 }) : self.map.lockAsync();
        }, i === 0);
        await peer.note();
      }
      await sleep(50);
      const ended = waiters.map((peer) => peer.end());
      object.unlock();
      await Promise.all(ended);
      assertFreed(object, false);
    });

    it('ends only when its lockAsync() is settled', async () => {
      const { object, peer } = await held();
      const child = await peerOf(object);
      await child.run((self) => void self.map.lockAsync({ timeout: Infinity }));
      await child.run(() => void setTimeout(() => process.disconnect(), 20));
      assert.equal(await Promise.race([child.ended, sleep(300)]), undefined);
      await peer.unlock();
      assert.deepEqual(await child.ended, { code: 0, signal: null });
    });

    it('ends though a lockAsync() was acquired, timed out, or was aborted, or closed', () => {
      const body = async (open, where) => {
        const [object, other, closed] = [1, 2, 3].map(() => open(where));
        const abort = new AbortController();
        const failed = ({ code }) => console.log(code);
        const guard = await object.lockAsync();
        const late = other.lockAsync({ timeout: 20 }).catch(failed);
        const aborted = other.lockAsync({ signal: abort.signal }).catch(failed);
        const gone = closed.lockAsync({ timeout: Infinity }).catch(failed);
        await late;
        abort.abort();
        await aborted;
        closed.close();
        await gone;
        const last = other.lockAsync();
        guard.release();
        await last;
        console.log('held');
      };
      const { status, stdout, stderr } = runThere(body, subject.where(create()));
      const expected = [TIMEOUT.code, 'ABORT_ERR', 'ERR_MMAPIPC_CLOSED', 'held', ''];
      assert.deepEqual([status, stdout.split('\n')], [0, expected], stderr);
    });
  });

  describe('whose object was collected', () => {
    let found;
    before(() => {
      const options = subject.make(create().file);
      const { stdout, stderr } = runThere(forget, options, ['--expose-gc']);
      assert.notEqual(stdout, '', stderr);
      found = JSON.parse(stdout);
    });

    for (const call of ['lock', 'tryLock', 'lockAsync', 'withLockAsync']) {
      it(`is still held after ${call}(), and one warning reports it`, () => {
        const [what, warnings] = found[call];
        assert.ok([TIMEOUT.code, DEADLOCK.code].includes(what), what);
        assert.equal(warnings.length, 1);
        assert.equal(warnings[0][0], 'MMAPIPC_LOCK_COLLECTED');
        assert.match(warnings[0][1], /^(Share|Mmap) .*was garbage-collected while it held/);
      });
    }

    it('is free when it was released before, without a warning', () => {
      assert.deepEqual(found.released, ['free', []]);
    });

    it('is free when the thread of the object has ended', () => {
      const [what, warnings] = found.thread;
      assert.equal(what, recovers ? 'recovered' : 'free');
      assert.equal(warnings.length, 1);
    });
  });

  if (subject.isShare) return;

  for (const [what, jobs, expected] of JOBS) {
    it(`${what}: no increment is lost`, async () => {
      const map = create();
      const ends = await runLockers(map, jobs);
      assert.deepEqual(
        ends.map(([how]) => how),
        jobs.map(() => 0),
      );
      assert.equal(map.buffer.readInt32LE(WORDS.count * 4), expected);
      assert.equal(map.lock({ timeout: 0 }).recovered, false);
    });
  }
};
