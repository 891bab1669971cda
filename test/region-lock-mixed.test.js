/*
 * Synchronous and asynchronous calls on the lock of one region in one thread: what blocks the thread
 * never waits for a promise of the same thread, and no promise is lost by it. And other threads.
 */
'use strict';

const assert = require('node:assert/strict');

const { inspect: look } = require('..');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const SOON = 10000; /* ms: not stuck */
const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });
const DEADLOCK = error('DEADLOCK');
const TIMEOUT = error('TIMEOUT');

describe('the lock of a region, with and without promises in one thread', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { open } = regions();
  const start = peers();

  const create = (extra) => open({ size: 64, ...extra });
  const same = ({ handle }, extra) => open({ handle, ...extra });
  const unlockThere = (self) => self.map.unlock();
  const tryThere = (self) => {
    const guard = self.map.tryLock();
    guard?.release();
    return guard !== null;
  };

  async function held(who = 'thread') {
    const map = create();
    const peer = await start[who]({ handle: map.handle });
    await peer.run((self) => void self.map.lock());
    return { map, peer };
  }

  /* Blocks the event loop until this thread has the lock, by the wait that nobody was told of. */
  function block(map) {
    const until = performance.now() + SOON;
    while (look(map.handle).lock.holder?.thread !== process.pid) {
      assert.ok(performance.now() < until, 'the wait has not won');
    }
  }

  /* A wait that has won, undelivered, of a region that `peer` had. */
  async function undelivered(options) {
    const { map, peer } = await held();
    const wait = map.lockAsync(options);
    wait.catch(() => {});
    await sleep(20);
    const sent = peer.run(unlockThere);
    block(map);
    assert.equal(map.locked, false);
    return { map, peer, wait, sent };
  }

  const takes = {
    'lock()': (map) => map.lock(),
    'lock({ timeout: 0 })': (map) => map.lock({ timeout: 0 }),
    'tryLock()': (map) => map.tryLock(),
  };

  it('under an async guard lock() is DEADLOCK, of the object or another here; tryLock() null', async () => {
    const map = create();
    const other = same(map);
    const guard = await map.lockAsync();
    for (const each of [map, other]) {
      assert.throws(() => each.lock(), DEADLOCK);
      assert.throws(() => each.lock({ timeout: 0 }), DEADLOCK);
      assert.throws(() => each.withLock(assert.fail), DEADLOCK);
      assert.equal(each.tryLock(), null);
    }
    guard.release();
    map.lock();
  });

  it('lockAsync() never is: it waits for a lock() of its own object, and of another', async () => {
    const map = create();
    map.lock();
    const waits = [map.lockAsync(), same(map).lockAsync(), map.lockAsync()];
    const guards = Promise.all(waits.map(async (wait) => (await wait).release()));
    await sleep(30);
    map.unlock();
    await guards;
    assert.equal(map.locked, false);
  });

  it('lock() comes again and again in one piece of code, though its object has a promise to keep', async () => {
    const map = create();
    map.lock();
    const waits = [map.lockAsync(), map.lockAsync(), same(map).lockAsync()];
    map.unlock();
    for (let i = 0; i < 100; i++) map.lock().release();
    same(map).lock().release();
    assert.equal(map.locked, false);
    const order = waits.map(async (wait) => (await wait).release());
    await Promise.all(order);
    map.lock();
  });

  it('lock() goes before a pending wait of its object, which goes on afterwards', async () => {
    const { map, peer } = await held();
    const wait = map.lockAsync();
    await sleep(20);
    assert.equal(map.tryLock(), null);
    assert.throws(() => map.lock({ timeout: 10 }), TIMEOUT);
    peer.run(async (self) => {
      await self.sleep(50);
      self.map.unlock();
    });
    const guard = map.lock();
    let came = false;
    wait.then(() => (came = true));
    assert.equal(await peer.run(tryThere), false);
    await sleep(20);
    assert.equal(came, false);
    guard.release();
    (await wait).release();
    assert.equal(await peer.run(tryThere), true);
  });

  describe('while a wait has won, and the event loop is blocked', () => {
    for (const [name, take] of Object.entries(takes)) {
      it(`${name} of its object gets the lock, and the promise is fulfilled later`, async () => {
        const { map, peer, wait, sent } = await undelivered();
        const guard = take(map);
        assert.deepEqual([map.locked, guard.recovered], [true, false]);
        assert.throws(() => map.lock(), DEADLOCK);
        assert.equal(same(map).tryLock(), null);
        let came = false;
        wait.then(() => (came = true));
        await sent;
        assert.equal(await peer.run(tryThere), false);
        await sleep(20);
        assert.equal(came, false);
        guard.release();
        const later = await wait;
        assert.deepEqual([map.locked, later.recovered], [true, false]);
        assert.equal(await peer.run(tryThere), false);
        later.release();
        assert.equal(await peer.run(tryThere), true);
      });

      it(`${name} of another object gets the lock, and the promise is fulfilled later`, async () => {
        const { map, peer, wait, sent } = await undelivered();
        const other = same(map);
        const guard = take(other);
        assert.deepEqual([map.locked, other.locked], [false, true]);
        assert.throws(() => map.lock(), DEADLOCK);
        assert.throws(() => same(map).lock(), DEADLOCK);
        let came = false;
        wait.then(() => (came = true));
        await sent;
        assert.equal(await peer.run(tryThere), false);
        await sleep(20);
        assert.equal(came, false);
        guard.release();
        (await wait).release();
        assert.equal(await peer.run(tryThere), true);
      });
    }

    it('1,000 short locks by three objects come through, and then the promise', async () => {
      const { map, peer, wait } = await undelivered();
      const all = [map, same(map), same(map)];
      for (let i = 0; i < 1000; i++) all[i % 3].lock().release();
      all[1].withLock(() => assert.equal(all[0].tryLock(), null));
      assert.equal(map.locked, false);
      (await wait).release();
      assert.equal(await peer.run(tryThere), true);
    });

    it('it has come in time, though its timeout ends before anybody can be told', async () => {
      const since = performance.now();
      const { map, wait } = await undelivered({ timeout: 500 });
      while (performance.now() < since + 600);
      const guard = await wait;
      assert.equal(map.locked, true);
      guard.release();
    });

    it('a wait that ends meanwhile leaves the lock to the call that has it', async () => {
      const controller = new AbortController();
      const ends = [
        [{ signal: controller.signal }, () => controller.abort(), { code: 'ABORT_ERR' }],
        [{ timeout: 2000 }, () => {}, TIMEOUT],
      ];
      for (const [options, end, thrown] of ends) {
        const { map, peer, wait } = await undelivered(options);
        const next = map.lockAsync();
        const guard = map.lock();
        end();
        await assert.rejects(wait, thrown);
        assert.equal(map.locked, true);
        assert.equal(await peer.run(tryThere), false);
        guard.release();
        (await next).release();
        assert.equal(await peer.run(tryThere), true);
      }
    });

    it('closing gives it back; disposing too, with the call that has borrowed it', async () => {
      for (const borrow of [false, true]) {
        const { map, peer, wait } = await undelivered();
        if (borrow) map.lock();
        if (borrow) assert.throws(() => map.close(), error('LOCKED'));
        if (borrow) map[dispose]();
        else map.close();
        await assert.rejects(wait, error('CLOSED'));
        const recovered = await peer.run((self) => self.map.lock({ timeout: 0 }).recovered);
        assert.equal(recovered, false);
      }
    });

    it('an autolock of its object, or of another, goes through', async () => {
      const { map, wait } = await undelivered();
      const locking = same(map, { autolock: true });
      locking.write('hello');
      assert.equal(locking.readString(0, 5), 'hello');
      (await wait).release();
      const again = await undelivered();
      const own = same(again.map, { autolock: true });
      own.write('x');
      (await again.wait).release();
    });

    for (const who of ['its object', 'another object']) {
      it(`a recovery is told once: to the call of ${who} that came before the promise`, async () => {
        const { map, peer } = await held('process');
        const wait = map.lockAsync();
        await sleep(20);
        peer.end();
        block(map);
        const first = who === 'its object' ? map : same(map);
        const guard = first.lock();
        assert.equal(guard.recovered, true);
        guard.release();
        const later = await wait;
        assert.equal(later.recovered, false);
        later.release();
      });
    }
  });

  it('lock() of one object comes though others of the thread wait by promise', async () => {
    const { map, peer } = await held();
    const waits = [map, same(map), same(map)].map((each) => each.lockAsync());
    await sleep(20);
    const other = same(map);
    peer.run(async (self) => {
      await self.sleep(50);
      self.map.unlock();
    });
    for (let i = 0; i < 20; i++) other.lock().release();
    other.withLock(() => assert.equal(map.locked, false));
    await Promise.all(waits.map(async (wait) => (await wait).release()));
  });

  it('every mixture of both by three objects of one thread ends, one at a time', async () => {
    const { map, peer } = await held();
    const all = [map, same(map), same(map)];
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
    await peer.run(unlockThere);
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
    assert.equal(await peer.run(tryThere), true);
  });

  describe('another thread of the process', () => {
    it('is a stranger: no DEADLOCK, its lock() waits until it is free', async () => {
      const map = create();
      const threads = [await start.thread({ handle: map.handle })];
      threads.push(await start.thread({ handle: map.handle }));
      const guard = await map.lockAsync();
      const getThere = (self, timeout) => self.map.lock({ timeout }).release();
      await assert.rejects(threads[0].run(getThere, 0), { code: TIMEOUT.code });
      await assert.rejects(threads[0].run(getThere, 30), { code: TIMEOUT.code });
      assert.equal(await threads[0].run(tryThere), false);
      const got = threads.map((thread) => thread.run(getThere, SOON));
      await sleep(30);
      guard.release();
      await Promise.all(got);
      await threads[0].run((self) => void self.map.lock());
      assert.throws(() => map.lock({ timeout: 20 }), TIMEOUT);
      await assert.rejects(map.lockAsync({ timeout: 20 }), TIMEOUT);
      assert.equal(map.tryLock(), null);
      threads[0].run(async (self) => {
        await self.sleep(50);
        self.map.unlock();
      });
      assert.equal(map.lock().recovered, false);
    });

    it('is named by its own number in the holder of a timeout', async () => {
      const { map } = await held();
      assert.throws(
        () => map.lock({ timeout: 0 }),
        ({ holder }) => holder.pid === process.pid && holder.thread !== process.pid,
      );
    });
  });
});
