/*
 * What becomes of a lock when its object is closed, disposed of or forgotten; how long sync waits
 * last; and autolock.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap } = require('..');
const { collect } = require('./support/holdings');
const { peers } = require('./support/peer');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const SIZE = 10000;
const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });
const CLOSED = error('CLOSED');
const TIMEOUT = error('TIMEOUT');

describe('a lock and its object', () => {
  const tmp = scratch();
  const start = peers();
  const create = (extra) => new Mmap({ file: tmp(), size: SIZE, readOnly: false, ...extra });

  /* Whether another object gets the lock now. */
  function isFree(file, options) {
    const other = new Mmap({ file, readOnly: false });
    const free = other.tryLock(options) !== null;
    other[dispose]();
    return free;
  }

  describe('closing', () => {
    it('throws ERR_MMAPIPC_LOCKED while locked, and everything stays as it was', () => {
      const map = create();
      const guard = map.lock();
      assert.throws(() => map.close(), error('LOCKED'));
      assert.throws(() => map.unmap(), error('LOCKED'));
      assert.equal(map.closed, false);
      assert.equal(map.locked, true);
      assert.equal(isFree(map.file), false);
      assert.equal(map.write('still here'), 10);
      guard.release();
      map.close();
      assert.equal(map.locked, false);
    });

    it('by dispose releases first, and leaves guards that do nothing', () => {
      const map = create();
      const guard = map.lock();
      map[dispose]();
      assert.equal(map.closed, true);
      assert.equal(map.locked, false);
      assert.equal(isFree(map.file), true);
      const next = new Mmap({ file: map.file, readOnly: false });
      next.lock();
      guard.release();
      assert.equal(next.locked, true);
      assert.equal(isFree(map.file), false);
      next[dispose]();
    });

    it('by dispose releases a lock taken by lockAsync too', async () => {
      const map = create();
      await map.lockAsync();
      assert.throws(() => map.close(), error('LOCKED'));
      map[dispose]();
      assert.equal(isFree(map.file), true);
    });

    it('makes every call of the family throw ERR_MMAPIPC_CLOSED', async () => {
      const map = create();
      map.lock().release();
      map.close();
      assert.throws(() => map.lock(), CLOSED);
      assert.throws(() => map.tryLock(), CLOSED);
      assert.throws(() => map.unlock(), CLOSED);
      assert.throws(() => map.withLock(assert.fail), CLOSED);
      await assert.rejects(map.lockAsync(), CLOSED);
      await assert.rejects(map.withLockAsync(assert.fail), CLOSED);
      assert.equal(map.locked, false);
    });

    it('inside withLock is refused, and dispose there does not hide what was thrown', () => {
      const map = create();
      assert.throws(() => map.withLock(() => map.close()), error('LOCKED'));
      map.withLock(() => map[dispose]());
      assert.equal(map.closed, true);
      assert.equal(isFree(map.file), true);
    });

    it('by Mmap.with rethrows what the function threw while it held the lock', async () => {
      const file = create().file;
      let map;
      const fail = (given) => {
        map = given;
        map.lock();
        throw new RangeError('mine');
      };
      assert.throws(() => Mmap.with({ file, readOnly: false }, fail), RangeError);
      assert.equal(map.closed, true);
      assert.equal(isFree(file), true);
      const later = async (given) => fail(given);
      await assert.rejects(Mmap.with({ file, readOnly: false }, later), RangeError);
      assert.equal(map.closed, true);
    });
  });

  describe('forgetting', () => {
    it('the object alone keeps the lock held, as long as its guard is kept', async () => {
      const { file } = create();
      const guard = new Mmap({ file, readOnly: false }).lock();
      await collect(6);
      assert.equal(isFree(file), false);
      guard.release();
      assert.equal(isFree(file), true);
    });

    linuxIt('a thousand objects that were locked once leaves no descriptor', async () => {
      const { file } = create();
      const count = () => fs.readdirSync('/proc/self/fd').length;
      await collect(6);
      const before = count();
      const use = (i) => {
        const map = new Mmap({ file, readOnly: false });
        map.lock(i % 2 ? { offset: i, length: 5 } : undefined).release();
        if (i % 3) map.close();
      };
      for (let i = 0; i < 1000; i++) use(i);
      await collect(6);
      assert.equal(count(), before);
    });
  });

  describe('waiting for another process', () => {
    const held = async (options) => {
      const map = create();
      const peer = await start.process({ file: map.file, readOnly: false });
      await peer.run((self, opts) => void self.map.lock(opts), options);
      return { map, peer };
    };

    it('ends with ERR_MMAPIPC_TIMEOUT after the timeout, which may be a fraction or 0', async () => {
      const { map } = await held();
      for (const timeout of [0, 0.4, 50.5]) {
        const since = performance.now();
        assert.throws(() => map.lock({ timeout }), TIMEOUT);
        const took = performance.now() - since;
        assert.ok(took >= timeout && took < timeout + 1000, `${took} ms for ${timeout}`);
        assert.equal(map.locked, false);
      }
      assert.throws(() => map.lock({ shared: true, timeout: 10 }), TIMEOUT);
      assert.throws(() => map.lock({ offset: 5, length: 1, timeout: 10 }), TIMEOUT);
      assert.equal(map.tryLock(), null);
    });

    linuxIt('names the process that holds it, in message and holder', async () => {
      const { map, peer } = await held();
      const { pid } = peer.source;
      assert.throws(
        () => map.lock({ timeout: 0 }),
        (thrown) => thrown.holder.pid === pid && thrown.message.includes(String(pid)),
      );
    });

    linuxIt('names nobody who holds another range only', async () => {
      const { map, peer } = await held({ offset: 0, length: 10 });
      const others = [];
      for (let i = 1; i < 4; i++) {
        const other = await start.process({ file: map.file, readOnly: false });
        await other.run((self, at) => void self.map.lock({ offset: at, length: 10 }), i * 100);
        others.push(other.source.pid);
      }
      assert.throws(
        () => map.lock({ offset: 0, length: 10, timeout: 0 }),
        (thrown) => [undefined, peer.source.pid].includes(thrown.holder?.pid),
      );
      assert.throws(
        () => map.lock({ offset: 300, length: 1, timeout: 0 }),
        (thrown) => [undefined, others[2]].includes(thrown.holder?.pid),
      );
    });

    it('takes the timeout of the object, and Infinity', async () => {
      const { map, peer } = await held();
      const short = new Mmap({ file: map.file, timeout: 20 });
      assert.throws(() => short.lock(), TIMEOUT);
      assert.throws(() => short.withLock(assert.fail), TIMEOUT);
      peer.run(async (self) => {
        await self.sleep(100);
        self.map.unlock();
      });
      const endless = new Mmap({ file: map.file, readOnly: false, timeout: Infinity });
      endless.lock();
      assert.equal(endless.locked, true);
      endless.unlock();
    });

    it('leaves nothing held after a timeout', async () => {
      const { map, peer } = await held();
      assert.throws(() => map.lock({ timeout: 5 }), TIMEOUT);
      const again = await peer.run((self) => {
        self.map.unlock();
        return self.map.tryLock() !== null;
      });
      assert.equal(again, true);
    });
  });

  describe('autolock', () => {
    const actions = {
      read: (map) => map.read(0, 1),
      readInto: (map) => map.readInto(Buffer.alloc(1)),
      readString: (map) => map.readString(0, 1),
      write: (map) => map.write('x'),
    };

    it('keeps each read and write out while another process holds the lock', async () => {
      const { file } = create();
      const map = new Mmap({ file, readOnly: false, autolock: true, timeout: 20 });
      const reader = new Mmap({ file, autolock: true, timeout: 20 });
      const peer = await start.process({ file, readOnly: false });
      await peer.run((self) => void self.map.lock());
      for (const action of Object.values(actions)) assert.throws(() => action(map), TIMEOUT);
      assert.throws(() => reader.read(), TIMEOUT);
      await peer.run((self) => self.map.unlock());
      for (const action of Object.values(actions)) action(map);
      await peer.run((self) => void self.map.lock({ shared: true }));
      reader.read();
      assert.throws(() => map.read(), TIMEOUT);
    });

    it('locks for the time of the call only, and uses a lock that is held', () => {
      const map = create({ autolock: true });
      for (const action of Object.values(actions)) {
        action(map);
        assert.equal(map.locked, false);
        map.lock();
        action(map);
        assert.equal(map.locked, true);
        map.unlock();
      }
      assert.equal(isFree(map.file), true);
    });

    it('gives the lock back when the call fails', () => {
      const map = create({ autolock: true });
      assert.throws(() => map.read(SIZE), { code: 'ERR_OUT_OF_RANGE' });
      assert.throws(() => map.write(5), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.equal(map.locked, false);
      assert.equal(isFree(map.file), true);
      map.close();
      assert.throws(() => map.read(), CLOSED);
    });

    it('is off by default, and wants a boolean', async () => {
      const map = create();
      const peer = await start.process({ file: map.file, readOnly: false });
      await peer.run((self) => void self.map.lock());
      for (const action of Object.values(actions)) action(map);
      assert.throws(() => create({ autolock: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
    });
  });
});
