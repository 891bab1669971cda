/*
 * Regions of processes that are killed, stopped, terminated, out of space, or of other users:
 * nothing is left behind, and read-only memory is not written.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const { Mmap } = require('..');
const { amount, grouped } = require('./support/amounts');
const { ROOT, runFunction } = require('./support/child');
const { holdings, mappingsOf, collect } = require('./support/holdings');
const { needsCommand, needsMounts, runWithMount, tmpfs } = require('./support/mounts');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const CYCLES = amount(12, 300);
const ATTACHMENTS = amount(200, 1000);
const isRoot = process.geteuid?.() === 0;
const rootIt = isRoot ? it : it.skip;

/* In a separate process: drops root, then runs the code `then`. */
const AS_NOBODY = `process.setgid(65534); process.setuid(65534);`;
const inNode = (script, env = {}) =>
  spawnSync(
    process.execPath,
    ['-e', `const { Mmap } = require(${JSON.stringify(ROOT)});${script}`],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    },
  );
const printError = (call) =>
  `try { ${call} } catch ({ code, message }) { console.log(code + ' ' + message) }`;

describe('a region during the life of processes', function () {
  if (!isLinux) return;
  this.timeout(120000);
  const { open, files, folder } = regions();
  const start = peers();

  describe('leaves nothing behind', () => {
    it(`of ${CYCLES} killed processes with a region each: one more open removes their files`, async () => {
      const script = `const { Mmap } = require(${JSON.stringify(ROOT)});
        globalThis.kept = [new Mmap({ name: process.argv[1], size: 4096 }), new Mmap({ size: 4096 })];
        require('node:fs').writeSync(1, 'x');
        for (;;) Mmap.with({ name: process.argv[1] + 'x', size: 4096 }, () => {});`;
      const { maps, fds } = holdings();
      /* Mappings of earlier tests, whose objects were collected. */
      const kept = mappingsOf('mmapipc-names').length;
      let most = 0;
      let killed = 0;
      const cycle = async (name) => {
        const child = spawn(process.execPath, ['-e', script, name], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        await once(child.stdout, 'data');
        await sleep(Math.random() * 5);
        most = Math.max(most, files().length);
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
        child.stdout.destroy();
        killed++;
      };
      const chain = async (n) => {
        for (let i = 0; i < CYCLES / 4; i++) await cycle(`k${n}-${i}`);
      };
      await Promise.all([0, 1, 2, 3].map(chain));
      Mmap.with({ name: 'one more', size: 10 }, () => {});
      assert.deepEqual(files(), []);
      await collect();
      assert.ok(holdings().fds <= fds + 2);
      assert.equal(mappingsOf('mmapipc-names').length, kept);
      assert.ok(most >= 1 && holdings().maps < maps + 200);
      console.log(`      ${killed} killed, at most ${most} files at a time, 0 left`);
    });

    it(`of ${grouped(ATTACHMENTS)} attachments opened and closed: no descriptor, no mapping`, async () => {
      const map = open({ size: 4096 });
      const cycle = (i) => {
        const options = i % 2 ? { handle: map.handle } : { name: 'again', size: 4096 };
        Mmap.with({ ...options, readOnly: i % 4 === 1 }, (one) => one.read(0, 10));
      };
      for (let i = 0; i < 50; i++) cycle(i);
      await collect();
      const before_ = holdings();
      const ours = mappingsOf('memfd:mmapipc').length;
      for (let i = 0; i < ATTACHMENTS; i++) cycle(i);
      await collect();
      const now = holdings();
      assert.equal(now.fds, before_.fds);
      assert.equal(mappingsOf('memfd:mmapipc').length, ours);
      assert.equal(mappingsOf(folder).length, 0);
      assert.deepEqual(files(), []);
      console.log(
        `      fds ${before_.fds} -> ${now.fds}, mappings ${before_.maps} -> ${now.maps}`,
      );
    });

    it('of collected objects that no other process can find', async () => {
      await collect(10);
      const { fds } = holdings();
      (() => {
        for (let i = 0; i < 20; i++) new Mmap({ size: 10 });
      })();
      assert.ok(holdings().fds >= fds + 40);
      await collect(10);
      assert.ok(holdings().fds <= fds + 4);
    });

    it('of a thread that returns or is terminated', async () => {
      for (const end of ['', 'setInterval(() => {}, 1000);']) {
        const code = `const { Mmap } = require(${JSON.stringify(ROOT)});
          globalThis.map = new Mmap({ name: 'of a thread', size: 10 });
          require('node:worker_threads').parentPort.postMessage(0); ${end}`;
        const worker = new Worker(code, { eval: true });
        const exit = once(worker, 'exit');
        await once(worker, 'message');
        if (end !== '') await worker.terminate();
        await exit;
        assert.deepEqual(files(), []);
      }
    });

    it('in spawned children: they inherit no descriptor, and the parent continues', async () => {
      const map = open({ size: 4096 });
      const named = open({ name: 'spawning', size: 4096 });
      const kept = [];
      for (let i = 0; i < 30; i++) {
        const child = spawn('sleep', ['5'], { stdio: 'ignore' });
        await once(child, 'spawn');
        for (const fd of fs.readdirSync(`/proc/${child.pid}/fd`)) {
          let link = '';
          try {
            link = fs.readlinkSync(`/proc/${child.pid}/fd/${fd}`);
          } catch {
            continue; // of the loader, closed meanwhile
          }
          if (/memfd:mmapipc|mmapipc-names/.test(link)) kept.push(link);
        }
        child.kill('SIGKILL');
        map.buffer[i] = i;
      }
      assert.deepEqual(kept, []);
      named.write('alive');
      assert.equal(open({ name: 'spawning', create: false }).readString(0, 5), 'alive');
      assert.equal(open({ handle: map.handle }).buffer[29], 29);
      assert.equal(runFunction((m, h) => m.Mmap.attach(h), [map.handle]).status, 0);
    });
  });

  describe('read-only', () => {
    it('anonymous and named memory cannot be written in any way', () => {
      for (const where of [{ handle: open({ size: 10 }).handle }, { name: 'ro' }]) {
        if (where.name) open({ ...where, size: 10 });
        const script = `
          const fs = require('node:fs');
          const map = new Mmap(${JSON.stringify({ ...where, readOnly: true })});
          const tried = [];
          for (const fd of fs.readdirSync('/proc/self/fd')) {
            let link = '';
            try { link = fs.readlinkSync('/proc/self/fd/' + fd) } catch {}
            if (!/memfd:mmapipc|mmapipc-names/.test(link)) continue;
            try { fs.writeSync(Number(fd), 'x', 65536); tried.push('written') }
            catch ({ code }) { tried.push(code) }
          }
          console.log(JSON.stringify(tried));`;
        const { stdout, stderr } = inNode(script);
        const tried = JSON.parse(stdout || '[]');
        assert.ok(tried.length >= 1, stderr);
        assert.deepEqual([...new Set(tried)], ['EBADF']);
      }
    });

    it('mappings show writes of others, also after waits', async () => {
      const map = open({ size: 8192 });
      const reader = await start.process({ handle: map.handle, readOnly: true });
      const seen = (self) => [self.map.buffer[0], self.map.buffer[5000], self.map.read(0, 1)[0]];
      let rounds = 0;
      for (const wait of [0, 0, 50, 300, 0]) {
        rounds++;
        map.buffer[0] = map.buffer[5000] = rounds;
        await sleep(wait);
        assert.deepEqual(await reader.run(seen), [rounds, rounds, rounds]);
      }
      console.log(`      ${rounds} of ${rounds} rounds seen`);
    });
  });

  describe('other users', () => {
    rootIt('get EACCES for a handle, with advice that names { file }', () => {
      const { handle } = open({ size: 10 });
      const { stdout } = inNode(`${AS_NOBODY}${printError(`Mmap.attach('${handle}')`)}`);
      assert.match(stdout, /^EACCES EACCES: .*another user.*\{ file: /);
    });

    rootIt('cannot attach after dropping root, and the error explains it', async () => {
      const script = `const { Mmap } = require(${JSON.stringify(ROOT)});
        ${AS_NOBODY}
        const map = new Mmap({ size: 10 });
        console.log(map.handle);
        setInterval(() => {}, 1000);`;
      const creator = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 2] });
      const [handle] = await once(creator.stdout, 'data');
      const call = printError(`Mmap.attach('${`${handle}`.trim()}'); console.log('attached')`);
      const { stdout } = inNode(`${AS_NOBODY}${call}`);
      creator.kill('SIGKILL');
      assert.match(stdout, /^EACCES .*changed its user.*\{ file: /);
    });

    rootIt('have separate names, and refuse a directory of another user', () => {
      open({ name: 'shared name', size: 10 });
      fs.chmodSync(path.dirname(folder), 0o777);
      const nobody = path.join(path.dirname(folder), 'mmapipc-65534');
      const call = `const map = new Mmap({ name: 'shared name', size: 20 }); console.log(map.size)`;
      assert.equal(inNode(`${AS_NOBODY}${printError(call)}`).stdout.trim(), '20');
      fs.rmSync(nobody, { recursive: true, force: true });
      fs.mkdirSync(nobody, 0o777); // root's
      const { stdout } = inNode(`${AS_NOBODY}${printError(call)}`);
      assert.match(stdout, /^ERR_MMAPIPC_OWNER .*mmapipc-65534.*MMAPIPC_DIR/);
      fs.rmdirSync(nobody);
    });

    it('are kept out: an open refuses a names directory that they can read', () => {
      open({ name: 'x', size: 10 });
      fs.chmodSync(folder, 0o755);
      assert.throws(() => open({ name: 'y', size: 10 }), {
        code: 'ERR_MMAPIPC_OWNER',
        message: /0700/,
      });
      fs.chmodSync(folder, 0o700);
    });
  });

  describe('out of space', () => {
    before(needsMounts);

    it('the constructor throws ENOSPC with a hint about Docker, and leaves nothing', () => {
      const attempt = (mmapipc, directory) => {
        const names = require('node:fs');
        process.env.MMAPIPC_DIR = directory;
        const kept = new mmapipc.Mmap({ name: 'fits', size: 100000 });
        try {
          new mmapipc.Mmap({ name: 'does not', size: 8 << 20 });
        } catch (error) {
          const { code, syscall, message } = error;
          const left = names.readdirSync(`${directory}/mmapipc-${process.geteuid()}`);
          console.log(JSON.stringify({ code, syscall, message, left, size: kept.size }));
        }
      };
      const { directory } = { directory: path.dirname(folder) };
      const { stdout, stderr } = runWithMount(tmpfs('1m'), directory, attempt, [directory]);
      const { code, syscall, message, left, size } = JSON.parse(stdout || '{}');
      assert.deepEqual(
        [code, syscall, left, size],
        ['ENOSPC', 'fallocate', ['fits'], 100000],
        stderr,
      );
      assert.match(message, /no space for 8388608 bytes; in Docker .*--shm-size.*MMAPIPC_DIR/);
    });
  });

  describe('a process that is stopped while it holds the creation lock', () => {
    before(needsCommand('flock', 'util-linux'));
    let holder;
    async function hold(file) {
      holder = spawn('flock', ['-x', '-F', file, 'sh', '-c', 'echo held; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(holder.stdout, 'data');
      holder.kill('SIGSTOP');
    }
    afterEach(async () => {
      if (holder === undefined) return;
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      holder = undefined;
    });

    for (const kind of ['name', 'handle']) {
      it(`makes an open by ${kind} throw a timeout that names the process`, async () => {
        const map = open(kind === 'name' ? { name: 'held', size: 10 } : { size: 10 });
        const [, , pid, fd] = kind === 'handle' ? map.handle.split(':') : [];
        await hold(kind === 'name' ? `${folder}/held` : `/proc/${pid}/fd/${fd}`);
        const begin = performance.now();
        assert.throws(
          () => open({ [kind]: map[kind], timeout: 150 }),
          (error) => {
            assert.equal(error.code, 'ERR_MMAPIPC_TIMEOUT');
            assert.deepEqual(error.holder, { pid: holder.pid });
            assert.match(error.message, new RegExp(`150 ms, because process ${holder.pid} `));
            return true;
          },
        );
        const took = performance.now() - begin;
        assert.ok(took >= 145 && took < 2000, `${took} ms`);
        assert.throws(() => open({ [kind]: map[kind], timeout: 0 }), {
          code: 'ERR_MMAPIPC_TIMEOUT',
        });
        holder.kill('SIGKILL');
        await once(holder, 'exit');
        holder = undefined;
        assert.equal(open({ [kind]: map[kind] }).size, 10);
      });
    }

    it('does not prevent the termination of a waiting thread', async () => {
      open({ name: 'held', size: 10 });
      await hold(`${folder}/held`);
      const code = `const { Mmap } = require(${JSON.stringify(ROOT)});
        require('node:worker_threads').parentPort.postMessage(0);
        new Mmap({ name: 'held', timeout: Infinity });`;
      const worker = new Worker(code, { eval: true });
      await once(worker, 'message');
      await sleep(100);
      const begin = performance.now();
      await worker.terminate();
      const took = performance.now() - begin;
      assert.ok(took < 1000, `${took} ms`);
      console.log(`      terminated within ${took.toFixed(0)} ms`);
    });

    it('does not delay close(), and the next open removes the stale file', async () => {
      const map = new Mmap({ name: 'held', size: 10 });
      await hold(`${folder}/held`);
      const begin = performance.now();
      map.close();
      assert.ok(performance.now() - begin < 1000);
      assert.deepEqual(files(), ['held']);
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      holder = undefined;
      Mmap.with({ name: 'another', size: 10 }, () => assert.deepEqual(files(), ['another']));
    });
  });
});
