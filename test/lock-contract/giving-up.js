/*
 * Part of the contract: lockAsync() that does not acquire the lock: a timeout, a signal, or the end of
 * its object.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { inspect } = require('../..');
const { collect } = require('../support/holdings');
const { sleep } = require('../support/peer');
const { linuxIt } = require('../support/platform');
const { CLOSED, DISPOSE, TIMEOUT } = require('./errors');

const ROUNDS = 200;

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
  describe('lockAsync()', () => {
    it('rejects with TIMEOUT after its timeout; the next of the queue waits on', async () => {
      const { object, peer } = await held();
      const waits = [30, 60].map((timeout) => object.lockAsync({ timeout }));
      const long = object.lockAsync();
      const states = watch([long]);
      await Promise.all(waits.map((wait) => assert.rejects(wait, TIMEOUT)));
      assert.equal(states[0], 'pending');
      await peer.unlock();
      (await long).release();
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
      const waits = controllers.map((one) => object.lockAsync({ signal: one.signal }));
      const other = object.lockAsync();
      const states = watch(waits);
      await sleep(20);
      controllers[1].abort(reason);
      await assert.rejects(waits[1], check);
      assert.deepEqual(states, ['pending', 'ABORT_ERR', 'pending']);
      for (const i of [0, 2]) {
        controllers[i].abort(reason);
        await assert.rejects(waits[i], check);
      }
      assert.equal(await peer.isFree(), false);
      await peer.unlock();
      (await other).release();
      assert.equal(await peer.isFree(), true);
    });

    it('rejects all waits of a signal that aborts', async () => {
      const { object } = await held();
      const controller = new AbortController();
      const waits = [1, 2, 3].map(() => object.lockAsync({ signal: controller.signal }));
      const refusals = waits.map((wait) => assert.rejects(wait, { code: 'ABORT_ERR' }));
      controller.abort();
      await Promise.all(refusals);
    });

    it('leaves nothing held after it gave up: another process acquires the lock', async () => {
      const { object, peer } = await held();
      const controller = new AbortController();
      const aborted = object.lockAsync({ signal: controller.signal });
      await sleep(10);
      controller.abort();
      await assert.rejects(aborted, { code: 'ABORT_ERR' });
      await assert.rejects(object.lockAsync({ timeout: 10 }), TIMEOUT);
      if (subject.isFile) {
        await assert.rejects(object.lockAsync({ timeout: 10, offset: 3, length: 9 }), TIMEOUT);
      }
      await peer.unlock();
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
};
