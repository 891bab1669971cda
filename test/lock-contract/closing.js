/*
 * Part of the contract: a lock whose object is closed, disposed of or collected; and autolock.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap, Share } = require('../..');
const { collect } = require('../support/holdings');
const { open } = require('../support/open');
const { linuxIt } = require('../support/platform');
const { CLOSED, DEADLOCK, DISPOSE, LOCKED, TIMEOUT } = require('./subjects');

const ACQUIRE = ['lock', 'tryLock', 'lockAsync'];

const ACTIONS = {
  read: (map) => map.read(0, 1),
  readInto: (map) => map.readInto(Buffer.alloc(1)),
  readString: (map) => map.readString(0, 1),
  write: (map) => map.write('x'),
  pack: (map) => map.pack(0, 'N', 1),
  unpack: (map) => map.unpack(0, 'N'),
  packArray: (map) => map.packArray(0, 'N', [1]),
  unpackInto: (map) => map.unpackInto(0, 'N', []),
};
const act = Object.values(ACTIONS);

module.exports = ({ subject, create, same, peerOf, isFree }) => {
  it('close() throws LOCKED while the lock is held, and everything stays as it was', async () => {
    for (const acquire of ACQUIRE) {
      const object = create();
      const guard = await object[acquire]();
      for (const close of subject.isShare ? ['close'] : ['close', 'unmap']) {
        assert.throws(() => object[close](), LOCKED);
      }
      assert.deepEqual([object.closed, object.locked, isFree(object)], [false, true, false]);
      if (!subject.isShare || acquire !== 'lockAsync') subject.use(object);
      guard.release();
      object.close();
      assert.deepEqual([object.closed, object.locked], [true, false]);
    }
  });

  it('dispose releases it first, which is no recovery, and leaves guards that do nothing', async () => {
    for (const acquire of ACQUIRE) {
      const object = create();
      const other = same(object);
      const guard = await object[acquire]();
      object[DISPOSE]();
      assert.deepEqual([object.closed, object.locked], [true, false]);
      assert.equal(other.lock({ timeout: 0 }).recovered, false);
      guard.release();
      assert.deepEqual([other.locked, isFree(other)], [true, false]);
    }
  });

  it('every call of the family throws CLOSED after close()', async () => {
    const object = create();
    object.lock().release();
    object.close();
    for (const call of ['lock', 'tryLock', 'unlock']) assert.throws(() => object[call](), CLOSED);
    assert.throws(() => object.withLock(assert.fail), CLOSED);
    await assert.rejects(object.lockAsync(), CLOSED);
    await assert.rejects(object.withLockAsync(assert.fail), CLOSED);
    assert.equal(object.locked, false);
  });

  it('close() in withLock() throws LOCKED; dispose there releases it', () => {
    const object = create();
    const other = same(object);
    assert.throws(() => object.withLock(() => object.close()), LOCKED);
    object.withLock(() => object[DISPOSE]());
    assert.equal(object.closed, true);
    assert.equal(isFree(other), true);
  });

  it('with() rethrows what its function threw with the lock held, and releases it', async () => {
    const other = create();
    let object;
    const fail = (given) => {
      object = given;
      object.lock();
      throw new RangeError('mine');
    };
    const { of, ...where } = subject.where(other);
    const within = (fn) =>
      of === 'Share' ? Share.with(other.capacity, where, fn) : Mmap.with(where, fn);
    assert.throws(() => within(fail), RangeError);
    assert.deepEqual([object.closed, isFree(other)], [true, true]);
    const failLater = async (given) => fail(given);
    await assert.rejects(within(failLater), RangeError);
    assert.equal(object.closed, true);
    assert.equal(other.lock({ timeout: 0 }).recovered, false);
  });

  it('an object whose guard is kept, or whose lock is awaited, is not collected', async () => {
    const object = create();
    const guard = same(object).lock();
    const wait = (() => same(object).lockAsync())();
    await collect(6);
    assert.equal(isFree(object), false);
    guard.release();
    const second = await wait;
    await collect(6);
    assert.deepEqual([second.recovered, isFree(object)], [false, false]);
    second.release();
    assert.equal(object.lock().recovered, false);
  });

  linuxIt('300 objects that were locked once leave no descriptor', async () => {
    const object = create();
    const count = () => fs.readdirSync('/proc/self/fd').length;
    await collect(6);
    const before = count();
    const use = (i) => {
      const other = open(subject.where(object));
      other.lock(subject.isFile && i % 2 ? { offset: i % 90, length: 5 } : undefined).release();
      if (i % 3) other.close();
    };
    for (let i = 0; i < 300; i++) use(i);
    await collect(6);
    assert.equal(count(), before);
  });

  if (subject.isShare) return;

  describe('autolock', () => {
    for (const [name, action] of Object.entries(ACTIONS)) {
      it(`locks for the time of a ${name}(), and uses a lock that is held`, async () => {
        const map = create({ autolock: true });
        const other = same(map);
        action(map);
        assert.deepEqual([map.locked, isFree(map)], [false, true]);
        map.lock();
        action(map);
        assert.equal(map.locked, true);
        map.unlock();
        const guard = await map.lockAsync();
        action(map);
        assert.equal(map.locked, true);
        guard.release();
        other.lock();
        assert.throws(() => action(map), DEADLOCK);
        action(other);
      });
    }

    it('waits for others, as long as the timeout is; without it nothing waits', async () => {
      const map = create({ autolock: true, timeout: 20 });
      const peer = await peerOf(map);
      await peer.lock();
      for (const action of act) {
        assert.throws(() => action(map), TIMEOUT);
        action(same(map));
      }
      peer.unlock(50);
      ACTIONS.read(same(map, { autolock: true }));
      for (const action of act) action(map);
    });

    it('releases the lock when the call fails, and wants a boolean', () => {
      const map = create({ autolock: true });
      assert.throws(() => map.read(map.size), { code: 'ERR_OUT_OF_RANGE' });
      assert.throws(() => map.write(5), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.deepEqual([map.locked, isFree(map)], [false, true]);
      assert.throws(() => create({ autolock: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
      map.close();
      assert.throws(() => map.read(), CLOSED);
    });
  });
};
