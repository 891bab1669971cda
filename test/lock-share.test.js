/*
 * The lock of a Share: the contract of every lock, who may act while it is held, and what a death of
 * its holder leaves.
 */
'use strict';

const assert = require('node:assert/strict');

const { contract } = require('./lock-contract');
const { DEADLOCK, TIMEOUT, setUp, subjects } = require('./lock-contract/subjects');
const { sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');

contract('share');

describe('a Share and its lock', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { create, same, peerOf, held } = setUp(subjects.share);

  it('set, update, compareAndSet and clear use the lock that lock() holds', () => {
    const share = create();
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

  it('several sets under lock() are visible to others one by one', async () => {
    const share = create();
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
    const share = create();
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
    const { object, peer } = await held();
    const share = same(object, { timeout: 20 });
    const check = ({ code, holder }) => code === TIMEOUT.code && holder.pid === peer.source.pid;
    assert.throws(() => share.set(1), check);
    assert.throws(() => share.update(() => 1), check);
    assert.throws(() => share.compareAndSet(0, 1), check);
    assert.throws(() => share.clear(), check);
    await assert.rejects(share.setAsync(1), check);
    await assert.rejects(
      share.updateAsync(() => 1),
      check,
    );
    create({ timeout: 0 }).set(1);
    assert.equal(share.version, 0);
  });

  it('set() waits until another releases it', async () => {
    const { object: share, peer } = await held();
    peer.unlock(100);
    assert.equal(share.set(5), 1);
  });

  it('set() and update() throw DEADLOCK while another object of the thread holds it; setAsync() waits', async () => {
    const one = create();
    const two = same(one);
    const guard = one.lock();
    assert.throws(() => two.set(1), DEADLOCK);
    assert.throws(() => two.update(() => 1), DEADLOCK);
    const later = two.setAsync('later');
    one.set('now');
    guard.release();
    assert.equal(await later, 2);
    assert.equal(one.get(), 'later');
  });

  describe('whose holder dies', () => {
    /* A Share whose holder has died, and how often it emits 'recovered'. */
    async function orphaned() {
      const share = create();
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
