/*
 * The lock of a region, in one thread and against others: taking, refusing and giving back. Closing,
 * collection and autolock are in region-lock-life.test.js, promises in region-lock-async.test.js,
 * deaths in region-lock-ends.test.js.
 */
'use strict';

const assert = require('node:assert/strict');
const { inspect } = require('node:util');

const { Mmap, inspect: look, PROT_READ, PROT_WRITE, MAP_ANON, MAP_SHARED } = require('..');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const SIZE = 100;
const RW = PROT_READ | PROT_WRITE;
const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });
const DEADLOCK = error('DEADLOCK');
const NOT_LOCKED = error('NOT_LOCKED');
const TIMEOUT = error('TIMEOUT');
const UNSUPPORTED = error('UNSUPPORTED');

describe('the lock of a region', function () {
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

  /* A region whose lock somebody else has. */
  async function held(who = 'thread') {
    const map = create();
    const peer = await start[who]({ handle: map.handle });
    await peer.run((self) => void self.map.lock());
    return { map, peer };
  }
  const unlockThere = (self) => self.map.unlock();
  const unlockSoon = async (self, ms) => {
    await self.sleep(ms);
    self.map.unlock();
  };
  const tryThere = (self) => {
    const guard = self.map.tryLock();
    guard?.release();
    return guard !== null;
  };

  const ways = {
    '{ size }, and attach()': () => {
      const map = create();
      return [map, Mmap.attach(map.handle)];
    },
    '{ handle }': () => {
      const map = create();
      return [same(map), same(map)];
    },
    '{ inherit }': () => [open({ inherit: 'x', size: SIZE }), open({ inherit: 'x' })],
    '{ name }': () => [open({ name: 'x', size: SIZE }), Mmap.open({ name: 'x' })],
    "a name with MAP_ANON, as IPC::Mmap's": () =>
      [SIZE, 0].map((size) => new Mmap('x', size, RW, MAP_ANON | MAP_SHARED)),
  };
  for (const [way, make] of Object.entries(ways)) {
    describe(`of ${way}`, () => {
      let map;
      let other;
      beforeEach(() => ([map, other] = make()));
      afterEach(() => {
        map[dispose]();
        other[dispose]();
      });

      it('lock() takes it, unlock() gives it back, locked tells', () => {
        assert.equal(map.locked, false);
        const guard = map.lock();
        assert.deepEqual([map.locked, other.locked, guard.recovered], [true, false, false]);
        assert.equal(isFree(other), false);
        assert.equal(map.unlock(), undefined);
        assert.equal(map.locked, false);
        assert.equal(isFree(other), true);
      });

      it('is one for all objects and processes', async () => {
        const { handle, name } = map;
        const peer = await start.process(name === undefined ? { handle } : { name });
        map.lock();
        assert.equal(await peer.run(tryThere), false);
        map.unlock();
        await peer.run((self) => void self.map.lock());
        for (const each of [map, other]) {
          assert.equal(each.tryLock(), null);
          assert.throws(() => each.lock({ timeout: 5 }), TIMEOUT);
          await assert.rejects(each.lockAsync({ timeout: 5 }), TIMEOUT);
        }
        await peer.run(unlockThere);
        (await other.lockAsync()).release();
        map.lock().release();
      });

      it('two regions have two locks', () => {
        const third = create();
        map.lock();
        third.lock();
        assert.deepEqual([map.locked, third.locked], [true, true]);
      });
    });
  }

  describe('taken and given back', () => {
    it('tryLock() gives a guard, or null when it is not free, and never waits', async () => {
      const { map, peer } = await held();
      const since = performance.now();
      for (let i = 0; i < 1000; i++) assert.equal(map.tryLock(), null);
      assert.ok(performance.now() - since < 2000);
      await peer.run(unlockThere);
      const guard = map.tryLock({});
      assert.equal(guard.recovered, false);
      assert.equal(map.tryLock(), null);
      assert.equal(same(map).tryLock(), null);
      guard.release();
      assert.equal(map.locked, false);
    });

    it('unlock() of what is not held is NOT_LOCKED', () => {
      const map = create();
      assert.throws(() => map.unlock(), NOT_LOCKED);
      map.lock().release();
      assert.throws(() => map.unlock(), NOT_LOCKED);
      same(map).lock();
      assert.throws(() => map.unlock(), NOT_LOCKED);
    });

    it('release() may be called again, and frees only what its guard took', () => {
      const map = create();
      const other = same(map);
      const old = map.lock();
      old.release();
      old.release();
      const newer = map.lock();
      old.release();
      old[dispose]();
      assert.deepEqual([map.locked, isFree(other)], [true, false]);
      map.unlock();
      const newest = other.lock();
      newer.release();
      old.release();
      assert.deepEqual([other.locked, isFree(map)], [true, false]);
      newest[dispose]();
      assert.deepEqual([other.locked, isFree(map)], [false, true]);
    });

    it('a lock that could never come is DEADLOCK at once: of this object, or of another here', () => {
      const map = create({ timeout: Infinity });
      const other = same(map, { timeout: Infinity });
      map.lock();
      for (const each of [map, other]) {
        assert.throws(() => each.lock(), DEADLOCK);
        assert.throws(() => each.lock({ timeout: 0 }), DEADLOCK);
        assert.throws(() => each.lock({ timeout: 5000 }), DEADLOCK);
        assert.throws(() => each.withLock(assert.fail), DEADLOCK);
        assert.equal(each.tryLock(), null);
      }
      assert.equal(map.locked, true);
      map.unlock();
      other.lock();
      assert.throws(() => map.lock(), DEADLOCK);
    });

    it('10,000 times by each of three objects in turn', () => {
      const map = create();
      const all = [map, same(map), same(map)];
      for (let i = 0; i < 10000; i++) for (const each of all) each.lock().release();
      for (const each of all) assert.equal(isFree(each), true);
    });
  });

  describe('withLock', () => {
    it('gives what the function gives, with the lock held only meanwhile', () => {
      const map = create();
      const other = same(map);
      const result = map.withLock((guard) => {
        assert.deepEqual([guard.recovered, map.locked, other.tryLock()], [false, true, null]);
        return 42;
      });
      assert.deepEqual([result, map.locked, isFree(other)], [42, false, true]);
    });

    it('frees it when the function throws, and when it returns a promise: TypeError', () => {
      const map = create();
      const other = same(map);
      const mine = new Error('mine');
      const fail = () => {
        throw mine;
      };
      assert.throws(
        () => map.withLock(fail),
        (thrown) => thrown === mine,
      );
      assert.equal(isFree(other), true);
      for (const fn of [async () => {}, () => ({ then() {} })]) {
        assert.throws(() => map.withLock(fn), {
          name: 'TypeError',
          code: 'ERR_INVALID_RETURN_VALUE',
        });
        assert.deepEqual([map.locked, isFree(other)], [false, true]);
      }
      assert.throws(() => map.withLock(), { code: 'ERR_INVALID_ARG_TYPE' });
    });

    it('does not release a lock that the function took in place of its own', () => {
      const map = create();
      map.withLock((guard) => {
        guard.release();
        map.lock();
      });
      assert.equal(map.locked, true);
    });
  });

  describe('waiting for another process or thread', () => {
    it('ends with ERR_MMAPIPC_TIMEOUT after the timeout, which may be a fraction or 0', async () => {
      const { map } = await held();
      for (const timeout of [0, 0.4, 50.5, 120]) {
        const since = performance.now();
        assert.throws(() => map.lock({ timeout }), TIMEOUT);
        const took = performance.now() - since;
        assert.ok(took >= timeout && took < timeout + 1000, `${took} ms for ${timeout}`);
        assert.equal(map.locked, false);
      }
    });

    it('names the holder: pid, thread, and for how long, in holder and message', async () => {
      const { map, peer } = await held('process');
      const { pid } = peer.source;
      await new Promise((resolve) => setTimeout(resolve, 60));
      const check = ({ code, message, holder }) => {
        assert.equal(code, TIMEOUT.code);
        assert.deepEqual([holder.pid, holder.thread, holder.alive], [pid, pid, true]);
        assert.ok(holder.heldMs >= 50 && holder.heldMs < 30000, `${holder.heldMs}`);
        assert.ok(message.includes(`${pid}`) && message.includes(`${holder.heldMs} ms`), message);
        return true;
      };
      assert.throws(() => map.lock({ timeout: 0 }), check);
      assert.throws(() => map.lock({ timeout: 20 }), check);
      await assert.rejects(map.lockAsync({ timeout: 0 }), check);
      await assert.rejects(map.lockAsync({ timeout: 20 }), check);
    });

    it('takes the timeout of the object, 10 s by default, and Infinity', async () => {
      const { map, peer } = await held();
      const short = same(map, { timeout: 20 });
      assert.throws(() => short.lock(), TIMEOUT);
      assert.throws(() => short.withLock(assert.fail), TIMEOUT);
      await assert.rejects(short.lockAsync(), TIMEOUT);
      for (const each of [map, same(map, { timeout: Infinity })]) {
        peer.run(unlockSoon, 80);
        each.lock().release();
        await peer.run((self) => void self.map.lock());
      }
      peer.run(unlockSoon, 80);
      map.lock({ timeout: Infinity });
      assert.equal(map.locked, true);
    });

    it('leaves nothing held or waiting after a timeout', async () => {
      const { map, peer } = await held();
      for (let i = 0; i < 20; i++) assert.throws(() => map.lock({ timeout: 3 }), TIMEOUT);
      const { holder, waiters } = look(map.handle).lock;
      assert.deepEqual(
        [holder.pid, holder.thread !== process.pid, waiters],
        [process.pid, true, 0],
      );
      await peer.run(unlockThere);
      assert.equal(look(map.handle).lock.holder, null);
      assert.equal(await peer.run(tryThere), true);
    });
  });

  describe('takes options', () => {
    const wrong = [
      [{ timout: 1 }, 'ERR_INVALID_ARG_VALUE'],
      [{ timeOut: 1 }, 'ERR_INVALID_ARG_VALUE'],
      [{ timeout: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: null }, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ timeout: NaN }, 'ERR_OUT_OF_RANGE'],
      [{ shared: 1 }, 'ERR_INVALID_ARG_TYPE'],
      [{ shared: true }, 'ERR_MMAPIPC_UNSUPPORTED'],
      [{ offset: 0 }, 'ERR_MMAPIPC_UNSUPPORTED'],
      [{ length: 10 }, 'ERR_MMAPIPC_UNSUPPORTED'],
      [5, 'ERR_INVALID_ARG_TYPE'],
      [null, 'ERR_INVALID_ARG_TYPE'],
    ];
    for (const [options, code] of wrong) {
      it(`of which ${inspect(options)} is ${code}`, async () => {
        const map = create();
        assert.throws(() => map.lock(options), { code });
        const forTry = options?.timeout === undefined ? code : 'ERR_INVALID_ARG_VALUE';
        assert.throws(() => map.tryLock(options), { code: forTry });
        assert.throws(() => map.withLock(assert.fail, options), { code });
        await assert.rejects(map.lockAsync(options), { code });
        await assert.rejects(map.withLockAsync(assert.fail, options), { code });
        assert.deepEqual([map.locked, isFree(same(map))], [false, true]);
      });
    }

    it('of which undefined ones, and shared: false, ask for what there is', async () => {
      const map = create();
      map.lock({ timeout: undefined, shared: undefined, offset: undefined }).release();
      map.lock({ shared: false }).release();
      map.tryLock({ shared: false, length: undefined }).release();
      (await map.lockAsync({ signal: undefined, shared: false })).release();
      assert.equal(map.locked, false);
    });
  });

  it('is not for those who attach read-only: ERR_MMAPIPC_ACCESS, and nothing is taken', async () => {
    const map = create();
    open({ name: 'ro', size: SIZE });
    for (const reader of [same(map, { readOnly: true }), open({ name: 'ro', readOnly: true })]) {
      for (const call of ['lock', 'tryLock']) assert.throws(() => reader[call](), error('ACCESS'));
      assert.throws(() => reader.withLock(assert.fail), error('ACCESS'));
      await assert.rejects(reader.lockAsync(), error('ACCESS'));
      await assert.rejects(reader.withLockAsync(assert.fail), error('ACCESS'));
      assert.equal(reader.locked, false);
    }
    map.lock();
    assert.equal(same(map, { readOnly: true }).readString(0, 1), '\0');
  });

  it('is not there for private memory: ERR_MMAPIPC_UNSUPPORTED', async () => {
    const map = open({ size: SIZE, private: true });
    for (const call of ['lock', 'tryLock', 'unlock']) assert.throws(() => map[call](), UNSUPPORTED);
    await assert.rejects(map.lockAsync(), UNSUPPORTED);
    assert.equal(map.locked, false);
  });
});
