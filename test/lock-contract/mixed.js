/*
 * Part of the contract: synchronous and asynchronous calls on one lock in one thread. A call that
 * blocks the thread never waits for a promise of the same thread, and no promise is lost by it.
 */
'use strict';

const assert = require('node:assert/strict');

const { sleep } = require('../support/peer');
const { DEADLOCK, TIMEOUT } = require('./errors');

const SOON = 10000; /* ms: not stuck */

module.exports = ({ create, same, held, isFree }) => {
  it('lock() under an async guard throws DEADLOCK, of its object or another; tryLock() is null', async () => {
    const object = create();
    const other = same(object);
    const guard = await object.lockAsync();
    for (const each of [object, other]) {
      assert.throws(() => each.lock(), DEADLOCK);
      assert.throws(() => each.lock({ timeout: 0 }), DEADLOCK);
      assert.throws(() => each.withLock(assert.fail), DEADLOCK);
      assert.equal(each.tryLock(), null);
    }
    guard.release();
    object.lock();
  });

  it('lockAsync() waits for a lock() of its own object, and of another', async () => {
    const object = create();
    object.lock();
    const waits = [object.lockAsync(), same(object).lockAsync(), object.lockAsync()];
    const guards = Promise.all(waits.map(async (wait) => (await wait).release()));
    await sleep(30);
    object.unlock();
    await guards;
    assert.equal(object.locked, false);
  });

  it('lock() succeeds again and again in one piece of code, though promises wait', async () => {
    const object = create();
    object.lock();
    const waits = [object.lockAsync(), object.lockAsync(), same(object).lockAsync()];
    object.unlock();
    for (let i = 0; i < 100; i++) object.lock().release();
    same(object).lock().release();
    assert.equal(object.locked, false);
    await Promise.all(waits.map(async (wait) => (await wait).release()));
    object.lock();
  });

  it('lock() goes before a pending wait of its object, which goes on afterwards', async () => {
    const { object, peer } = await held();
    const wait = object.lockAsync();
    await sleep(20);
    assert.equal(object.tryLock(), null);
    assert.throws(() => object.lock({ timeout: 10 }), TIMEOUT);
    peer.unlock(50);
    const guard = object.lock();
    let isFulfilled = false;
    wait.then(() => (isFulfilled = true));
    assert.equal(await peer.isFree(), false);
    await sleep(20);
    assert.equal(isFulfilled, false);
    guard.release();
    (await wait).release();
    assert.equal(await peer.isFree(), true);
  });

  it('lock() of one object succeeds though others of the thread wait', async () => {
    const { object, peer } = await held();
    const waits = [object, same(object), same(object)].map((each) => each.lockAsync());
    await sleep(20);
    const other = same(object);
    peer.unlock(50);
    for (let i = 0; i < 20; i++) other.lock().release();
    other.withLock(() => assert.equal(object.locked, false));
    await Promise.all(waits.map(async (wait) => (await wait).release()));
  });

  it('a call with wrong options leaves a pending wait as it was', async () => {
    const { object, peer } = await held();
    const wait = object.lockAsync({ timeout: 5000 });
    await sleep(10);
    assert.throws(() => object.lock({ timeout: -1 }), { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => object.tryLock({ share: 1 }), { code: 'ERR_INVALID_ARG_VALUE' });
    await peer.unlock();
    (await wait).release();
  });

  it('every mixture of both by three objects of one thread ends, one at a time', async () => {
    const { object, peer } = await held();
    const all = [object, same(object), same(object)];
    let inside = 0;
    let counted = 0;
    const section = async () => {
      assert.equal(++inside, 1);
      await (counted % 4 ? null : sleep(0));
      inside--;
      counted++;
    };
    const jobs = [];
    let refused = 0;
    await peer.unlock();
    for (let i = 0; i < 600; i++) {
      jobs.push(all[i % 3].withLockAsync(section, { timeout: SOON }));
      if (i % 5 === 0) await null;
      if (i % 50 === 0) await sleep(1);
      try {
        all[(i + (i % 2)) % 3].withLock(() => {
          assert.equal(inside, 0);
          counted++;
        });
      } catch ({ code }) {
        assert.equal(code, DEADLOCK.code);
        refused++;
      }
    }
    await Promise.all(jobs);
    assert.equal(counted, 1200 - refused);
    assert.equal(isFree(object), true);
  });
};
