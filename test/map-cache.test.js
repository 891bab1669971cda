/*
 * The cache of a SharedMap: what get(), peek() and has() return is what the map has, whatever is cached.
 */
'use strict';

const assert = require('node:assert/strict');
const binding = require('../lib/native/binding');

const { maps } = require('./support/maps');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');

const N = 200; /* reads after which an unchanged value is surely cached */

describe('SharedMap: cache', () => {
  if (!isLinux) return;
  const { make, attach } = maps();
  const start = peers();

  const read = (map, key) => {
    let value;
    for (let i = 0; i < N; i++) value = map.get(key);
    return value;
  };

  /* Counts the calls of `name` into C. The modules of lib/map have taken them before, so this counts by the
   * hits of the cache. */
  const cachedIn = (map) => map.stats().cached;

  for (const value of [1, -0, true, null, 'short', 5n, 'x'.repeat(256)]) {
    it(`${typeof value} ${String(value).slice(0, 5)} is cached, and a change by others is seen at once`, () => {
      const map = make();
      const other = attach(map);
      map.set('a', value);
      assert.ok(Object.is(read(map, 'a'), value));
      assert.equal(cachedIn(map), 1);
      for (const [change, expected] of [
        [() => other.set('a', 'new'), 'new'],
        [() => other.set('a', 5), 5],
        [() => other.increment('a'), 6],
        [() => other.delete('a'), undefined],
        [() => other.set('a', false), false],
        [() => other.update('a', () => 7), 7],
        [() => other.clear(), undefined],
        [() => other.add('a', null), null],
        [() => map.set('a', 'own'), 'own'],
        [() => map.delete('a'), undefined],
      ]) {
        change();
        assert.deepEqual(
          [map.has('a'), map.get('a'), map.peek('a')],
          [expected !== undefined, expected, expected],
        );
        assert.equal(read(map, 'a'), expected);
      }
    });
  }

  it('the cached value survives changes of other keys', () => {
    const map = make();
    map.set('a', 'value');
    for (let i = 0; i < 3000; i++) {
      map.set(`key ${i}`, i);
      assert.equal(map.get('a'), 'value');
    }
  });

  it('get() of an object is always fresh, peek() always the same until it changes', () => {
    const map = make();
    const other = attach(map);
    map.set('a', { list: [1] });
    const seen = new Set();
    for (let i = 0; i < N; i++) seen.add(map.peek('a'));
    const [peeked] = seen;
    assert.ok(seen.size <= 1 + N / 64, `${seen.size} objects`);
    assert.ok(Object.isFrozen(peeked) && Object.isFrozen(peeked.list));
    assert.notEqual(map.get('a'), map.get('a'));
    assert.equal(Object.isFrozen(map.get('a')), false);
    other.set('a', { list: [2] });
    assert.deepEqual(map.peek('a'), { list: [2] });
    map.get('a').list.push(3);
    assert.deepEqual(map.peek('a'), { list: [2] });
  });

  it('peek() of a Date, a Map, a Buffer or with a custom codec is decoded each time', () => {
    const map = make();
    for (const value of [new Date(0), new Map([[1, 2]]), Buffer.from('a'), { at: new Date(0) }]) {
      map.set('a', value);
      assert.deepEqual(map.peek('a'), value);
      assert.notEqual(map.peek('a'), map.peek('a'));
    }
    const custom = make(undefined, {
      codec: { encode: (v) => Buffer.from(JSON.stringify(v)), decode: (b) => JSON.parse(b) },
    });
    custom.set('a', { b: 1 });
    assert.notEqual(custom.peek('a'), custom.peek('a'));
    assert.equal(Object.isFrozen(custom.peek('a')), false);
  });

  it('entries with a ttl are not cached', () => {
    const map = make();
    map.set('a', 1, 3600000);
    assert.equal(read(map, 'a'), 1);
    assert.equal(cachedIn(map), 0);
  });

  it('holds at most `cache` entries, and none with 0', () => {
    const few = make(undefined, { cache: 10 });
    const none = attach(few, { cache: 0 });
    for (let i = 0; i < 1000; i++) few.set(`key ${i}`, i);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 1000; i++) {
        assert.equal(few.get(`key ${i}`), i);
        assert.equal(none.get(`key ${i}`), i);
        assert.ok(cachedIn(few) <= 10);
      }
    }
    assert.equal(cachedIn(none), 0);
    for (let i = 0; i < 5; i++) assert.equal(read(few, `key ${i}`), i);
  });

  it('works where the runtime refuses external memory', () => {
    const { window } = binding;
    try {
      binding.window = () => -1;
      const map = make();
      map.set('a', 1).set('b', { c: 1 });
      assert.equal(read(map, 'a'), 1);
      assert.deepEqual([map.peek('b'), map.has('a'), cachedIn(map)], [{ c: 1 }, true, 0]);
    } finally {
      binding.window = window;
    }
  });

  it('a closed map has no cached value', () => {
    const map = make();
    map.set('a', 1);
    read(map, 'a');
    map.close();
    assert.throws(() => map.get('a'), { code: 'ERR_MMAPIPC_CLOSED' });
  });

  it('a bare loop over a cached key sees each change of another process', async () => {
    const map = make();
    map.set('a', 0);
    const peer = await start.process({ of: 'SharedMap', handle: map.handle });
    const writing = peer.run(async (self) => {
      for (let i = 1; i <= 20; i++) {
        await self.sleep(10);
        self.map.set('a', i);
      }
    });
    let last = 0;
    while (last < 20) {
      let value;
      do value = map.get('a');
      while (value === last);
      assert.ok(value > last);
      last = value;
    }
    await writing;
  });

  it('what one thread has seen, no cache of another shows older', async () => {
    const map = make();
    map.set('a', 0).set('b', 0);
    const peer = await start.process({ of: 'SharedMap', handle: map.handle });
    /* Writes a, then b with the same number; so whoever sees b = n must see a >= n. */
    const writing = peer.run((self) => {
      for (let i = 1; i <= 200000; i++) {
        self.map.set('a', i);
        self.map.set('b', i);
      }
    });
    let isOver = false;
    writing.then(() => (isOver = true));
    while (!isOver) {
      for (let i = 0; i < 10000; i++) {
        const b = map.get('b');
        const a = map.get('a');
        if (a < b) assert.fail(`${a} < ${b}`);
      }
      await new Promise(setImmediate);
    }
    assert.deepEqual([map.get('a'), map.get('b')], [200000, 200000]);
  });

  /* undefined in the cache means that there is no entry, so has() was false after a get(). */
  it('has() is true for a value that a custom codec decodes to undefined', () => {
    const map = make(2 ** 16, {
      codec: { encode: () => Buffer.from('x'), decode: () => undefined },
    });
    map.set('a', 'value');
    assert.equal(read(map, 'a'), undefined);
    assert.equal(map.has('a'), true);
  });
});
