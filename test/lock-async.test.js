/*
 * lockAsync and withLockAsync: their order, their ends, what they leave, and that they hold up
 * neither the event loop nor synchronous calls of the same thread.
 */
'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const fs = require('node:fs');

const { Mmap } = require('..');
const { collect } = require('./support/holdings');
const { mappings } = require('./support/opened');
const { peers, sleep } = require('./support/peer');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });
const TIMEOUT = error('TIMEOUT');

describe('an asynchronous lock', function () {
  this.timeout(30000);
  const tmp = scratch();
  const start = peers();
  const { create, same } = mappings(tmp, 4096);

  const lockThere = (self, options) => void self.map.lock(options);
  const unlockThere = (self) => self.map.unlock();
  const tryThere = (self) => {
    const guard = self.map.tryLock();
    guard?.release();
    return guard !== null;
  };

  /* A mapping whose lock another process holds. */
  async function held(options) {
    const map = create();
    const peer = await start.process({ file: map.file, readOnly: false });
    await peer.run(lockThere, options);
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
    const map = create();
    const guard = await map.lockAsync();
    assert.equal(map.locked, true);
    assert.equal(guard.recovered, false);
    assert.throws(() => map.unlock(), error('NOT_LOCKED'));
    assert.equal(same(map).tryLock(), null);
    guard.release();
    guard.release();
    assert.equal(map.locked, false);
    const other = same(map);
    const sharing = await other.lockAsync({ shared: true, offset: 5, length: 5, timeout: 0 });
    map.lock({ shared: true, offset: 5, length: 5 });
    sharing[dispose]();
    assert.equal(other.locked, false);
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
      map.withLockAsync(
        async (guard) => {
          assert.equal(++inside, 1);
          assert.equal(guard.recovered, false);
          order.push(i);
          await (i % 3 ? null : sleep(1));
          inside--;
          return i;
        },
        i % 2 ? { shared: true } : { offset: i, length: 10 },
      ),
    );
    await peer.run(unlockThere);
    const expected = Array.from({ length: 50 }, (_, i) => i);
    assert.deepEqual(await Promise.all(all), expected);
    assert.deepEqual(order, expected);
    assert.equal(map.locked, false);
  });

  it('withLockAsync frees the lock whatever its function does, and rethrows', async () => {
    const map = create();
    const mine = new Error('mine');
    const fail = () => {
      throw mine;
    };
    await assert.rejects(map.withLockAsync(fail), (thrown) => thrown === mine);
    await assert.rejects(
      map.withLockAsync(async () => fail()),
      (thrown) => thrown === mine,
    );
    assert.equal(await map.withLockAsync(() => 5), 5);
    assert.equal(map.locked, false);
    assert.notEqual(same(map).tryLock(), null);
  });

  describe('gives up', () => {
    it('after its timeout with ERR_MMAPIPC_TIMEOUT; the next of the queue waits on', async () => {
      const { map, peer } = await held();
      const long = map.lockAsync();
      const first = map.lockAsync({ timeout: 30 });
      await assert.rejects(first, TIMEOUT);
      assert.equal(watch([long])[0], 'pending');
      await peer.run(unlockThere);
      (await long).release();
    });

    it('with timeout 0 at once, though others wait', async () => {
      const { map } = await held();
      const since = performance.now();
      await assert.rejects(map.lockAsync({ timeout: 0 }), TIMEOUT);
      const long = map.lockAsync({ timeout: 5000 });
      long.catch(() => {});
      await assert.rejects(map.lockAsync({ timeout: 0 }), TIMEOUT);
      assert.ok(performance.now() - since < 3000);
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

    linuxIt('naming the process that holds it, in message and holder', async () => {
      const { map, peer } = await held();
      const { pid } = peer.source;
      const check = (thrown) => thrown.holder.pid === pid && thrown.message.includes(`${pid}`);
      await assert.rejects(map.lockAsync({ timeout: 10 }), check);
      await assert.rejects(map.lockAsync({ timeout: 0 }), check);
    });

    linuxIt('never naming this process, which only waits', async () => {
      const { map } = await held({ offset: 0, length: 10 });
      for (let i = 0; i < 10; i++) {
        await assert.rejects(
          map.lockAsync({ offset: 0, length: 10, timeout: 20 }),
          (thrown) => thrown.code === TIMEOUT.code && thrown.holder?.pid !== process.pid,
        );
      }
    });

    it('when its signal aborts, with AbortError, code ABORT_ERR and the reason as cause', async () => {
      const { map, peer } = await held();
      const reason = new Error('mine');
      const check = (thrown) => {
        assert.equal(thrown.name, 'AbortError');
        assert.equal(thrown.code, 'ABORT_ERR');
        assert.equal(thrown.cause, reason);
        return true;
      };
      await assert.rejects(map.lockAsync({ signal: AbortSignal.abort(reason) }), check);
      const controller = new AbortController();
      const { signal } = controller;
      const waits = [1, 2, 3].map(() => map.lockAsync({ signal }));
      const other = map.lockAsync();
      const refusals = waits.map((wait) => assert.rejects(wait, check));
      await sleep(20);
      controller.abort(reason);
      await Promise.all(refusals);
      assert.equal(await peer.run(tryThere), false);
      await peer.run(unlockThere);
      (await other).release();
      assert.equal(await peer.run(tryThere), true);
      await assert.rejects(
        map.withLockAsync(assert.fail, { signal: AbortSignal.abort(reason) }),
        check,
      );
    });

    it('and a signal that aborts after the lock came changes nothing', async () => {
      const map = create();
      const controller = new AbortController();
      const guard = await map.lockAsync({ signal: controller.signal });
      controller.abort();
      assert.equal(map.locked, true);
      guard.release();
      assert.throws(() => map.lock({ signal: controller.signal }), {
        code: 'ERR_INVALID_ARG_VALUE',
      });
      await assert.rejects(map.lockAsync({ signal: {} }), { code: 'ERR_INVALID_ARG_TYPE' });
    });

    it('leaving nothing held: another process gets the lock', async () => {
      const { map, peer } = await held();
      const controller = new AbortController();
      const aborted = map.lockAsync({ signal: controller.signal });
      await sleep(10);
      controller.abort();
      await assert.rejects(aborted, { code: 'ABORT_ERR' });
      await assert.rejects(map.lockAsync({ timeout: 10 }), TIMEOUT);
      await assert.rejects(map.lockAsync({ timeout: 10, offset: 3, length: 9 }), TIMEOUT);
      await peer.run(unlockThere);
      assert.equal(await peer.run(tryThere), true);
    });

    it('when the mapping is closed, with ERR_MMAPIPC_CLOSED, all that wait', async () => {
      const { map, peer } = await held();
      const never = () => assert.fail('ran');
      const waits = [map.lockAsync(), map.lockAsync({ shared: true }), map.withLockAsync(never)];
      const refusals = waits.map((wait) => assert.rejects(wait, error('CLOSED')));
      await sleep(20);
      map.close();
      await Promise.all(refusals);
      await peer.run(unlockThere);
      assert.equal(await peer.run(tryThere), true);
    });

    it('when the mapping is disposed of while it holds the lock itself', async () => {
      for (const take of ['lock', 'lockAsync']) {
        const map = new Mmap({ file: tmp(), size: 9, readOnly: false });
        await map[take]();
        const waits = [map.lockAsync(), map.lockAsync({ timeout: Infinity })];
        const refusals = waits.map((wait) => assert.rejects(wait, error('CLOSED')));
        map[dispose]();
        assert.equal(map.closed, true);
        await Promise.all(refusals);
        assert.notEqual(same(map).tryLock(), null);
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

    linuxIt('200 times in a row without a thread, a descriptor or a wait left', async () => {
      const { map, peer } = await held();
      const count = () => [
        fs.readdirSync('/proc/self/task').length,
        fs.readdirSync('/proc/self/fd').length,
      ];
      const round = async (n) => {
        for (let i = 0; i < n; i++) {
          const controller = new AbortController();
          const range = i % 3 ? {} : { offset: i, length: 3 };
          const wait = map.lockAsync({ signal: controller.signal, ...range });
          if (i % 2) await sleep(1);
          controller.abort();
          await assert.rejects(wait, { code: 'ABORT_ERR' });
          await assert.rejects(map.lockAsync({ timeout: (i % 5) / 2 + 0.1 }), TIMEOUT);
        }
        await collect();
      };
      await round(20);
      const before = count();
      await round(200);
      assert.deepEqual(count(), before);
      await peer.run(unlockThere);
      assert.equal(await peer.run(tryThere), true);
    });
  });
});
