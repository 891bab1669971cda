/*
 * A Share and its lock: who may act while somebody has it, and what a death in it leaves.
 */
'use strict';

const assert = require('node:assert/strict');

const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { shares, thrownBy, within } = require('./support/shares');

const DEADLOCK = { name: 'MmapipcError', code: 'ERR_MMAPIPC_DEADLOCK' };

/* In a peer: opens the Share as self.share. */
const openThere = (self, handle, options) => {
  self.share = self.Share.attach(handle, options);
};
const lockThere = (self) => {
  self.guard = self.share.lock();
};
const releaseThere = (self) => self.guard.release();

describe('Share: under its lock', function () {
  if (!isLinux) return;
  const { make, attach } = shares();
  const start = peers();

  async function peerOf(share, kind = 'process') {
    const peer = await start[kind]();
    await peer.run(openThere, share.handle);
    return peer;
  }

  it('between lock() and unlock() set, update, compareAndSet, clear use the lock held', () => {
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

  it('several sets inside lock() are seen one by one by others', async () => {
    const share = make();
    const peer = await peerOf(share);
    const seen = (self) => [self.share.get(), self.share.version];
    const guard = share.lock();
    for (const value of [1, 2, 3]) {
      const version = share.set(value);
      assert.deepEqual(await peer.run(seen), [value, version]);
    }
    guard.release();
  });

  it('get(), peek(), version, byteLength never wait for a lock that somebody holds', async () => {
    const share = make();
    share.set({ a: 1 });
    for (const kind of ['process', 'thread']) {
      const peer = await peerOf(share, kind);
      await peer.run(lockThere);
      for (let i = 0; i < 100; i++) {
        assert.deepEqual(share.get(), { a: 1 });
        assert.deepEqual(share.peek(), { a: 1 });
        assert.equal(share.version, 1);
        assert.ok(share.byteLength > 0);
      }
      await peer.run(releaseThere);
    }
  });

  it('the lock held by another: set() waits at most for the timeout, then tells who has it', async () => {
    const share = make(100, { timeout: 50 });
    const peer = await peerOf(share);
    const pid = await peer.run((self) => {
      self.share.lock();
      return process.pid;
    });
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
    const never = make(100, { name: 'x', timeout: 0 });
    never.set(1);
    assert.equal(share.version, 0);
    peer.end();
    await peer.ended;
    const again = attach(share);
    assert.equal(again.set('after'), 1);
    assert.equal(again.lock().recovered, true);
  });

  it('set() that is waiting goes on when the lock is free', async () => {
    const share = make();
    const peer = await peerOf(share);
    await peer.run((self) => {
      self.share.lock();
      setTimeout(() => self.share.unlock(), 100);
    });
    assert.equal(share.set(5), 1);
  });

  it("a holder that dies: the next set() succeeds, 'recovered' is told, and the next lock() says so", async () => {
    const share = make();
    share.set('before');
    const peer = await peerOf(share);
    await peer.run((self) => {
      self.share.lock();
      self.share.set('during');
    });
    let told = 0;
    share.on('recovered', () => told++);
    peer.end();
    await peer.ended;
    assert.equal(share.get(), 'during');
    share.set('after');
    const guard = share.lock();
    assert.equal(guard.recovered, true);
    guard.release();
    share.withLock(({ recovered }) => assert.equal(recovered, false));
    await sleep(1);
    assert.ok(told >= 1);
  });

  for (const first of [
    'update',
    'updateAsync',
    'setAsync',
    'compareAndSet',
    'compareAndSet to no avail',
    'clear',
    'lockAsync',
  ]) {
    it(`a holder that dies: ${first}() succeeds, and 'recovered' is told once`, async () => {
      const share = make();
      const peer = await peerOf(share);
      await peer.run(lockThere);
      let told = 0;
      share.on('recovered', () => told++);
      peer.end();
      await peer.ended;
      const calls = {
        update: () => share.update(() => 1),
        updateAsync: () => share.updateAsync(() => 1),
        setAsync: () => share.setAsync(1),
        compareAndSet: () => share.compareAndSet(0, 1),
        'compareAndSet to no avail': () => share.compareAndSet(7, 1),
        clear: () => share.clear(),
        lockAsync: () => share.withLockAsync(() => 1),
      };
      await calls[first]();
      for (let i = 0; i < 5; i++) {
        share.update(() => 1);
        await share.setAsync(1);
      }
      await sleep(5);
      assert.equal(told, 1);
    });
  }

  it('two objects of one thread: DEADLOCK for sync calls, setAsync() waits', async () => {
    const one = make();
    const two = attach(one);
    const guard = one.lock();
    assert.throws(() => two.set(1), DEADLOCK);
    assert.throws(() => two.update(() => 1), DEADLOCK);
    assert.throws(() => two.lock(), DEADLOCK);
    const later = two.setAsync('later');
    one.set('now');
    guard.release();
    assert.equal(await within(5000, later), 2);
    assert.equal(one.get(), 'later');
  });
});
