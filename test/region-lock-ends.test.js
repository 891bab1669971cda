/*
 * The lock of a region, and whatever way its holder or a waiter comes to his end, or to a halt: it is
 * free when he is dead, with `recovered`, and his as long as he lives.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

const { inspect: look } = require('..');
const { amount } = require('./support/amounts');
const { ROOT, runFunction } = require('./support/child');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const SOON = 10000; /* ms: not stuck */
const PROMPT = 1000; /* ms: the promise is 100, on a machine that is not busy */
const TIMEOUT = { name: 'MmapipcError', code: 'ERR_MMAPIPC_TIMEOUT' };
const WORKERS = amount(12, 100);

const lockThere = (self) => void self.map.lock();
const lockAsyncThere = async (self) => void (self.guard = await self.map.lockAsync());

/* For before(): process namespaces, or one line; under CI a failure. */
function needsNamespaces() {
  if (spawnSync('unshare', ['-pf', 'true']).status === 0) return;
  if (process.env.CI) throw new Error('CI must be able to make process namespaces (unshare -pf)');
  console.log('      (no process namespaces here: unshare -pf is refused)');
  this.skip();
}

describe('the lock of a region whose holder ends', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { open } = regions();
  const start = peers();
  const create = () => open({ size: 64 });

  /* It is free, and that somebody has died with it is told once, or not at all. */
  function assertFreed(map, recovered = true) {
    const guard = map.lock({ timeout: SOON });
    assert.equal(guard.recovered, recovered);
    guard.release();
    const again = map.tryLock();
    assert.equal(again.recovered, false);
    again.release();
  }

  describe('a process', () => {
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGHUP']) {
      it(`by ${signal}: those who wait get it, and one is told`, async () => {
        const map = create();
        const holder = await start.process({ handle: map.handle });
        await holder.run(signal === 'SIGTERM' ? lockAsyncThere : lockThere);
        const waiters = [await start.thread({ handle: map.handle })];
        waiters.push(await start.thread({ handle: map.handle }));
        const told = waiters.map((peer, i) =>
          peer.run(
            async (self, timeout, sync) => {
              const guard = sync
                ? self.map.lock({ timeout })
                : await self.map.lockAsync({ timeout });
              guard.release();
              return guard.recovered;
            },
            SOON,
            i === 0,
          ),
        );
        const mine = map.withLockAsync(({ recovered }) => recovered, { timeout: SOON });
        await sleep(100);
        assert.equal(map.tryLock(), null);
        holder.end(signal);
        const all = await Promise.all([...told, mine]);
        assert.deepEqual(all.sort(), [false, false, true]);
        assertFreed(map, false);
      });
    }

    const ends = {
      'process.exit()': [
        3,
        (There, handle) => There.attach(handle).withLock(() => process.exit(3)),
      ],
      'process.exit() with a guard of lockAsync': [
        4,
        (There, handle) => There.attach(handle).withLockAsync(() => process.exit(4)),
      ],
      'an exception that nobody catches': [
        1,
        (There, handle) => {
          globalThis.kept = There.attach(handle);
          globalThis.kept.lock();
          throw new Error('on purpose');
        },
      ],
      'a rejection that nobody catches': [
        1,
        async (There, handle) => {
          globalThis.guard = await There.attach(handle).lockAsync();
          throw new Error('on purpose');
        },
      ],
      'its natural end': [
        0,
        (There, handle) => {
          globalThis.kept = There.attach(handle);
          globalThis.kept.lock();
        },
      ],
    };
    for (const [how, [status, body]] of Object.entries(ends)) {
      it(`by ${how} while it holds it: free, and recovered`, () => {
        const map = create();
        const code = `(mmapipc, handle) => (${body})(mmapipc.Mmap, handle)`;
        const done = runFunction(code, [map.handle]);
        assert.equal(done.status, status, done.stderr);
        assertFreed(map);
      });
    }

    it('that its parent has not reaped, a zombie, is dead', async () => {
      const map = create();
      const script = `const { Mmap } = require(${JSON.stringify(ROOT)});
        globalThis.map = Mmap.attach(${JSON.stringify(map.handle)});
        map.lock();
        require('node:fs').writeSync(1, String(process.pid));
        setInterval(() => {}, 1000);`;
      const line = 'NODE=$1; SCRIPT=$2; "$NODE" -e "$SCRIPT" & exec sleep 60';
      const parent = spawn('sh', ['-c', line, 'sh', process.execPath, script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const pid = Number((await once(parent.stdout, 'data'))[0]);
        assert.equal(map.tryLock(), null);
        process.kill(pid, 'SIGKILL');
        assertFreed(map);
        assert.match(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'), /\) Z /);
      } finally {
        parent.kill('SIGKILL');
        await once(parent, 'close');
      }
    });

    it('does not live on in a child that has its stdio and outlives it', async () => {
      const map = create();
      const holder = await start.process({ handle: map.handle });
      const pid = await holder.run((self) => {
        self.map.lock();
        const code = 'setTimeout(() => {}, 30000)';
        const opts = { detached: true, stdio: 'inherit' };
        const child = self
          .require('node:child_process')
          .spawn(process.execPath, ['-e', code], opts);
        child.unref();
        return child.pid;
      });
      try {
        holder.end();
        await holder.ended;
        process.kill(pid, 0);
        assertFreed(map);
      } finally {
        process.kill(pid, 'SIGKILL');
      }
    });

    it('that waits leaves nothing of it, and the lock goes on to others', async () => {
      const map = create();
      map.lock();
      const waiters = [await start.process({ handle: map.handle })];
      waiters.push(await start.process({ handle: map.handle }));
      for (const [i, peer] of waiters.entries()) {
        peer.run((self, sync) => {
          self.note('waits');
          return sync ? self.map.lock({ timeout: 60000 }) : self.map.lockAsync();
        }, i === 0);
        await peer.note();
      }
      await sleep(50);
      for (const peer of waiters) peer.end('SIGKILL');
      map.unlock();
      for (const { ended } of waiters) await ended;
      const guard = map.lock({ timeout: SOON });
      guard.release();
      assert.deepEqual(look(map.handle).lock, { holder: null, waiters: 0 });
    });
  });

  describe('a worker_thread', () => {
    it('terminated while it holds it, or ended by process.exit(): free, and recovered', async () => {
      const map = create();
      for (const take of [lockThere, lockAsyncThere]) {
        for (const end of [(one) => one.end(), (one) => one.run(() => process.exit(0))]) {
          const thread = await start.thread({ handle: map.handle });
          await thread.run(take);
          assert.equal(map.tryLock(), null);
          end(thread);
          await thread.ended;
          assertFreed(map);
        }
      }
    });

    it('terminated, or exited, while it waits by promise leaves nothing', async () => {
      const map = create();
      map.lock();
      for (const end of [(one) => one.end(), (one) => one.run(() => process.exit(0))]) {
        const thread = await start.thread({ handle: map.handle });
        await thread.run((self) => void self.map.lockAsync({ timeout: Infinity }));
        await sleep(20);
        end(thread);
        await thread.ended;
      }
      map.unlock();
      assertFreed(map, false);
    });

    it('blocked in lock() ends soon when terminated, and leaves nothing held', async () => {
      const map = create();
      map.lock();
      const times = [];
      for (let i = 0; i < 5; i++) {
        const thread = await start.thread({ handle: map.handle });
        thread.run((self) => {
          self.note('blocks');
          self.map.lock({ timeout: Infinity });
        });
        await thread.note();
        await sleep(50);
        const since = performance.now();
        await thread.end();
        times.push(performance.now() - since);
      }
      console.log(`        (ended after ${times.map((ms) => ms.toFixed(1)).join(', ')} ms)`);
      for (const ms of times) assert.ok(ms < PROMPT, `${ms} ms`);
      assert.equal(look(map.handle).lock.waiters, 0);
      map.unlock();
      assertFreed(map, false);
    });

    it('blocked in lock() does not hold up process.exit() of the main thread', () => {
      const map = create();
      map.lock();
      const body = (_, handle, root) => {
        const code = `
          const { Mmap } = require(${JSON.stringify(root)});
          const map = Mmap.attach(${JSON.stringify(handle)});
          require('node:worker_threads').parentPort.postMessage('blocks');
          map.lock({ timeout: Infinity });`;
        const { Worker: Thread } = require('node:worker_threads');
        new Thread(code, { eval: true }).once('message', () => {
          setTimeout(() => {
            const since = Date.now();
            process.on('exit', () => console.log(since));
            process.exit(7);
          }, 50);
        });
      };
      const { status, stdout, stderr } = runFunction(body, [map.handle, ROOT]);
      const ms = Date.now() - Number(stdout);
      assert.equal(status, 7, stderr);
      console.log(`        (gone after ${ms} ms)`);
      assert.ok(ms < PROMPT, `${ms} ms`);
      map.unlock();
      assertFreed(map, false);
    });

    it(`${WORKERS} in turn that load the addon, hold or await the lock, and go`, async () => {
      const map = create();
      const code = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { Mmap } = require(workerData.root);
        const [one, two] = [1, 2].map(() => Mmap.attach(workerData.handle));
        globalThis.kept = [one, two];
        (async () => {
          if (workerData.i % 3) await one.lockAsync();
          two.lockAsync({ timeout: Infinity }).catch(() => {});
          if (workerData.i % 2) process.exit(0);
          parentPort.postMessage('goes on');
        })();`;
      const run = async (i) => {
        const workerData = { root: ROOT, handle: map.handle, i };
        const worker = new Worker(code, { eval: true, workerData });
        const exit = once(worker, 'exit');
        worker.once('message', () => worker.terminate());
        await exit;
      };
      for (let i = 0; i < WORKERS; i += 2) await Promise.all([run(i), run(i + 1)]);
      assertFreed(map);
      const { writers, lock } = look(map.handle);
      assert.deepEqual([writers, lock], [1, { holder: null, waiters: 0 }]);
    });
  });

  it('is not taken from one who is stopped: four wait, and their timeouts come in time', async () => {
    const map = create();
    const holder = await start.process({ handle: map.handle });
    await holder.run(lockThere);
    const waiters = await Promise.all([1, 2].map(() => start.process({ handle: map.handle })));
    waiters.push(await start.thread({ handle: map.handle }));
    holder.source.kill('SIGSTOP');
    const wait = async (self, timeout, sync) => {
      const since = performance.now();
      try {
        await (sync ? self.map.lock({ timeout }) : self.map.lockAsync({ timeout }));
        return 'stolen';
      } catch ({ code }) {
        return [code, performance.now() - since - timeout];
      }
    };
    const timeouts = [700, 1500, 2300];
    const all = waiters.map((peer, i) => peer.run(wait, timeouts[i], i !== 1));
    const mine = wait({ map }, 3000, false);
    for (const result of [...(await Promise.all(all)), await mine]) {
      const [code, late] = result;
      assert.equal(code, TIMEOUT.code);
      assert.ok(late > -2 && late < PROMPT, `${late} ms late`);
    }
    const { lock } = look(map.handle);
    assert.deepEqual([lock.holder.pid, lock.holder.alive], [holder.source.pid, true]);
    assert.throws(() => map.lock({ timeout: 5 }), TIMEOUT);
    holder.source.kill('SIGCONT');
    await holder.run((self) => self.map.unlock());
    assertFreed(map, false);
  });

  describe('in another process namespace', () => {
    before(needsNamespaces);

    /* Node as process 1 of a namespace, which dies with the command that has made it. */
    async function inNamespace(script, args) {
      const child = spawn(
        'unshare',
        ['-pf', '--kill-child', process.execPath, '-e', script, ...args],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = await once(child.stdout, 'data');
      const end = async () => {
        child.kill('SIGKILL');
        await once(child, 'close');
      };
      return { line: `${line}`, end, child };
    }
    const HEAD = `const { Mmap } = require(${JSON.stringify(ROOT)});
      const fs = require('node:fs');
      const map = Mmap.open({ name: process.argv[1] });`;

    it('a holder there is alive for those here, and dead when it is', async () => {
      const map = open({ name: 'spaces', size: 64 });
      const script = `${HEAD} map.lock(); fs.writeSync(1, String(process.pid));
        setInterval(() => map.read(0, 1), 1000);`;
      const { line, end } = await inNamespace(script, ['spaces']);
      assert.equal(line, '1');
      assert.equal(map.tryLock(), null);
      assert.throws(
        () => map.lock({ timeout: 300 }),
        ({ code, holder }) => code === TIMEOUT.code && holder.pid === 1 && holder.alive,
      );
      await end();
      assertFreed(map);
    });

    it('a holder here is alive for those there, whatever his number means there', async () => {
      const map = open({ name: 'spaces', size: 64 });
      map.lock();
      const script = `${HEAD}
        let first; try { map.lock({ timeout: 300 }); first = 'stolen' } catch ({ code }) { first = code }
        fs.writeSync(1, first + ' ' + map.tryLock());
        map.lock({ timeout: 30000 });
        fs.writeSync(1, 'held');
        setInterval(() => map.read(0, 1), 1000);`;
      const { line, end, child } = await inNamespace(script, ['spaces']);
      assert.equal(line, `${TIMEOUT.code} null`);
      map.unlock();
      await once(child.stdout, 'data');
      assert.equal(map.tryLock(), null);
      await end();
      assertFreed(map);
    });
  });
});
