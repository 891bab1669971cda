/*
 * Part of the contract: synchronous and asynchronous calls on one lock in one thread. A call that
 * blocks the thread never waits for a promise of the same thread, and no promise is lost by it.
 */
'use strict';

const assert = require('node:assert/strict');

const { inspect } = require('../..');
const { sleep } = require('../support/peer');
const { CLOSED, DEADLOCK, DISPOSE, LOCKED, SOON, TIMEOUT } = require('./subjects');

const busy = (ms) => {
  for (const until = performance.now() + ms; performance.now() < until;);
};

module.exports = ({ subject, create, same, held, isFree }) => {
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

  for (const whose of ['its object', 'another object']) {
    it(`lock() of ${whose} goes before pending waits, which go on afterwards`, async () => {
      const { object, peer } = await held();
      const waits = [object, object, same(object)].map((each) => each.lockAsync());
      await sleep(20);
      const first = whose === 'its object' ? object : same(object);
      assert.equal(first.tryLock(), null);
      assert.throws(() => first.lock({ timeout: 10 }), TIMEOUT);
      peer.unlock(50);
      for (let i = 0; i < 20; i++) first.lock().release();
      const guard = first.lock();
      let isFulfilled = false;
      for (const wait of waits) wait.then(() => (isFulfilled = true));
      assert.equal(await peer.isFree(), false);
      await sleep(20);
      assert.equal(isFulfilled, false);
      guard.release();
      await Promise.all(waits.map(async (wait) => (await wait).release()));
      assert.equal(await peer.isFree(), true);
    });
  }

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

  /* Blocks the event loop until the wait has acquired the lock, or, of a file, which does not show who
   * holds it, for long enough. */
  function block(object) {
    if (!subject.recovers) {
      busy(200);
      return;
    }
    const until = performance.now() + SOON;
    while (inspect(object.handle).lock.holder?.pid !== process.pid) {
      assert.ok(performance.now() < until, 'the wait has not acquired the lock');
    }
  }

  async function undelivered(options) {
    const { object, peer } = await held();
    const wait = object.lockAsync(options);
    wait.catch(() => {});
    await sleep(20);
    const sent = peer.unlock();
    block(object);
    assert.equal(object.locked, false);
    return { object, peer, wait, sent };
  }

  /* The guard is released, and the promise, which was pending so long, is fulfilled. */
  async function assertGoesOn({ object, peer, wait, sent }, guard) {
    let isFulfilled = false;
    wait.then(() => (isFulfilled = true));
    await sent;
    assert.equal(await peer.isFree(), false);
    await sleep(20);
    assert.equal(isFulfilled, false);
    guard.release();
    const later = await wait;
    assert.deepEqual([object.locked, later.recovered], [true, false]);
    assert.equal(await peer.isFree(), false);
    later.release();
    assert.equal(await peer.isFree(), true);
  }

  const calls = {
    'lock()': (object) => object.lock(),
    'lock({ timeout: 0 })': (object) => object.lock({ timeout: 0 }),
    'tryLock()': (object) => object.tryLock(),
  };

  describe('while a wait has acquired it, and the event loop is blocked', () => {
    for (const [name, acquire] of Object.entries(calls)) {
      it(`${name} of its object acquires it, and the promise is fulfilled later`, async () => {
        const found = await undelivered();
        const { object } = found;
        const guard = acquire(object);
        assert.deepEqual([object.locked, guard.recovered], [true, false]);
        assert.throws(() => object.lock(), DEADLOCK);
        assert.equal(same(object).tryLock(), null);
        await assertGoesOn(found, guard);
      });

      if (!subject.lends && name !== 'lock()') continue;
      it(`${name} of another object acquires it, and the promise is fulfilled later`, async () => {
        const found = await undelivered();
        const { object } = found;
        const other = same(object);
        const guard = acquire(other);
        assert.deepEqual([object.locked, other.locked], [false, true]);
        assert.throws(() => object.lock(), DEADLOCK);
        assert.throws(() => same(object).lock(), DEADLOCK);
        await assertGoesOn(found, guard);
      });
    }

    it('1,000 short locks by three objects succeed, and then the promise', async () => {
      const { object, peer, wait } = await undelivered();
      const all = [object, same(object), same(object)];
      for (let i = 0; i < 1000; i++) all[i % 3].lock().release();
      all[1].withLock(() => assert.equal(all[0].tryLock(), null));
      assert.equal(object.locked, false);
      (await wait).release();
      assert.equal(await peer.isFree(), true);
    });

    it('the promise is fulfilled, though its timeout ends before the event loop runs', async () => {
      const { object, wait } = await undelivered({ timeout: 300 });
      busy(400);
      const guard = await wait;
      assert.equal(object.locked, true);
      guard.release();
    });

    it('a wait that ends meanwhile leaves the lock to the call that holds it', async () => {
      const controller = new AbortController();
      const ends = [
        [{ signal: controller.signal }, () => controller.abort(), { code: 'ABORT_ERR' }],
        [{ timeout: 500 }, () => {}, TIMEOUT],
      ];
      for (const [options, end, thrown] of ends) {
        const { object, peer, wait } = await undelivered(options);
        const next = object.lockAsync();
        const guard = object.lock();
        end();
        await assert.rejects(wait, thrown);
        assert.equal(object.locked, true);
        assert.equal(await peer.isFree(), false);
        guard.release();
        (await next).release();
        assert.equal(await peer.isFree(), true);
      }
    });

    it('close() releases it; dispose too, with a lock() that came first', async () => {
      for (const isBorrowed of [false, true]) {
        const { object, peer, wait } = await undelivered();
        if (isBorrowed) object.lock();
        if (isBorrowed) assert.throws(() => object.close(), LOCKED);
        if (isBorrowed) object[DISPOSE]();
        else object.close();
        await assert.rejects(wait, CLOSED);
        const recovered = await peer.run((self) => self.map.lock({ timeout: 0 }).recovered);
        assert.equal(recovered, false);
      }
    });

    if (!subject.recovers) return;

    if (!subject.isShare) {
      it('an autolock of another object succeeds', async () => {
        const { object, wait } = await undelivered();
        const locking = same(object, { autolock: true });
        locking.write('hello');
        assert.equal(locking.readString(0, 5), 'hello');
        (await wait).release();
      });
    }

    for (const whose of ['its object', 'another object']) {
      it(`a death is reported once: to the call of ${whose} that came before the promise`, async () => {
        const { object, peer } = await held();
        const wait = object.lockAsync();
        await sleep(20);
        peer.end();
        block(object);
        const guard = (whose === 'its object' ? object : same(object)).lock();
        assert.equal(guard.recovered, true);
        guard.release();
        const later = await wait;
        assert.equal(later.recovered, false);
        later.release();
      });
    }
  });
};
