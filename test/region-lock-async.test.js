/*
 * lockAsync and withLockAsync of a region: their order, their ends, and what they leave. Beside
 * synchronous calls of the same thread: region-lock-mixed.test.js.
 */
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { getEventListeners } = require('node:events');
const fs = require('node:fs');
const { promisify } = require('node:util');

const { Mmap, inspect: look } = require('..');
const { runFunction } = require('./support/child');
const { collect } = require('./support/holdings');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });
const TIMEOUT = error('TIMEOUT');
const CLOSED = error('CLOSED');

describe('an asynchronous lock of a region', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { open } = regions();
  const start = peers();

  const create = () => open({ size: 64 });
  const same = ({ handle }) => open({ handle });
  const unlockThere = (self) => self.map.unlock();
  const tryThere = (self) => {
    const guard = self.map.tryLock();
    guard?.release();
    return guard !== null;
  };

  /* A region whose lock somebody else has. */
  async function held(who = 'thread') {
    const map = create();
    const peer = await start[who]({ handle: map.handle });
    await peer.run((self) => void self.map.lock());
    return { map, peer };
  }

  /* What became of promises so far. */
  function watch(promises) {
    const states = promises.map(() => 'pending');
    promises.forEach((promise, i) => {
      promise.then(
        () => (states[i] = 'done'),
        (reason) => (states[i] = reason.code),
      );
    });
    return states;
  }

  it('is taken at once when it is free, and belongs to its guard', async () => {
    for (const where of [{ size: 64 }, { inherit: 'x', size: 64 }, { name: 'x', size: 64 }]) {
      const map = open(where);
      const guard = await map.lockAsync();
      assert.deepEqual([map.locked, guard.recovered], [true, false]);
      assert.throws(() => map.unlock(), error('NOT_LOCKED'));
      assert.equal(map.locked, true);
      guard.release();
      guard.release();
      assert.equal(map.locked, false);
      (await map.lockAsync({ timeout: 0 }))[dispose]();
      const newer = map.lock();
      guard.release();
      assert.equal(map.locked, true);
      newer.release();
      map.close();
    }
  });

  it('comes when the holder gives it back, and the event loop runs meanwhile', async () => {
    const { map, peer } = await held();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const promise = map.lockAsync();
    await sleep(150);
    assert.equal(map.locked, false);
    await peer.run(unlockThere);
    await promise;
    clearInterval(timer);
    assert.ok(ticks > 5, `${ticks} ticks`);
    assert.equal(await peer.run(tryThere), false);
  });

  it('is given to the callers of one object in their order, one at a time', async () => {
    const { map, peer } = await held();
    const order = [];
    let inside = 0;
    const all = Array.from({ length: 50 }, (_, i) =>
      map.withLockAsync(async () => {
        assert.equal(++inside, 1);
        order.push(i);
        await (i % 3 ? null : sleep(1));
        inside--;
        return i;
      }),
    );
    await peer.run(unlockThere);
    const expected = Array.from({ length: 50 }, (_, i) => i);
    assert.deepEqual(await Promise.all(all), expected);
    assert.deepEqual(order, expected);
    assert.equal(map.locked, false);
  });

  it('comes to all who wait, through however many objects of one thread', async () => {
    const { map, peer } = await held();
    let inside = 0;
    const all = Array.from({ length: 20 }, () =>
      same(map).withLockAsync(async () => {
        assert.equal(++inside, 1);
        await null;
        inside--;
      }),
    );
    await peer.run(unlockThere);
    await Promise.all(all);
    assert.equal(await peer.run(tryThere), true);
  });

  it('withLockAsync frees it whatever its function does, and rethrows', async () => {
    const map = create();
    const mine = new Error('mine');
    const fail = () => {
      throw mine;
    };
    const isMine = (thrown) => thrown === mine;
    await assert.rejects(map.withLockAsync(fail), isMine);
    await assert.rejects(
      map.withLockAsync(async () => fail()),
      isMine,
    );
    assert.equal(await map.withLockAsync(({ recovered }) => [5, recovered][0]), 5);
    await assert.rejects(map.withLockAsync({}), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.equal(map.locked, false);
    assert.notEqual(same(map).tryLock(), null);
  });

  describe('gives up', () => {
    it('after its timeout with ERR_MMAPIPC_TIMEOUT; the next of the queue waits on', async () => {
      const { map, peer } = await held();
      const first = map.lockAsync({ timeout: 30 });
      const second = map.lockAsync({ timeout: 60 });
      const long = map.lockAsync();
      const states = watch([long]);
      await Promise.all([first, second].map((wait) => assert.rejects(wait, TIMEOUT)));
      assert.equal(states[0], 'pending');
      await peer.run(unlockThere);
      (await long).release();
    });

    it('with timeout 0 at once, whoever has it or waits', async () => {
      const { map, peer } = await held();
      await assert.rejects(map.lockAsync({ timeout: 0 }), TIMEOUT);
      const long = map.lockAsync();
      await assert.rejects(map.lockAsync({ timeout: 0 }), TIMEOUT);
      await peer.run(unlockThere);
      const guard = await long;
      await assert.rejects(map.lockAsync({ timeout: 0 }), TIMEOUT);
      /* Never DEADLOCK, which only those meet who block the thread. */
      await assert.rejects(same(map).lockAsync({ timeout: 0 }), TIMEOUT);
      await assert.rejects(same(map).lockAsync({ timeout: 10 }), TIMEOUT);
      guard.release();
      (await map.lockAsync({ timeout: 0 })).release();
    });

    it('not before its time, however long that is', async () => {
      const { map, peer } = await held();
      const waits = [2 ** 31, 2 ** 40, Infinity].map((timeout) =>
        same(map).withLockAsync(() => {}, { timeout }),
      );
      const states = watch(waits);
      await sleep(60);
      assert.deepEqual(states, ['pending', 'pending', 'pending']);
      await peer.run(unlockThere);
      await Promise.all(waits);
    });

    it('when its signal aborts: before, while it waits, while it is queued', async () => {
      const { map, peer } = await held();
      const reason = new Error('mine');
      const check = (thrown) => {
        assert.deepEqual([thrown.name, thrown.code], ['AbortError', 'ABORT_ERR']);
        assert.equal(thrown.cause, reason);
        return true;
      };
      const aborted = AbortSignal.abort(reason);
      await assert.rejects(map.lockAsync({ signal: aborted }), check);
      await assert.rejects(create().lockAsync({ signal: aborted }), check);
      await assert.rejects(map.withLockAsync(assert.fail, { signal: aborted }), check);
      const controllers = [0, 1, 2].map(() => new AbortController());
      const waits = controllers.map(({ signal }) => map.lockAsync({ signal }));
      const other = map.lockAsync();
      const states = watch(waits);
      await sleep(20);
      controllers[1].abort(reason);
      await assert.rejects(waits[1], check);
      assert.deepEqual(states, ['pending', 'ABORT_ERR', 'pending']);
      controllers[0].abort(reason);
      await assert.rejects(waits[0], check);
      controllers[2].abort(reason);
      await assert.rejects(waits[2], check);
      assert.equal(await peer.run(tryThere), false);
      await peer.run(unlockThere);
      (await other).release();
      assert.equal(await peer.run(tryThere), true);
    });

    it('and a signal that aborts after the lock came changes nothing', async () => {
      const map = create();
      const controller = new AbortController();
      const guard = await map.lockAsync({ signal: controller.signal });
      controller.abort();
      assert.equal(map.locked, true);
      guard.release();
      const code = 'ERR_INVALID_ARG_VALUE';
      assert.throws(() => map.lock({ signal: controller.signal }), { code });
      await assert.rejects(map.lockAsync({ signal: {} }), { code: 'ERR_INVALID_ARG_TYPE' });
      await assert.rejects(map.lockAsync({ signl: controller.signal }), { code });
    });

    it('when the object is closed, with ERR_MMAPIPC_CLOSED, all that wait', async () => {
      const { map, peer } = await held();
      const never = () => assert.fail('ran');
      const waits = [map.lockAsync(), map.lockAsync({ timeout: 5000 }), map.withLockAsync(never)];
      const refusals = waits.map((wait) => assert.rejects(wait, CLOSED));
      await sleep(20);
      map.close();
      await Promise.all(refusals);
      await peer.run(unlockThere);
      assert.equal(await peer.run(tryThere), true);
    });

    it('when the object is disposed of while it holds the lock itself', async () => {
      for (const take of ['lock', 'lockAsync']) {
        const map = new Mmap({ size: 9 });
        const other = same(map);
        await map[take]();
        const waits = [map.lockAsync(), map.lockAsync({ timeout: Infinity })];
        const refusals = waits.map((wait) => assert.rejects(wait, CLOSED));
        map[dispose]();
        assert.equal(map.closed, true);
        await Promise.all(refusals);
        assert.equal(other.lock({ timeout: 0 }).recovered, false);
      }
    });

    it('or comes, and leaves no listener on its signal', async () => {
      const { map, peer } = await held();
      const { signal } = new AbortController();
      await assert.rejects(map.lockAsync({ signal, timeout: 5 }), TIMEOUT);
      await assert.rejects(map.lockAsync({ signal, timeout: 0 }), TIMEOUT);
      const waits = [1, 2, 3].map(() => map.withLockAsync(() => {}, { signal }));
      await peer.run(unlockThere);
      await Promise.all(waits);
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });

    it('300 times in a row, and leaves no thread, descriptor or waiter', async () => {
      const { map, peer } = await held();
      const count = () => [
        fs.readdirSync('/proc/self/task').length,
        fs.readdirSync('/proc/self/fd').length,
      ];
      const round = async (n) => {
        for (let i = 0; i < n; i++) {
          const other = same(map);
          const controller = new AbortController();
          const wait = other.lockAsync({ signal: controller.signal });
          if (i % 2) await sleep(1);
          controller.abort();
          await assert.rejects(wait, { code: 'ABORT_ERR' });
          await assert.rejects(other.lockAsync({ timeout: (i % 5) / 2 + 0.1 }), TIMEOUT);
          other.close();
        }
        await collect();
      };
      await round(20);
      const before = count();
      await round(300);
      assert.deepEqual(count(), before);
      assert.equal(look(map.handle).lock.waiters, 0);
      await peer.run(unlockThere);
      assert.equal(await peer.run(tryThere), true);
    });
  });

  describe('whose holder dies', () => {
    const die = async (peer) => {
      peer.end();
      await peer.ended;
    };

    it('comes with recovered, which the next guard says once', async () => {
      for (const next of ['lock', 'tryLock', 'lockAsync']) {
        const { map, peer } = await held('process');
        await die(peer);
        assert.equal(map.locked, false);
        const guard = await map[next]();
        assert.equal(guard.recovered, true, next);
        assert.equal(guard.recovered, true);
        guard.release();
        for (const again of ['lock', 'tryLock', 'lockAsync']) {
          const later = await same(map)[again]();
          assert.equal(later.recovered, false);
          later.release();
        }
      }
    });

    it('comes to all who wait for it, and one of them is told', async () => {
      const { map, peer } = await held('process');
      const told = [];
      const all = [map, map, same(map), same(map)].map((each) =>
        each.withLockAsync(async ({ recovered }) => {
          await sleep(1);
          told.push(recovered);
        }),
      );
      await sleep(30);
      await die(peer);
      await Promise.all(all);
      assert.deepEqual(told, [true, false, false, false]);
    });

    it('is told again when the one who was told dies before he gives it back', async () => {
      const { map, peer } = await held('process');
      await die(peer);
      const second = await start.process({ handle: map.handle });
      const lockThere = (self) => self.map.lock().recovered;
      assert.equal(await second.run(lockThere), true);
      await die(second);
      const guard = await map.lockAsync();
      assert.equal(guard.recovered, true);
      guard.release();
      const third = await start.process({ handle: map.handle });
      assert.equal(await third.run(lockThere), false);
    });
  });

  it("leaves libuv's pool to fs and crypto, though 8 wait", async () => {
    const { map, peer } = await held();
    const waits = Array.from({ length: 8 }, () => same(map).withLockAsync(() => 1));
    await sleep(20);
    await fs.promises.readFile(__filename);
    await promisify(crypto.pbkdf2)('a', 'b', 1000, 32, 'sha256');
    assert.equal(map.locked, false);
    await peer.run(unlockThere);
    assert.deepEqual(await Promise.all(waits), Array(8).fill(1));
  });

  describe('and the end of the process', () => {
    it('a pending one puts it off until it is settled', async () => {
      const { map, peer } = await held();
      const child = await start.process({ handle: map.handle });
      await child.run((self) => {
        self.map.lockAsync({ timeout: Infinity });
      });
      await child.run(() => void setTimeout(() => process.disconnect(), 20));
      assert.equal(await Promise.race([child.ended, sleep(300)]), undefined);
      await peer.run(unlockThere);
      assert.deepEqual(await child.ended, { code: 0, signal: null });
    });

    it('those that came, were given up, closed or never asked for do not', () => {
      const { status, stdout, stderr } = runFunction(({ Mmap: There }) => {
        const map = new There({ size: 10 });
        const [other, closed] = [1, 2].map(() => There.attach(map.handle));
        const abort = new AbortController();
        const main = async () => {
          const guard = await map.lockAsync();
          const failed = (error_) => console.log(error_.code);
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
        main();
      });
      const expected = ['ERR_MMAPIPC_TIMEOUT', 'ABORT_ERR', 'ERR_MMAPIPC_CLOSED', 'held', ''];
      assert.deepEqual([status, stdout.split('\n')], [0, expected], stderr);
    });
  });
});
