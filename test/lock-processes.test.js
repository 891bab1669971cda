/*
 * Locks between processes: with real Perl and flock(1), and whatever way the holder or a waiter
 * comes to its end.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { Mmap } = require('..');
const { amount, grouped } = require('./support/amounts');
const { ROOT, runFunction } = require('./support/child');
const { mappings } = require('./support/opened');
const { peers, sleep } = require('./support/peer');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const FIXTURES = path.join(__dirname, 'fixtures');
const SOON = 5000; /* ms: generous; how fast it is, is measured elsewhere */
const PROMPT = 1000; /* ms: the promise is 100, on a machine that is not busy */
const EACH = amount(5000, 20000); /* increments of a process */
const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const TIMEOUT = { name: 'MmapipcError', code: 'ERR_MMAPIPC_TIMEOUT' };

const lockThere = (self, options) => void self.map.lock(options);
const unlockThere = (self) => self.map.unlock();

describe('a lock between processes', function () {
  this.timeout(60000);
  const tmp = scratch();
  const start = peers();
  const children = [];
  const { create } = mappings(tmp, 4096);
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  const peerOf = (map, kind = 'process') => start[kind]({ file: map.file, readOnly: false });

  function run(command, args, stdin = 'ignore') {
    const child = spawn(command, args, { stdio: [stdin, 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }
  const inNode = [process.execPath, path.join(FIXTURES, 'lock-increment.js')];
  const inPerl = ['perl', path.join(FIXTURES, 'lock-increment.pl')];
  const SHELL = `echo ready; for i in $(seq $1); do
    flock "$0" perl -e 'open my $f, "+<", shift; sysread $f, my $b, 4; sysseek $f, 0, 0;
      syswrite $f, pack "V", 1 + unpack "V", $b' "$0" || exit 1; done`;
  const inShell = ['sh', '-c', SHELL];

  /* Runs [how, times] of all, which begin together, and compares the number with the sum. */
  async function increment(jobs) {
    const map = create();
    const guard = map.lock();
    const running = jobs.map(([[command, ...args], times]) =>
      run(command, [...args, map.file, String(times)]),
    );
    const codes = Promise.all(running.map(async (child) => (await once(child, 'exit'))[0]));
    await Promise.all(running.map((child) => once(child.stdout, 'data')));
    await sleep(50);
    assert.equal(map.buffer.readUInt32LE(0), 0);
    guard.release();
    const good = jobs.map(() => 0);
    assert.deepEqual(await codes, good);
    const sum = jobs.reduce((total, [, times]) => total + times, 0);
    assert.equal(map.buffer.readUInt32LE(0), sum);
  }

  /* Perl that holds a flock on the file until its input ends. */
  async function perlHolds(file, how) {
    const code = `use Fcntl ':flock'; open my $f, '+<', shift or die; flock $f, ${how} or die;
      $| = 1; print 'held'; <STDIN>; close $f; print 'free'; <STDIN>`;
    const child = run('perl', ['-e', code, file], 'pipe');
    await once(child.stdout, 'data');
    return {
      release: async () => {
        child.stdin.write('\n');
        await once(child.stdout, 'data');
      },
    };
  }
  /* Whether Perl gets the flock now. */
  const perlGets = async (file, how) => {
    const code = `use Fcntl ':flock'; open my $f, '+<', shift or die;
      exit(flock($f, ${how} | LOCK_NB) ? 0 : 1)`;
    const [status] = await once(run('perl', ['-e', code, file]), 'exit');
    return status === 0;
  };

  describe('of other programs', () => {
    linuxIt(`2 of Node and 2 of Perl: ${grouped(EACH)} increments each lose none`, () =>
      increment([inNode, inNode, inPerl, inPerl].map((how) => [how, EACH])),
    );

    linuxIt('a shell loop with flock(1), 2 of Node and 1 of Perl lose none', () =>
      increment([
        [inShell, amount(50, 200)],
        [inNode, EACH],
        [inNode, EACH],
        [inPerl, EACH],
      ]),
    );

    it('4 of Node: 5,000 increments each lose none', () =>
      increment([inNode, inNode, inNode, inNode].map((how) => [how, 5000])));

    linuxIt(
      "Perl's shared flock keeps out our exclusive lock of the file, not shared",
      async () => {
        const map = create();
        const perl = await perlHolds(map.file, 'LOCK_SH');
        assert.equal(map.tryLock(), null);
        assert.throws(() => map.lock({ timeout: 20 }), TIMEOUT);
        map.lock({ shared: true }).release();
        map.lock({ shared: true, offset: 5, length: 5 }).release();
        await perl.release();
        assert.notEqual(map.tryLock(), null);
      },
    );

    linuxIt("Perl's exclusive flock keeps out all of ours", async () => {
      const map = create();
      const perl = await perlHolds(map.file, 'LOCK_EX');
      const range = { offset: 5, length: 5 };
      for (const options of [{}, { shared: true }, range, { ...range, shared: true }]) {
        assert.equal(map.tryLock(options), null);
        assert.throws(() => map.lock({ ...options, timeout: 10 }), TIMEOUT);
      }
      const wait = map.lockAsync({ shared: true, ...range });
      await perl.release();
      (await wait).release();
    });

    linuxIt('ours keep out those of Perl that do not share', async () => {
      const map = create();
      const outcome = {};
      for (const [name, options] of Object.entries({
        exclusive: {},
        shared: { shared: true },
        range: { offset: 1, length: 1 },
      })) {
        map.lock(options);
        const both = [perlGets(map.file, 'LOCK_EX'), perlGets(map.file, 'LOCK_SH')];
        outcome[name] = await Promise.all(both);
        map.unlock();
      }
      assert.deepEqual(outcome, {
        exclusive: [false, false],
        shared: [false, true],
        range: [false, true] /* README: foreign shared flocks see no ranges */,
      });
      assert.equal(await perlGets(map.file, 'LOCK_EX'), true);
    });
  });

  describe('whose holder ends', () => {
    it('by SIGKILL goes to those who wait, in turn', async () => {
      const map = create();
      const holder = await peerOf(map);
      await holder.run(lockThere);
      const waiters = [await peerOf(map), await peerOf(map)];
      const got = waiters.map((peer, i) =>
        peer.run(async (self, sync) => {
          const timeout = 20000;
          const guard = sync ? self.map.lock({ timeout }) : await self.map.lockAsync({ timeout });
          guard.release();
          return true;
        }, i === 0),
      );
      const mine = map.lockAsync({ timeout: 20000 }).then((guard) => guard.release());
      await sleep(100);
      holder.end();
      const all = Promise.all([...got, mine]).then(() => 'served');
      assert.equal(await Promise.race([all, sleep(SOON)]), 'served');
    });

    it('by SIGKILL, with a range or a shared lock, frees those too', async () => {
      const map = create();
      for (const options of [{ shared: true }, { offset: 5, length: 5 }]) {
        const holder = await peerOf(map);
        await holder.run(lockThere, options);
        assert.equal(map.tryLock(), null);
        holder.end();
        map.lock({ timeout: SOON }).release();
      }
    });

    it('by an uncaught exception or process.exit() frees it', () => {
      const map = create();
      for (const [status, body] of [
        [
          1,
          ({ Mmap: There }, file) => {
            new There({ file, readOnly: false }).lock();
            throw new Error('on purpose');
          },
        ],
        [
          3,
          ({ Mmap: There }, file) => {
            new There({ file, readOnly: false }).withLock(() => process.exit(3));
          },
        ],
        [
          0,
          ({ Mmap: There }, file) => {
            globalThis.kept = new There({ file, readOnly: false });
            globalThis.kept.lock();
          },
        ],
      ]) {
        const done = runFunction(body, [map.file]);
        assert.equal(done.status, status, done.stderr);
        map.lock({ timeout: 0 }).release();
      }
    });

    it('though a child of it lives on: the child does not inherit the lock', async () => {
      const map = create();
      const holder = await peerOf(map);
      const pid = await holder.run((self) => {
        self.map.lock();
        self.other = new self.Mmap({ file: self.map.file, offset: 8 });
        const { spawn: start2 } = self.require('node:child_process');
        const code = 'setTimeout(() => {}, 30000)';
        const opts = { detached: true, stdio: 'ignore' };
        const child = start2(process.execPath, ['-e', code], opts);
        child.unref();
        return child.pid;
      });
      try {
        holder.end();
        await holder.ended;
        process.kill(pid, 0);
        map.lock({ timeout: SOON });
      } finally {
        process.kill(pid, 'SIGKILL');
      }
    });
  });

  describe('in a worker_thread', () => {
    it('holds it against the main thread, whose lock() waits until it comes', async () => {
      const map = create();
      const thread = await peerOf(map, 'thread');
      await thread.run(lockThere);
      assert.throws(() => map.lock({ timeout: 10 }), TIMEOUT);
      thread.run(async (self) => {
        await self.sleep(50);
        self.map.unlock();
      });
      map.lock({ timeout: SOON });
    });

    it('terminated while it holds is freed for others', async () => {
      const map = create();
      for (const options of [{}, { shared: true }, { offset: 1, length: 9 }]) {
        const thread = await peerOf(map, 'thread');
        await thread.run(lockThere, options);
        assert.equal(map.tryLock(), null);
        thread.end();
        await thread.ended;
        map.lock({ timeout: SOON }).release();
      }
    });

    it('terminated, or calling process.exit(), with an async guard is freed', async () => {
      const map = create();
      for (const end of [(thread) => thread.end(), (thread) => thread.run(() => process.exit(0))]) {
        const thread = await peerOf(map, 'thread');
        await thread.run(async (self) => void (self.guard = await self.map.lockAsync()));
        assert.equal(map.tryLock(), null);
        end(thread);
        await thread.ended;
        map.lock({ timeout: SOON }).release();
      }
    });

    it('blocked in lock() ends soon when terminated, and leaves nothing held', async () => {
      const map = create();
      const holder = await peerOf(map);
      await holder.run(lockThere);
      const times = [];
      for (const options of [{}, { shared: true }, { offset: 1, length: 5 }, {}, {}]) {
        const thread = await peerOf(map, 'thread');
        thread.run((self, given) => {
          self.note('blocks');
          self.map.lock({ ...given, timeout: Infinity });
        }, options);
        await thread.note();
        await sleep(50);
        const since = performance.now();
        await thread.end();
        times.push(performance.now() - since);
      }
      console.log(`        (ended after ${times.map((ms) => ms.toFixed(1)).join(', ')} ms)`);
      for (const ms of times) assert.ok(ms < PROMPT, `${ms} ms`);
      await holder.run(unlockThere);
      map.lock({ timeout: SOON });
    });

    it('blocked in lock() does not hold up process.exit() of the main thread', async () => {
      const map = create();
      map.lock();
      const body = ({ Mmap: There }, file, root) => {
        const { Worker } = require('node:worker_threads');
        const code = `
          const { Mmap } = require(${JSON.stringify(root)});
          const map = new Mmap({ file: ${JSON.stringify(file)}, readOnly: false });
          require('node:worker_threads').parentPort.postMessage('blocks');
          map.lock({ timeout: Infinity });`;
        new There(file).lockAsync().catch(() => {});
        new Worker(code, { eval: true }).once('message', () => {
          setTimeout(() => {
            const since = Date.now();
            process.on('exit', () => console.log(since));
            process.exit(7);
          }, 50);
        });
      };
      const { status, stdout, stderr } = runFunction(body, [map.file, ROOT]);
      const ms = Date.now() - Number(stdout);
      assert.equal(status, 7, stderr);
      console.log(`        (gone after ${ms} ms)`);
      assert.ok(ms < PROMPT, `${ms} ms`);
    });
  });

  linuxIt('is still the lock of a file that was removed', async () => {
    const map = create();
    const fd = fs.openSync(map.file, 'r+');
    const other = new Mmap(fd, 0, 3);
    fs.closeSync(fd);
    fs.unlinkSync(map.file);
    map.lock();
    assert.equal(other.tryLock(), null);
    map.unlock();
    other.lock();
    assert.equal(map.tryLock(), null);
    other[dispose]();
  });
});
