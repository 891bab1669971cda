/*
 * The lock of a Share: the contract of every lock, who may act while it is held, and what a death of
 * its holder leaves.
 */
'use strict';

const assert = require('node:assert/strict');

const { contract } = require('./lock-contract');
const { ACCESS, DEADLOCK } = require('./lock-contract/errors');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { shares, thrownBy, within } = require('./support/shares');

contract('share');

describe('a Share and its lock', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { make, attach } = shares();
  const start = peers({ reuse: true });
  const peerOf = ({ handle }, kind = 'process') => start[kind]({ of: 'Share', handle });

  it('set, update, compareAndSet and clear use the lock that lock() holds', () => {
    const share = make();
    share.lock();
    assert.equal(share.set(1), 1);
    assert.equal(
      share.update((old) => old + 1),
      2,
    );
    assert.equal(share.compareAndSet(2, 3), true);
    assert.equal(share.get(), 3);
    share.clear();
    assert.equal(share.locked, true);
    share.unlock();
    assert.equal(share.version, 4);
  });

  it('a guard of lockAsync() has get, set, update, compareAndSet and clear, until release()', async () => {
    const share = make();
    const guard = await share.lockAsync();
    assert.equal(guard.set(1), 1);
    assert.equal(
      guard.update((old) => old + 1),
      2,
    );
    assert.deepEqual([guard.get(), guard.compareAndSet(2, 3), share.get()], [2, true, 3]);
    assert.equal(guard.compareAndSet(2, 4), false);
    guard.clear();
    assert.equal(guard.get(), undefined);
    assert.throws(() => share.set(1), DEADLOCK);
    guard.release();
    for (const call of ['get', 'set', 'clear']) {
      assert.throws(() => guard[call](1), { code: 'ERR_MMAPIPC_NOT_LOCKED' });
    }
    assert.equal(share.version, 4);
  });

  it('several sets under lock() are visible to others one by one', async () => {
    const share = make();
    const peer = await peerOf(share);
    const guard = share.lock();
    for (const value of [1, 2, 3]) {
      const version = share.set(value);
      const seen = await peer.run((self) => [self.map.get(), self.map.version]);
      assert.deepEqual(seen, [value, version]);
    }
    guard.release();
  });

  it('get(), peek(), version and byteLength never wait for a lock that another holds', async () => {
    const share = make();
    share.set({ a: 1 });
    for (const kind of ['process', 'thread']) {
      const peer = await peerOf(share, kind);
      await peer.lock();
      for (let i = 0; i < 100; i++) {
        assert.deepEqual([share.get(), share.peek()], [{ a: 1 }, { a: 1 }]);
        assert.equal(share.version, 1);
        assert.ok(share.byteLength > 0);
      }
      await peer.unlock();
    }
  });

  it('set() and the like throw TIMEOUT, naming the holder, when another holds it too long', async () => {
    const share = make(100, { timeout: 50 });
    const peer = await peerOf(share);
    await peer.lock();
    const { pid } = peer.source;
    for (const call of [
      () => share.set(1),
      () => share.update(() => 1),
      () => share.compareAndSet(0, 1),
      () => share.clear(),
    ]) {
      const error = thrownBy(call);
      assert.deepEqual([error.code, error.holder.pid], ['ERR_MMAPIPC_TIMEOUT', pid]);
    }
    for (const promise of [share.setAsync(1), share.updateAsync(() => 1)]) {
      const error = await promise.catch((reason) => reason);
      assert.deepEqual([error.code, error.holder.pid], ['ERR_MMAPIPC_TIMEOUT', pid]);
    }
    make(100, { name: 'x', timeout: 0 }).set(1);
    assert.equal(share.version, 0);
    await peer.end();
    assert.equal(attach(share).set('after'), 1);
  });

  it('set() waits until another releases it', async () => {
    const share = make();
    const peer = await peerOf(share);
    await peer.lock();
    peer.unlock(100);
    assert.equal(share.set(5), 1);
  });

  it('set() and update() throw DEADLOCK while another object of the thread holds it; setAsync() waits', async () => {
    const one = make();
    const two = attach(one);
    const guard = one.lock();
    assert.throws(() => two.set(1), DEADLOCK);
    assert.throws(() => two.update(() => 1), DEADLOCK);
    const later = two.setAsync('later');
    one.set('now');
    guard.release();
    assert.equal(await within(5000, later), 2);
    assert.equal(one.get(), 'later');
  });

  it('of a read-only attachment throws ACCESS', async () => {
    const reader = attach(make(), { readOnly: true });
    for (const call of ['lock', 'tryLock']) assert.throws(() => reader[call](), ACCESS);
    await assert.rejects(reader.lockAsync(), ACCESS);
    assert.equal(reader.locked, false);
  });

  describe('whose holder dies', () => {
    /* A Share whose holder has died, and how often it emits 'recovered'. */
    async function orphaned() {
      const share = make();
      const peer = await peerOf(share);
      await peer.run((self) => {
        self.map.lock();
        self.map.set('during');
      });
      const events = { count: 0 };
      share.on('recovered', () => events.count++);
      await peer.end();
      return { share, events };
    }

    it("set() succeeds, emits 'recovered', and the next guard reports the death", async () => {
      const { share, events } = await orphaned();
      assert.equal(share.get(), 'during');
      share.set('after');
      const guard = share.lock();
      assert.equal(guard.recovered, true);
      guard.release();
      share.withLock(({ recovered }) => assert.equal(recovered, false));
      await sleep(1);
      assert.ok(events.count >= 1);
    });

    const calls = {
      'update()': (share) => share.update(() => 1),
      'updateAsync()': (share) => share.updateAsync(() => 1),
      'setAsync()': (share) => share.setAsync(1),
      'compareAndSet()': (share) => share.compareAndSet(1, 1),
      'compareAndSet() of another version': (share) => share.compareAndSet(7, 1),
      'clear()': (share) => share.clear(),
      'lockAsync()': (share) => share.withLockAsync(() => 1),
    };
    for (const [name, call] of Object.entries(calls)) {
      it(`${name} succeeds, and 'recovered' is emitted once`, async () => {
        const { share, events } = await orphaned();
        await call(share);
        for (let i = 0; i < 5; i++) {
          share.update(() => 1);
          await share.setAsync(1);
        }
        await sleep(5);
        assert.equal(events.count, 1);
      });
    }
  });
});
