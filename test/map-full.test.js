/*
 * A full SharedMap, with and without eviction, and values of megabytes.
 */
'use strict';

const assert = require('node:assert/strict');

const { amount } = require('./support/amounts');
const { maps } = require('./support/maps');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { thrownBy } = require('./support/shares');

const MB = 2 ** 20;

/* Sets keys until the map is full. Returns the map of what was set. */
function fill(map, value) {
  const all = new Map();
  for (let i = 0; ; i++) {
    try {
      map.set(`key ${i}`, value(i));
    } catch (error) {
      assert.equal(error.code, 'ERR_MMAPIPC_FULL');
      return all;
    }
    all.set(`key ${i}`, value(i));
  }
}

describe('SharedMap: full', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { make, attach } = maps();
  const start = peers();

  for (const size of [8, 100, 3000, 20000]) {
    it(`evict 'none': FULL at values of ${size} bytes, and everything that was set is there`, () => {
      const map = make(MB);
      const all = fill(map, (i) => `${i}`.padEnd(size, '.'));
      assert.ok(all.size * (size + 8 + 48) > 0.8 * MB, `only ${all.size} entries`);
      assert.deepEqual(new Map(map), all);
      const error = thrownBy(() => map.set('one more', 'x'.repeat(size + 2000)));
      assert.equal(error.code, 'ERR_MMAPIPC_FULL');
      assert.ok(error.required >= size && error.used <= error.capacity && error.used > 0);
      assert.equal(map.has('one more'), false);
    });
  }

  it("evict 'none': a replacement that does not fit leaves the old value", () => {
    const map = make(MB);
    const all = fill(map, (i) => `${i}`.padEnd(500, '.'));
    for (const call of [
      () => map.set('key 1', 'x'.repeat(300000)),
      () => map.update('key 1', () => 'x'.repeat(300000)),
      () => map.getAndSet('key 1', Buffer.alloc(300000)),
      () => map.replace('key 1', { long: 'x'.repeat(300000) }),
    ]) {
      assert.equal(thrownBy(call).code, 'ERR_MMAPIPC_FULL');
    }
    assert.deepEqual(new Map(map), all);
    map.delete('key 2');
    map.set('key 1', 'y'.repeat(500));
    assert.equal(map.get('key 1'), 'y'.repeat(500));
  });

  it("evict 'none': after clear() there is room for as much again", () => {
    const map = make(MB);
    const first = fill(map, () => 'x'.repeat(200)).size;
    map.clear();
    assert.equal(map.stats().used < 0.1 * map.stats().capacity, true);
    const second = fill(map, () => 'x'.repeat(200)).size;
    assert.ok(second > 0.97 * first, `${first}, then ${second}`);
  });

  it("evict 'lru': entries that are read stay, others go", () => {
    const map = make(MB, { evict: 'lru' });
    const hot = Array.from({ length: 20 }, (_, i) => `hot ${i}`);
    for (const key of hot) map.set(key, key);
    for (let i = 0; i < 30000; i++) {
      map.set(`cold ${i}`, 'x'.repeat(100));
      if (i % 20 === 0) for (const key of hot) for (let n = 0; n < 2; n++) map.has(key);
    }
    const { evictions, entries } = map.stats();
    assert.ok(evictions > 10000, `${evictions} evictions`);
    assert.equal(entries, map.size);
    assert.ok(map.has('cold 29999'));
    assert.equal(map.has('cold 0'), false);
    assert.deepEqual(
      hot.filter((key) => map.get(key) !== key),
      [],
    );
  });

  it("evict 'lru': a hot key stays although its hits come from the cache", () => {
    const map = make(MB, { evict: 'lru' });
    map.set('hot', 'value');
    for (let i = 0; i < 20000; i++) {
      map.set(`cold ${i}`, 'x'.repeat(100));
      for (let n = 0; n < 70 && i % 50 === 0; n++) assert.equal(map.get('hot'), 'value');
    }
    assert.ok(map.stats().evictions > 5000);
    assert.equal(map.get('hot'), 'value');
  });

  it("evict 'lru': values of mixed sizes always find room", () => {
    const map = make(4 * MB, { evict: 'lru' });
    let seed = 1;
    const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < amount(5000, 50000); i++) {
      const size = random(10) ? random(2000) : random(200000);
      const key = `key ${random(3000)}`;
      map.set(key, String.fromCharCode(97 + (i % 26)).repeat(size));
      const value = map.get(key);
      assert.ok(value.length === size && (size === 0 || value[size - 1] === value[0]));
    }
    assert.ok(map.stats().evictions > 0);
  });

  it('an existing map keeps its eviction; another one that is given is KIND', () => {
    const map = make(MB, { evict: 'lru' });
    const error = thrownBy(() => attach(map, { evict: 'none' }));
    assert.deepEqual([error.code, error.found, error.wanted], ['ERR_MMAPIPC_KIND', 'lru', 'none']);
    assert.equal(attach(map, { evict: 'lru' }).evict, 'lru');
    assert.equal(attach(map).evict, 'lru');
    assert.equal(make(MB).evict, 'none');
  });

  it('a value of 10 MB in a map of 64 MB is set, read and replaced', () => {
    const map = make(64 * MB);
    const other = attach(map);
    for (const byte of [1, 2, 3]) {
      map.set('big', Buffer.alloc(10 * MB, byte));
      const value = other.get('big');
      assert.equal(value.length, 10 * MB);
      assert.ok(value.every((one) => one === byte));
    }
    map.set('text', '€'.repeat(5 * MB));
    assert.equal(other.get('text').length, 5 * MB);
    assert.deepEqual([...other.keys()].sort(), ['big', 'text']);
    assert.equal([...other].length, 2);
    assert.equal(map.delete('big'), true);
    assert.equal(map.delete('text'), true);
    assert.equal(map.stats().used < MB, true);
  });

  it('most of the capacity can be one value', () => {
    const map = make(16 * MB);
    map.set('big', Buffer.alloc(14 * MB, 7));
    assert.equal(map.get('big').length, 14 * MB);
    assert.equal(thrownBy(() => map.set('big', Buffer.alloc(4 * MB))).code, 'ERR_MMAPIPC_FULL');
    assert.equal(map.get('big')[14 * MB - 1], 7);
  });

  it('a value of 10 MB is read whole beside a writer of the same key and of others', async () => {
    const map = make(64 * MB);
    const setBig = (self, byte) => void self.map.set('big', Buffer.alloc(10 * 2 ** 20, byte));
    const writer = await start.process({ of: 'SharedMap', handle: map.handle });
    await writer.run(setBig, 1);
    const writing = writer.run(
      async (self, times) => {
        for (let i = 0; i < times; i++) {
          self.map.set('big', Buffer.alloc(10 * 2 ** 20, i % 250));
          for (let n = 0; n < 1000; n++) self.map.set(`key ${n}`, n);
        }
      },
      amount(20, 100),
    );
    let isOver = false;
    writing.then(() => (isOver = true));
    let reads = 0;
    while (!isOver) {
      const value = map.get('big');
      assert.equal(value.length, 10 * MB);

      assert.equal(Buffer.compare(value.subarray(0, 5 * MB), value.subarray(5 * MB)), 0);
      reads++;
      await new Promise(setImmediate);
    }
    await writing;
    assert.ok(reads > 0);
  });
});
