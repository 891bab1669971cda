/*
 * Part of the contract: acquiring and releasing in one thread, guards, withLock(), deadlocks, options.
 */
'use strict';

const assert = require('node:assert/strict');
const { inspect } = require('node:util');

const { DEADLOCK, DISPOSE, NOT_LOCKED } = require('./subjects');

const VALUE = 'ERR_INVALID_ARG_VALUE';
const TYPE = 'ERR_INVALID_ARG_TYPE';
const RANGE = 'ERR_OUT_OF_RANGE';

const WRONG = [
  [{ time: 1 }, VALUE],
  [{ timeOut: 1 }, VALUE],
  [{ share: true }, VALUE],
  [{ timeout: '1' }, TYPE],
  [{ timeout: null }, TYPE],
  [{ timeout: -1 }, RANGE],
  [{ timeout: NaN }, RANGE],
  [{ shared: 1 }, TYPE],
  [5, TYPE],
  [null, TYPE],
];

module.exports = ({ subject, create, same, held, isFree }) => {
  it('lock() acquires it, unlock() releases it, and `locked` follows', () => {
    const object = create();
    assert.equal(object.locked, false);
    const guard = object.lock();
    const others = same(object).locked;
    assert.deepEqual([object.locked, others, guard.recovered], [true, false, false]);
    assert.equal(isFree(object), false);
    assert.equal(object.unlock(), undefined);
    assert.deepEqual([object.locked, isFree(object)], [false, true]);
  });

  it('tryLock() returns a guard, or null while the lock is held, and never waits', async () => {
    const { object, peer } = await held();
    for (let i = 0; i < 1000; i++) assert.equal(object.tryLock(), null);
    await peer.unlock();
    const guard = object.tryLock({});
    assert.deepEqual([guard.recovered, typeof guard.release], [false, 'function']);
    const other = same(object);
    assert.deepEqual([object.tryLock(), other.tryLock(), other.locked], [null, null, false]);
    guard.release();
    assert.equal(object.locked, false);
    assert.notEqual(other.tryLock(), null);
  });

  it('unlock() without the lock throws NOT_LOCKED', () => {
    const object = create();
    assert.throws(() => object.unlock(), NOT_LOCKED);
    object.lock().release();
    assert.throws(() => object.unlock(), NOT_LOCKED);
    same(object).lock();
    assert.throws(() => object.unlock(), NOT_LOCKED);
  });

  it('release() may be called again, and releases only what its guard acquired', () => {
    const object = create();
    const other = same(object);
    const old = object.lock();
    old.release();
    old.release();
    const newer = object.lock();
    old.release();
    old[DISPOSE]();
    assert.deepEqual([object.locked, isFree(object)], [true, false]);
    object.unlock();
    const newest = object.tryLock();
    newer.release();
    assert.deepEqual([object.locked, isFree(object)], [true, false]);
    newest[DISPOSE]();
    const another = other.lock();
    newest.release();
    assert.deepEqual([other.locked, isFree(object)], [true, false]);
    another[DISPOSE]();
    assert.deepEqual([other.locked, isFree(object)], [false, true]);
  });

  it('a second lock() by the holder, or by another object of its thread, throws DEADLOCK', () => {
    const object = create({ timeout: Infinity });
    const other = same(object, { timeout: Infinity });
    object.lock();
    for (const each of [object, other]) {
      assert.throws(() => each.lock({ timeout: 0 }), DEADLOCK);
      assert.throws(() => each.lock({ timeout: 5000 }), DEADLOCK);
      assert.throws(() => each.lock(), DEADLOCK);
      assert.throws(() => each.withLock(assert.fail), DEADLOCK);
      assert.equal(each.tryLock(), null);
    }
    assert.equal(object.locked, true);
    object.unlock();
    other.lock();
    assert.throws(() => object.lock(), DEADLOCK);
  });

  it('is another one for other memory', () => {
    const [one, other] = [create(), create()];
    one.lock();
    other.lock();
    assert.deepEqual([one.locked, other.locked], [true, true]);
  });

  it('is acquired 10,000 times by each of three objects in turn', () => {
    const object = create();
    const all = [object, same(object), same(object)];
    for (let i = 0; i < 10000; i++) for (const each of all) each.lock().release();
    assert.equal(isFree(object), true);
  });

  describe('withLock()', () => {
    it('returns what its function returns, and holds the lock only meanwhile', () => {
      const object = create();
      const result = object.withLock((guard) => {
        assert.deepEqual([guard.recovered, object.locked, isFree(object)], [false, true, false]);
        return 42;
      });
      assert.deepEqual([result, object.locked, isFree(object)], [42, false, true]);
    });

    it('rethrows what its function throws, and releases the lock', () => {
      const object = create();
      const mine = new Error('mine');
      const fail = () => {
        throw mine;
      };
      assert.throws(
        () => object.withLock(fail),
        (thrown) => thrown === mine,
      );
      assert.deepEqual([object.locked, isFree(object)], [false, true]);
    });

    it('throws a TypeError for a promise, and releases the lock', () => {
      const object = create();
      for (const fn of [async () => {}, () => ({ then() {} })]) {
        assert.throws(() => object.withLock(fn), {
          name: 'TypeError',
          code: 'ERR_INVALID_RETURN_VALUE',
        });
        assert.deepEqual([object.locked, isFree(object)], [false, true]);
      }
    });

    it('does not release a lock that its function acquired in place of its own', () => {
      const object = create();
      object.withLock((guard) => {
        guard.release();
        object.lock();
      });
      assert.equal(object.locked, true);
    });
  });

  for (const [options, code] of [...WRONG, ...subject.wrong]) {
    it(`refuses the options ${inspect(options)} with ${code}, and acquires nothing`, async () => {
      const object = create();
      assert.throws(() => object.lock(options), { code });
      const forTry = options?.timeout === undefined ? code : VALUE;
      assert.throws(() => object.tryLock(options), { code: forTry });
      assert.throws(() => object.withLock(assert.fail, options), { code });
      await assert.rejects(object.lockAsync(options), { code });
      await assert.rejects(object.withLockAsync(assert.fail, options), { code });
      assert.deepEqual([object.locked, isFree(object)], [false, true]);
    });
  }

  it('refuses an option that is misspelt, with the valid ones, or is of another call', async () => {
    const object = create();
    const message = /'timeout'/;
    assert.throws(() => object.lock({ timout: 1 }), { code: VALUE, message });
    assert.throws(() => object.lock({ signal: undefined }), { code: VALUE });
    assert.throws(() => object.tryLock({ timeout: 1 }), { code: VALUE });
    await assert.rejects(object.lockAsync({ signl: undefined }), { code: VALUE });
    await assert.rejects(object.lockAsync({ signal: {} }), { code: TYPE });
    assert.throws(() => same(object, { autoLock: true }), { code: VALUE });
    assert.throws(() => same(object, { timeout: -1 }), { code: RANGE });
  });

  it('takes options that are undefined, and shared: false, as none', async () => {
    const object = create();
    object.lock(undefined).release();
    object.lock({ timeout: undefined, shared: undefined, offset: undefined }).release();
    object.lock({ shared: false }).release();
    object.tryLock({ shared: false, length: undefined }).release();
    (await object.lockAsync({ signal: undefined, shared: false })).release();
    assert.equal(object.locked, false);
  });

  it('withLock() and withLockAsync() refuse what is no function before they acquire it', async () => {
    const object = create();
    assert.throws(() => object.withLock(), { code: TYPE });
    await assert.rejects(object.withLockAsync({}), { code: TYPE });
    assert.equal(object.locked, false);
  });
};
