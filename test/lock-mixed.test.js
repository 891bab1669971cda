/*
 * Asynchronous waits beside everything else: synchronous locks of the same thread, libuv's pool,
 * the end of the process, and many of them in many processes.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const dns = require('node:dns');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const { Mmap } = require('..');
const { runFunction } = require('./support/child');
const { mappings } = require('./support/opened');
const { peers, sleep } = require('./support/peer');
const { linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const INCREMENT = path.join(__dirname, 'fixtures', 'lock-increment.js');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });

describe('asynchronous locks beside', function () {
  this.timeout(30000);
  const tmp = scratch();
  const start = peers();
  const { create, same } = mappings(tmp, 4096);
  const unlockThere = (self) => self.map.unlock();
  const unlockSoon = async (self, ms) => {
    await self.sleep(ms);
    self.map.unlock();
  };
  const tryThere = (self) => {
    const guard = self.map.tryLock();
    guard?.release();
    return guard !== null;
  };

  async function held() {
    const map = create();
    const peer = await start.process({ file: map.file, readOnly: false });
    await peer.run((self) => void self.map.lock());
    return { map, peer };
  }

  describe('synchronous calls of the same thread', () => {
    it('lock() under an async guard of the object is DEADLOCK, tryLock() null', async () => {
      const map = create();
      const guard = await map.lockAsync();
      assert.throws(() => map.lock(), error('DEADLOCK'));
      assert.throws(() => map.withLock(assert.fail), error('DEADLOCK'));
      assert.throws(() => same(map).lock(), error('DEADLOCK'));
      assert.equal(map.tryLock(), null);
      guard.release();
      map.lock();
    });

    it('lockAsync() waits for a lock() of its own object or of another', async () => {
      const map = create();
      map.lock();
      const waits = [map.lockAsync(), same(map).lockAsync()];
      const guards = Promise.all(waits.map(async (wait) => (await wait).release()));
      await sleep(30);
      map.unlock();
      await guards;
      assert.equal(map.locked, false);
    });

    it('lock() goes before a pending wait of its object, which goes on afterwards', async () => {
      const { map, peer } = await held();
      const wait = map.lockAsync();
      await sleep(20);
      assert.equal(map.tryLock(), null);
      assert.throws(() => map.lock({ timeout: 10 }), error('TIMEOUT'));
      peer.run(unlockSoon, 50);
      const guard = map.lock();
      assert.equal(await peer.run(tryThere), false);
      let came = false;
      wait.then(() => (came = true));
      await sleep(20);
      assert.equal(came, false);
      guard.release();
      (await wait).release();
      assert.equal(await peer.run(tryThere), true);
    });

    it('tryLock() takes a lock that a pending wait has not been told of', async () => {
      const { map, peer } = await held();
      const wait = map.lockAsync();
      await sleep(20);
      const sent = peer.run(unlockThere);
      for (const end = performance.now() + 300; performance.now() < end;);
      const guard = map.tryLock();
      assert.notEqual(guard, null);
      await sent;
      assert.equal(await peer.run(tryThere), false);
      guard.release();
      (await wait).release();
    });

    it('a call with wrong options leaves a pending wait as it was', async () => {
      const { map, peer } = await held();
      const wait = map.lockAsync({ timeout: 5000 });
      await sleep(10);
      assert.throws(() => map.lock({ offset: -1 }), { code: 'ERR_OUT_OF_RANGE' });
      assert.throws(() => map.tryLock({ share: 1 }), { code: 'ERR_INVALID_ARG_VALUE' });
      await peer.run(unlockThere);
      (await wait).release();
    });

    for (const call of ['lock', 'tryLock']) {
      /* It threw between stopping the wait and starting it again. */
      posixIt(
        `a ${call}() refused with ERR_MMAPIPC_ACCESS leaves a pending wait as it was`,
        async () => {
          const { file } = create();
          const map = new Mmap(file);
          const peer = await start.process({ file, readOnly: false });
          await peer.run((self) => void self.map.lock({ shared: true, offset: 0, length: 1 }));
          const wait = map.lockAsync({ shared: false, timeout: 3000 });
          await sleep(10);
          const exclusive = { shared: false, offset: 50, length: 5 };
          assert.throws(() => map[call](exclusive), error('ACCESS'));
          await peer.run(unlockThere);
          (await wait).release();
          map.close();
        },
      );

      posixIt(
        `a ${call}() of an exclusive range on a read-only mapping is ERR_MMAPIPC_ACCESS, held or not`,
        async () => {
          const { map: there } = await held();
          const map = new Mmap({ file: there.file, timeout: 100 });
          const exclusive = { shared: false, offset: 50, length: 5 };
          assert.throws(() => map[call](exclusive), error('ACCESS'));
          await assert.rejects(map.lockAsync(exclusive), error('ACCESS'));
          map.close();
        },
      );
    }

    it('lock() of one object comes though another of the thread waits for the file', async () => {
      const { map, peer } = await held();
      const waits = [map, same(map), same(map)].map((each) => each.lockAsync());
      await sleep(20);
      const other = same(map);
      peer.run(unlockSoon, 50);
      for (let i = 0; i < 20; i++) other.lock().release();
      other.withLock(() => assert.equal(map.locked, false));
      await Promise.all(waits.map(async (wait) => (await wait).release()));
    });
  });

  it("libuv's pool: 8 that wait leave it to fs, dns and crypto", async () => {
    const { map, peer } = await held();
    const waits = Array.from({ length: 8 }, () => same(map).withLockAsync(() => 1));
    await sleep(20);
    await Promise.all([
      fs.promises.readFile(__filename),
      promisify(crypto.pbkdf2)('a', 'b', 1000, 32, 'sha256'),
      dns.promises.lookup('localhost').catch(() => {}),
    ]);
    assert.equal(map.locked, false);
    await peer.run(unlockThere);
    assert.deepEqual(await Promise.all(waits), Array(8).fill(1));
  });

  describe('the end of the process', () => {
    it('which a pending wait puts off until it is settled', async () => {
      const { map, peer } = await held();
      const child = await start.process({ file: map.file, readOnly: false });
      await child.run((self) => {
        self.map.lockAsync({ timeout: Infinity });
      });
      await child.run(() => void setTimeout(() => process.disconnect(), 20));
      assert.equal(await Promise.race([child.ended, sleep(300)]), undefined);
      await peer.run(unlockThere);
      assert.deepEqual(await child.ended, { code: 0, signal: null });
    });

    it('which settled ones do not put off, held or not', () => {
      const { status, stderr } = runFunction(
        ({ Mmap: There }, file) => {
          const map = new There({ file, size: 10, readOnly: false });
          const other = new There({ file, readOnly: false });
          const abort = new AbortController();
          const main = async () => {
            const guard = await map.lockAsync();
            const late = other.lockAsync({ timeout: 20 }).catch(() => {});
            const aborted = other.lockAsync({ signal: abort.signal }).catch(() => {});
            await late;
            abort.abort();
            await aborted;
            const last = other.lockAsync();
            guard.release();
            await last; /* and keeps it */
          };
          main();
        },
        [tmp()],
      );
      assert.equal(status, 0, stderr);
    });

    it('by SIGKILL while one waits leaves nothing of it', async () => {
      const { map, peer } = await held();
      const child = await start.process({ file: map.file, readOnly: false });
      await child.run((self) => {
        for (const range of [{}, { offset: 1, length: 2 }]) {
          new self.Mmap({ file: self.map.file, readOnly: false }).lockAsync(range);
        }
      });
      child.end();
      await child.ended;
      await peer.run(unlockThere);
      map.lock({ timeout: 5000 });
    });

    it('of a thread, by terminate() or process.exit() while one waits, leaves nothing', async () => {
      const { map, peer } = await held();
      for (const end of ['terminate', 'exit']) {
        const thread = await start.thread({ file: map.file, readOnly: false });
        await thread.run((self) => void self.map.lockAsync({ timeout: Infinity }));
        await sleep(20);
        if (end === 'exit') thread.run(() => process.exit(0));
        else thread.end();
        await thread.ended;
      }
      await peer.run(unlockThere);
      assert.equal(await peer.run(tryThere), true);
    });
  });

  it('each other: 100 withLockAsync increments in each of 4 processes, all at once, lose none', async () => {
    const map = create();
    const guard = map.lock();
    const running = [1, 2, 3, 4].map(() => {
      const args = [INCREMENT, map.file, '100', 'async'];
      return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    });
    const ends = Promise.all(running.map((child) => once(child, 'exit')));
    await Promise.all(running.map((child) => once(child.stdout, 'data')));
    guard.release();
    for (const end of await ends) assert.deepEqual(end, [0, null]);
    assert.equal(map.buffer.readUInt32LE(0), 400);
  });

  linuxIt('waiting costs no thread when nobody waits', async () => {
    const count = () => fs.readdirSync('/proc/self/task').length;
    const { map, peer } = await held();
    const before = count();
    const waits = Array.from({ length: 4 }, () => same(map).withLockAsync(() => {}));
    await sleep(20);
    assert.equal(count(), before + 4);
    await peer.run(unlockThere);
    await Promise.all(waits);
    await sleep(20);
    assert.equal(count(), before);
  });
});
