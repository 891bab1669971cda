/*
 * Part of the contract: lockAsync() and withLockAsync(), and how they give up.
 */
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const dns = require('node:dns');
const { getEventListeners } = require('node:events');
const fs = require('node:fs');
const { promisify } = require('node:util');

const { inspect } = require('../..');
const { amount } = require('../support/amounts');
const { collect } = require('../support/holdings');
const { sleep } = require('../support/peer');
const { linuxIt } = require('../support/platform');
const { CLOSED, DISPOSE, NOT_LOCKED, TIMEOUT } = require('./subjects');

const ROUNDS = amount(60, 200);

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

module.exports = ({ subject, create, same, held, isFree }) => {
  it('lockAsync() acquires a free lock, which belongs to its guard', async () => {
    const object = create();
    const guard = await object.lockAsync();
    assert.deepEqual([object.locked, guard.recovered], [true, false]);
    assert.throws(() => object.unlock(), NOT_LOCKED);
    assert.deepEqual([object.locked, isFree(object)], [true, false]);
    guard.release();
    guard.release();
    assert.equal(object.locked, false);
    (await object.lockAsync({ timeout: 0 }))[DISPOSE]();
    const newer = object.lock();
    guard.release();
    assert.equal(object.locked, true);
    newer.release();
  });

  it('lockAsync() resolves when the holder releases it, and the event loop runs meanwhile', async () => {
    const { object, peer } = await held();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const promise = object.lockAsync();
    await sleep(150);
    assert.equal(object.locked, false);
    await peer.unlock();
    await promise;
    clearInterval(timer);
    assert.ok(ticks > 5, `${ticks} ticks`);
    assert.equal(await peer.isFree(), false);
  });

  it('is given to the callers of one object in their order, one at a time', async () => {
    const { object, peer } = await held();
    const order = [];
    let inside = 0;
    const all = Array.from({ length: 50 }, (_, i) =>
      object.withLockAsync(async ({ recovered }) => {
        assert.deepEqual([++inside, recovered], [1, false]);
        order.push(i);
        await (i % 3 ? null : sleep(1));
        inside--;
        return i;
      }),
    );
    await peer.unlock();
    const expected = Array.from({ length: 50 }, (_, i) => i);
    assert.deepEqual(await Promise.all(all), expected);
    assert.deepEqual(order, expected);
    assert.equal(object.locked, false);
  });

  it('is given to all that wait, through 20 objects of one thread, one at a time', async () => {
    const { object, peer } = await held();
    let inside = 0;
    const all = Array.from({ length: 20 }, () =>
      same(object).withLockAsync(async () => {
        assert.equal(++inside, 1);
        await null;
        inside--;
      }),
    );
    await peer.unlock();
    await Promise.all(all);
    assert.equal(await peer.isFree(), true);
  });

  it('withLockAsync() releases it whatever its function does, and rethrows', async () => {
    const object = create();
    const mine = new Error('mine');
    const fail = () => {
      throw mine;
    };
    for (const fn of [fail, async () => fail()]) {
      await assert.rejects(object.withLockAsync(fn), (thrown) => thrown === mine);
      assert.deepEqual([object.locked, isFree(object)], [false, true]);
    }
    assert.deepEqual(await object.withLockAsync(({ recovered }) => [5, recovered]), [5, false]);
    assert.deepEqual([object.locked, isFree(object)], [false, true]);
  });

  it('a signal that aborts after the lock was acquired changes nothing', async () => {
    const object = create();
    const controller = new AbortController();
    const guard = await object.lockAsync({ signal: controller.signal });
    controller.abort();
    assert.equal(object.locked, true);
    guard.release();
  });

  it('leaves no listener on a signal, acquired or not', async () => {
    const { object, peer } = await held();
    const { signal } = new AbortController();
    await assert.rejects(object.lockAsync({ signal, timeout: 5 }), TIMEOUT);
    await assert.rejects(object.lockAsync({ signal, timeout: 0 }), TIMEOUT);
    const waits = [1, 2, 3].map(() => object.withLockAsync(() => {}, { signal }));
    await peer.unlock();
    await Promise.all(waits);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it("8 waits leave libuv's pool to fs, dns and crypto", async () => {
    const { object, peer } = await held();
    const waits = Array.from({ length: 8 }, () => same(object).withLockAsync(() => 1));
    await sleep(20);
    await Promise.all([
      fs.promises.readFile(__filename),
      promisify(crypto.pbkdf2)('a', 'b', 1000, 32, 'sha256'),
      dns.promises.lookup('localhost').catch(() => {}),
    ]);
    assert.equal(object.locked, false);
    await peer.unlock();
    assert.deepEqual(await Promise.all(waits), Array(8).fill(1));
  });

  describe('lockAsync()', () => {
    it('rejects with TIMEOUT after its timeout; the next of the queue waits on', async () => {
      const { object, peer } = await held();
      const waits = [30, 60].map((timeout) => object.lockAsync({ timeout }));
      if (subject.isFile) waits.push(object.lockAsync({ timeout: 10, offset: 3, length: 9 }));
      const long = object.lockAsync();
      const states = watch([long]);
      await Promise.all(waits.map((wait) => assert.rejects(wait, TIMEOUT)));
      assert.equal(states[0], 'pending');
      await peer.unlock();
      (await long).release();
      assert.equal(await peer.isFree(), true);
    });

    it('with timeout 0 tries once, whether it is held or awaited, and never is a DEADLOCK', async () => {
      const { object, peer } = await held();
      await assert.rejects(object.lockAsync({ timeout: 0 }), TIMEOUT);
      const long = object.lockAsync();
      await assert.rejects(object.lockAsync({ timeout: 0 }), TIMEOUT);
      await peer.unlock();
      const guard = await long;
      await assert.rejects(object.lockAsync({ timeout: 0 }), TIMEOUT);
      await assert.rejects(same(object).lockAsync({ timeout: 0 }), TIMEOUT);
      await assert.rejects(same(object).lockAsync({ timeout: 10 }), TIMEOUT);
      guard.release();
      (await object.lockAsync({ timeout: 0 })).release();
    });

    it('does not give up before its time, however long that is', async () => {
      const { object, peer } = await held();
      const waits = [2 ** 31, 2 ** 40, Infinity].map((timeout) =>
        same(object).withLockAsync(() => {}, { timeout }),
      );
      const states = watch(waits);
      await sleep(60);
      assert.deepEqual(states, ['pending', 'pending', 'pending']);
      await peer.unlock();
      await Promise.all(waits);
    });

    it('rejects with AbortError, code ABORT_ERR and the reason as cause, when its signal aborts', async () => {
      const { object, peer } = await held();
      const reason = new Error('mine');
      const check = (thrown) => {
        assert.deepEqual([thrown.name, thrown.code], ['AbortError', 'ABORT_ERR']);
        assert.equal(thrown.cause, reason);
        return true;
      };
      const signal = AbortSignal.abort(reason);
      await assert.rejects(object.lockAsync({ signal }), check);
      await assert.rejects(create().lockAsync({ signal }), check);
      await assert.rejects(object.withLockAsync(assert.fail, { signal }), check);
      const controllers = [0, 1, 2].map(() => new AbortController());
      const waits = [0, 1, 2, 1].map((i) => object.lockAsync({ signal: controllers[i].signal }));
      const other = object.lockAsync();
      const states = watch(waits);
      await sleep(20);
      controllers[1].abort(reason);
      await Promise.all([waits[1], waits[3]].map((wait) => assert.rejects(wait, check)));
      assert.deepEqual(states, ['pending', 'ABORT_ERR', 'pending', 'ABORT_ERR']);
      for (const i of [0, 2]) {
        controllers[i].abort(reason);
        await assert.rejects(waits[i], check);
      }
      assert.equal(await peer.isFree(), false);
      await peer.unlock();
      (await other).release();
      assert.equal(await peer.isFree(), true);
    });

    it('rejects with CLOSED, all that wait, when the object is closed', async () => {
      const { object, peer } = await held();
      const options = subject.isFile ? { shared: true } : { timeout: 5000 };
      const never = () => assert.fail('ran');
      const waits = [object.lockAsync(), object.lockAsync(options), object.withLockAsync(never)];
      const refusals = waits.map((wait) => assert.rejects(wait, CLOSED));
      await sleep(20);
      object.close();
      await Promise.all(refusals);
      await peer.unlock();
      assert.equal(await peer.isFree(), true);
    });

    it('rejects with CLOSED when its object, which holds the lock, is disposed of', async () => {
      for (const acquire of ['lock', 'lockAsync']) {
        const object = create();
        const other = same(object);
        await object[acquire]();
        const waits = [object.lockAsync(), object.lockAsync({ timeout: Infinity })];
        const refusals = waits.map((wait) => assert.rejects(wait, CLOSED));
        object[DISPOSE]();
        assert.equal(object.closed, true);
        await Promise.all(refusals);
        assert.equal(other.lock({ timeout: 0 }).recovered, false);
      }
    });

    linuxIt(`gives up ${ROUNDS} times without a thread, a descriptor or a wait left`, async () => {
      const { object, peer } = await held();
      const count = () =>
        ['task', 'fd'].map((folder) => fs.readdirSync(`/proc/self/${folder}`).length);
      const round = async (n) => {
        for (let i = 0; i < n; i++) {
          const each = i % 4 < 2 ? object : same(object);
          const range = subject.isFile && i % 3 ? { offset: i % 90, length: 3 } : {};
          const controller = new AbortController();
          const wait = each.lockAsync({ signal: controller.signal, ...range });
          if (i % 2) await sleep(1);
          controller.abort();
          await assert.rejects(wait, { code: 'ABORT_ERR' });
          await assert.rejects(each.lockAsync({ timeout: (i % 5) / 2 + 0.1 }), TIMEOUT);
          if (each !== object) each.close();
        }
        await collect();
      };
      await round(20);
      const before = count();
      await round(ROUNDS);
      assert.deepEqual(count(), before);
      if (subject.recovers) assert.equal(inspect(object.handle).lock.waiters, 0);
      await peer.unlock();
      assert.equal(isFree(object), true);
    });
  });

  if (!subject.isFile) return;

  linuxIt('4 waits need 4 threads, and leave none', async () => {
    const count = () => fs.readdirSync('/proc/self/task').length;
    const { object, peer } = await held();
    const before = count();
    const waits = Array.from({ length: 4 }, () => same(object).withLockAsync(() => {}));
    await sleep(20);
    assert.equal(count(), before + 4);
    await peer.unlock();
    await Promise.all(waits);
    while (count() !== before) await sleep(5);
  });
};
