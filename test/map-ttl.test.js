/*
 * Expiry of the entries of a SharedMap. Times are long or short enough that no test depends on the speed of
 * the machine: an entry that must be there lives for an hour, and one that must go is waited for.
 */
'use strict';

const assert = require('node:assert/strict');

const { maps } = require('./support/maps');
const { sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');

const HOUR = 3600000;

/* Resolves when call() is true. */
async function until(call) {
  for (let i = 0; i < 2000; i++) {
    if (call()) return;
    await sleep(5);
  }
  assert.fail(`${call} stays false`);
}

describe('SharedMap: expiry', () => {
  if (!isLinux) return;
  const { make, attach } = maps();
  const tmp = scratch();

  for (const [name, life] of [
    ['a number', () => 30],
    ['{ ttl }', () => ({ ttl: 30 })],
    ['{ expires: number }', () => ({ expires: Date.now() + 30 })],
    ['{ expires: Date }', () => ({ expires: new Date(Date.now() + 30) })],
  ]) {
    for (const where of ['memory', 'file']) {
      it(`an entry set with ${name} expires for all objects (${where})`, async () => {
        const map = make(undefined, where === 'file' ? { path: tmp() } : {});
        const other = attach(map);
        for (const value of [1, 'text', { a: 1 }]) {
          map.set('a', value, life());
          map.set('b', value, HOUR);
          await until(() => other.get('a') === undefined);
          assert.deepEqual(
            [map.get('a'), map.has('a'), map.ttl('a'), map.entry('a')],
            [undefined, false, undefined, undefined],
          );
          assert.deepEqual([...map], [['b', value]]);
          assert.deepEqual(map.getMany(['a', 'b']), [undefined, value]);
          assert.equal(map.replace('a', 2), false);
          assert.equal(map.compareAndSet('a', 5, 2), false);
          assert.equal(map.getAndDelete('a'), undefined);
          assert.equal(map.delete('a'), false);
        }
      });
    }
  }

  it('an entry that has expired already is absent', () => {
    const map = make();
    map.set('a', 1, { expires: 0 }).set('b', 'text', { expires: new Date(Date.now() - 1000) });
    assert.deepEqual(
      [map.get('a'), map.get('b'), map.has('a'), [...map]],
      [undefined, undefined, false, []],
    );
  });

  it('ttl() counts down, also for values of all kinds', async () => {
    const map = make();
    for (const value of [1, 'x', 'x'.repeat(100000), { a: 1 }]) {
      map.set('a', value, HOUR);
      const first = map.ttl('a');
      assert.ok(first > HOUR - 60000 && first <= HOUR);
      await until(() => map.ttl('a') < first);
      assert.equal(map.entry('a').ttl <= first, true);
    }
  });

  it("the map's ttl is for entries that are set without one", () => {
    const map = make(undefined, { ttl: HOUR });
    map
      .set('a', 1)
      .set('b', 1, Infinity)
      .set('c', 1, { ttl: 2 * HOUR })
      .set('d', 1, {});
    map.add('e', 1);
    map.increment('f');
    map.update('g', () => 1);
    map.getAndSet('h', 1);
    map.compareAndSet('i', 0, 1);
    map.setMany([['j', 1]]);
    map.object.k = 1;
    map.namespace('l').set('', 1);
    for (const key of 'adefghijkl') assert.ok(map.ttl(key) <= HOUR, key);
    assert.equal(map.ttl('b'), Infinity);
    assert.ok(map.ttl('c') > HOUR);
  });

  it('a later set() without ttl removes the expiry, increment() keeps it', () => {
    const map = make();
    map.set('a', 1, HOUR).set('a', 2);
    assert.equal(map.ttl('a'), Infinity);
    map.set('b', 1, HOUR);
    map.increment('b', 5, { ttl: 2 * HOUR });
    assert.deepEqual([map.get('b'), map.ttl('b') <= HOUR], [6, true]);
  });

  it('increment() with ttl begins again when the entry has expired', async () => {
    const map = make();
    map.increment('a', 1, { ttl: 20 });
    await until(() => map.get('a') === undefined);
    assert.deepEqual(map.count('a', 1, { ttl: HOUR }), { value: 1, ttl: HOUR, created: true });
  });

  it('expire() sets the expiry, moves it and removes it; the value and its version stay', async () => {
    const map = make();
    assert.equal(map.expire('a', 5), false);
    for (const value of [1, 'text', { a: 'x'.repeat(5000) }]) {
      map.set('a', value);
      const { version } = map.entry('a');
      assert.equal(map.expire('a', HOUR), true);
      assert.ok(map.ttl('a') <= HOUR);
      assert.deepEqual([map.get('a'), map.entry('a').version], [value, version]);
      assert.equal(map.expire('a', null), true);
      assert.equal(map.ttl('a'), Infinity);
      assert.equal(map.expire('a', 10), true);
      await until(() => !map.has('a'));
      assert.equal(map.expire('a', 10), false);
    }
  });

  it('expire() of a cached value takes effect', async () => {
    const map = make();
    for (let i = 0; i < 100; i++) map.set('a', 'text').get('a');
    map.expire('a', 10);
    await until(() => map.get('a') === undefined);
    await until(() => map.peek('a') === undefined);
  });

  it('expired entries are removed by later sets with a ttl, and counted', async () => {
    const map = make();
    for (let i = 0; i < 500; i++) map.set(`key ${i}`, i, 5);
    await until(() => map.get('key 499') === undefined);
    await until(() => {
      for (let i = 0; i < 2000; i++) map.set('other', 1, HOUR);
      return map.stats().expirations >= 500;
    });
    assert.equal(map.size, 1);
  });

  it('a map full of expired entries takes new ones', async () => {
    const map = make(2 ** 16);
    let count = 0;
    try {
      for (;;) map.set(`key ${count++}`, 'x'.repeat(100), 2000);
    } catch (error) {
      assert.equal(error.code, 'ERR_MMAPIPC_FULL');
    }
    await until(() => {
      try {
        map.set('new', 'x'.repeat(100));
        return true;
      } catch {
        return false;
      }
    });
    assert.equal(map.get('new'), 'x'.repeat(100));
  });
});
