/*
 * What becomes of the lock of a region when its object is closed, disposed of or forgotten; and
 * autolock.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap } = require('..');
const { layout } = require('../lib/native/binding');
const { collect } = require('./support/holdings');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const SIZE = 100;
const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });

describe('the lock of a region and its object', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { open } = regions();
  const start = peers();

  const create = (extra) => open({ size: SIZE, ...extra });
  const same = ({ handle }, extra) => open({ handle, ...extra });
  const isFree = (other) => {
    const guard = other.tryLock();
    guard?.release();
    return guard !== null;
  };

  describe('closing', () => {
    it('throws ERR_MMAPIPC_LOCKED while locked, and everything stays as it was', async () => {
      for (const take of ['lock', 'tryLock', 'lockAsync']) {
        const map = create();
        const guard = await map[take]();
        assert.throws(() => map.close(), error('LOCKED'));
        assert.throws(() => map.unmap(), error('LOCKED'));
        assert.deepEqual([map.closed, map.locked, isFree(same(map))], [false, true, false]);
        assert.equal(map.write('still here'), 10);
        guard.release();
        map.close();
        assert.deepEqual([map.closed, map.locked], [true, false]);
      }
    });

    it('by dispose releases first, which is no recovery, and leaves guards that do nothing', async () => {
      for (const take of ['lock', 'tryLock', 'lockAsync']) {
        const map = create();
        const other = same(map);
        const guard = await map[take]();
        map[dispose]();
        assert.deepEqual([map.closed, map.locked], [true, false]);
        assert.equal(other.lock({ timeout: 0 }).recovered, false);
        guard.release();
        assert.equal(other.locked, true);
      }
    });

    it('by dispose closes it even when the word of the lock was overwritten meanwhile', () => {
      const map = create();
      const fd = fs.openSync(`/proc/self/fd/${map.handle.split(':')[3]}`, 'r+');
      const { offset } = layout.region.fields.lock;
      map.lock();
      fs.writeSync(fd, Buffer.from([1, 2, 3, 0]), 0, 4, offset);
      assert.throws(() => map[dispose](), error('CORRUPT'));
      assert.equal(map.closed, true);
      fs.closeSync(fd);
    });

    it('makes every call of the family throw ERR_MMAPIPC_CLOSED', async () => {
      const map = create();
      map.lock().release();
      map.close();
      for (const call of ['lock', 'tryLock', 'unlock']) {
        assert.throws(() => map[call](), error('CLOSED'));
      }
      assert.throws(() => map.withLock(assert.fail), error('CLOSED'));
      await assert.rejects(map.lockAsync(), error('CLOSED'));
      await assert.rejects(map.withLockAsync(assert.fail), error('CLOSED'));
      assert.equal(map.locked, false);
    });

    it('by with(), after a throw with the lock held, frees it', () => {
      const map = create();
      const fail = (given) => {
        given.lock();
        throw new RangeError('mine');
      };
      assert.throws(() => Mmap.with({ handle: map.handle }, fail), RangeError);
      assert.equal(map.lock({ timeout: 0 }).recovered, false);
    });
  });

  describe('forgetting', () => {
    it('an object whose guard is kept, or whose lock is awaited, is not collected', async () => {
      const map = create();
      const guard = new Mmap({ handle: map.handle }).lock();
      const wait = (() => new Mmap({ handle: map.handle }).lockAsync())();
      await collect(6);
      assert.equal(isFree(map), false);
      guard.release();
      const second = await wait;
      await collect(6);
      assert.deepEqual([second.recovered, isFree(map)], [false, false]);
      second.release();
      assert.equal(map.lock().recovered, false);
    });
  });

  describe('autolock', () => {
    const actions = {
      read: (map) => map.read(0, 1),
      readInto: (map) => map.readInto(Buffer.alloc(1)),
      readString: (map) => map.readString(0, 1),
      write: (map) => map.write('x'),
      pack: (map) => map.pack(0, 'N', 1),
      unpack: (map) => map.unpack(0, 'N'),
      packArray: (map) => map.packArray(0, 'N', [1]),
      unpackInto: (map) => map.unpackInto(0, 'N', []),
    };
    const all = Object.entries(actions);

    for (const [name, action] of all) {
      it(`locks for the time of a ${name}(), and uses a lock that is held`, async () => {
        const map = create({ autolock: true });
        const other = same(map);
        action(map);
        assert.deepEqual([map.locked, isFree(other)], [false, true]);
        map.lock();
        action(map);
        assert.equal(map.locked, true);
        map.unlock();
        const guard = await map.lockAsync();
        action(map);
        assert.equal(map.locked, true);
        guard.release();
        other.lock();
        assert.throws(() => action(map), error('DEADLOCK'));
        action(other);
      });
    }

    it('waits for others, as long as the timeout is; without it nothing waits', async () => {
      const map = create({ autolock: true, timeout: 20 });
      const peer = await start.thread({ handle: map.handle });
      await peer.run((self) => void self.map.lock());
      for (const [name, action] of all) {
        assert.throws(() => action(map), error('TIMEOUT'), name);
        action(same(map));
      }
      peer.run(async (self) => {
        await self.sleep(50);
        self.map.unlock();
      });
      actions.read(same(map, { autolock: true }));
      for (const [, action] of all) action(map);
    });

    it('gives the lock back when the call fails, and wants an attachment that can lock', () => {
      const map = create({ autolock: true });
      assert.throws(() => map.read(SIZE), { code: 'ERR_OUT_OF_RANGE' });
      assert.throws(() => map.write(5), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.deepEqual([map.locked, isFree(same(map))], [false, true]);
      for (const extra of [{ readOnly: true }, { private: true }]) {
        assert.throws(() => same(map, { autolock: true, ...extra }), {
          code: 'ERR_INVALID_ARG_VALUE',
        });
      }
    });
  });
});
