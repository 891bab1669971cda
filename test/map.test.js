/*
 * The entries of a SharedMap in one process: get, set, delete, conditions, counters, many, views.
 */
'use strict';

const assert = require('node:assert/strict');

const { SharedMap } = require('..');
const { layout, numbers } = require('../lib/native/binding');
const { TYPE } = require('../lib/codec/types');
const { runFunction } = require('./support/child');
const { maps } = require('./support/maps');
const { isLinux } = require('./support/platform');
const { thrownBy } = require('./support/shares');

const KEYS = [
  ...['', 'a', 'é', '€', 'a\0b', '__proto__', 'then', 'constructor', '\ud800', 'x\udc00y'],
  ...['k'.repeat(24), 'k'.repeat(25), '€'.repeat(24), '€'.repeat(25), `${'é'.repeat(30)}`],
  ...['k'.repeat(1024), '€'.repeat(512), 'a b', '1', '-0'],
];

const VALUES = [
  ...[0, -0, 1.5, NaN, Infinity, -7, 2 ** 53, true, false, null, '', 'text', 'é', '€'],
  ...['x'.repeat(24), 'x'.repeat(25), '€'.repeat(24), '\ud800', 'x'.repeat(300), 5n, -(2n ** 70n)],
  ...[{ a: [1, { b: null }] }, [], {}, new Date(0), new Map([[1, new Set(['a'])]]), [undefined]],
  ...['x'.repeat(40000), '€'.repeat(40000), { long: 'x'.repeat(70000) }, 'x'.repeat(200000)],
];

const sorted = (iterable) => [...iterable].sort();

describe('SharedMap: entries', () => {
  if (!isLinux) return;
  const { make, attach } = maps();

  it('initially it is empty', () => {
    const map = make();
    assert.deepEqual(
      [map.size, [...map], map.get('a'), map.peek('a')],
      [0, [], undefined, undefined],
    );
    assert.deepEqual([map.has('a'), map.delete('a'), map.ttl('a')], [false, false, undefined]);
    assert.deepEqual([map.entry('a'), map.stats().entries], [undefined, 0]);
  });

  it('returns each value under each kind of key, in this object and another one', () => {
    const map = make(2 ** 22);
    const other = attach(map, { cache: 0 });
    for (const [i, key] of KEYS.entries()) {
      for (const value of VALUES) {
        map.set(key, value);
        assert.deepEqual(map.get(key), value);
        assert.deepEqual(other.get(key), value);
        assert.deepEqual(other.peek(key), value);
      }
      assert.equal(map.size, i + 1);
    }
    assert.deepEqual(sorted(other.keys()), sorted(KEYS));
    for (const key of KEYS) assert.equal(map.delete(key), true);
    assert.equal(other.size, 0);
  });

  it('keeps -0, NaN, Buffers and bigints as they are', () => {
    const map = make();
    map
      .set('a', -0)
      .set('b', NaN)
      .set('c', Buffer.from('ab'))
      .set('d', 2n ** 63n - 1n);
    assert.ok(Object.is(map.get('a'), -0) && Object.is(map.peek('a'), -0));
    assert.ok(Number.isNaN(map.get('b')));
    assert.ok(Buffer.isBuffer(map.get('c')));
    assert.equal(map.get('d'), 2n ** 63n - 1n);
  });

  it('distinguishes keys that differ only in width, case, trailing zeros or normalization', () => {
    const map = make();
    const keys = ['e', 'e\0', 'E', '\u00e9', 'e\u0301', '\u0100', '\u0000\u0001', 'e '];
    for (const [i, key] of keys.entries()) map.set(key, i);
    assert.deepEqual(
      keys.map((key) => map.get(key)),
      [...keys.keys()],
    );
    assert.equal(map.size, keys.length);
  });

  it('a value that is changed after set() or get() does not change the entry', () => {
    const map = make();
    const value = { list: [1] };
    map.set('a', value);
    value.list.push(2);
    map.get('a').list.push(3);
    assert.deepEqual(map.get('a'), { list: [1] });
  });

  it('set() returns the map, delete() whether there was an entry', () => {
    const map = make();
    assert.equal(map.set('a', 1).set('b', 2), map);
    assert.deepEqual(
      [map.delete('a'), map.delete('a'), map.has('a'), map.has('b')],
      [true, false, false, true],
    );
  });

  it('add() sets only without an entry, replace() only with one', () => {
    const map = make();
    assert.deepEqual([map.replace('a', 1), map.add('a', 2), map.add('a', 3)], [false, true, false]);
    assert.equal(map.get('a'), 2);
    assert.deepEqual([map.replace('a', 'text'), map.get('a')], [true, 'text']);
  });

  it('getAndSet() and getAndDelete() return the old value', () => {
    const map = make();
    assert.equal(map.getAndSet('a', { n: 1 }), undefined);
    assert.deepEqual(map.getAndSet('a', 2), { n: 1 });
    assert.equal(map.getAndDelete('a'), 2);
    assert.equal(map.getAndDelete('a'), undefined);
  });

  it('compareAndSet() sets only a version that is current; 0 is no entry', () => {
    const map = make();
    assert.equal(map.compareAndSet('a', 1, 'x'), false);
    assert.equal(map.compareAndSet('a', 0, 'x'), true);
    assert.equal(map.compareAndSet('a', 0, 'y'), false);
    const { version, value, ttl } = map.entry('a');
    assert.deepEqual([value, ttl], ['x', Infinity]);
    assert.equal(map.compareAndSet('a', version, 'y'), true);
    assert.equal(map.compareAndSet('a', version, 'z'), false);
    assert.equal(map.get('a'), 'y');
  });

  it('versions of a key rise with each set, also over a delete', () => {
    const map = make();
    let last = 0;
    for (let i = 0; i < 20; i++) {
      if (i % 3 === 0) map.delete('a');
      if (i % 2 === 0) map.set('a', i);
      else map.set('a', `text ${i}`);
      const { version } = map.entry('a');
      assert.ok(version > last, `${version} > ${last}`);
      last = version;
    }
  });

  it('increment() counts from 0 or the initial value, by any number', () => {
    const map = make();
    assert.deepEqual([map.increment('a'), map.increment('a'), map.increment('a', -5)], [1, 2, -3]);
    assert.equal(map.increment('b', 2, { initial: 10 }), 12);
    assert.equal(map.increment('b', 2, { initial: 10 }), 14);
    assert.equal(map.increment('b', 0.5), 14.5);
    map.set('c', 7);
    assert.equal(map.increment('c', 0), 7);
  });

  for (const codec of [
    'auto',
    'v8',
    'json',
    { encode: (v) => Buffer.from(`${v}`), decode: String },
  ]) {
    const name = typeof codec === 'string' ? codec : 'custom';
    it(`codec ${name}: a number that was set can be incremented`, () => {
      const map = make(undefined, { codec });
      map.set('a', 41);
      assert.equal(map.increment('a'), 42);
      assert.equal(map.get('a'), 42);
    });
  }

  it('increment() of another value throws, and leaves it', () => {
    const map = make();
    map.set('a', '1');
    assert.equal(thrownBy(() => map.increment('a')).code, 'ERR_MMAPIPC_NOT_NUMBER');
    assert.equal(thrownBy(() => map.count('a')).code, 'ERR_MMAPIPC_NOT_NUMBER');
    assert.equal(map.get('a'), '1');
  });

  it('count() returns value, ttl and created in one step', () => {
    const map = make();
    assert.deepEqual(map.count('a'), { value: 1, ttl: Infinity, created: true });
    const first = map.count('b', 1, { ttl: 60000 });
    const second = map.count('b', 2, { ttl: 90000 });
    assert.deepEqual([first.value, first.ttl, first.created], [1, 60000, true]);
    assert.deepEqual([second.value, second.created], [3, false]);
    assert.ok(second.ttl > 0 && second.ttl <= 60000);
  });

  it('update() sets the result of fn, and keeps the expiry without ttl', () => {
    const map = make();
    assert.deepEqual(
      map.update('a', (old) => ({ n: (old?.n ?? 0) + 1 })),
      { n: 1 },
    );
    assert.deepEqual(
      map.update('a', (old) => ({ n: (old?.n ?? 0) + 1 })),
      { n: 2 },
    );
    assert.equal(map.ttl('a'), Infinity);
    map.update('a', () => 1, { ttl: 60000 });
    map.update('a', (old) => old + 1);
    assert.equal(map.get('a'), 2);
    assert.ok(map.ttl('a') <= 60000);
    map.update('a', () => 'text', { ttl: Infinity });
    assert.equal(map.ttl('a'), Infinity);
  });

  it('update() runs fn again if another process has changed the entry meanwhile', () => {
    const map = make().set('a', 1);
    const seen = [];
    const result = map.update('a', (old) => {
      seen.push(old);
      if (seen.length < 3) {
        runFunction(
          ({ SharedMap: There }, handle) => There.attach(handle).increment('a', 10),
          [map.handle],
        );
      }
      return old + 1;
    });
    assert.deepEqual([seen, result, map.get('a')], [[1, 11, 21], 22, 22]);
  });

  it('updateAsync() whose function sets the key each time ends with TIMEOUT', async () => {
    const map = make(65536, { timeout: 50 });
    map.set('a', 0);
    const fn = async (old) => {
      map.increment('a');
      return old;
    };
    await assert.rejects(map.updateAsync('a', fn), { code: 'ERR_MMAPIPC_TIMEOUT' });
  });

  it('updateAsync() of 100 calls at once loses none', async () => {
    const map = make();
    const add = async (old = 0) => {
      await null;
      return old + 1;
    };
    await Promise.all(Array.from({ length: 100 }, () => map.updateAsync('a', add)));
    assert.equal(map.get('a'), 100);
  });

  it('getMany(), setMany() and deleteMany() do what single calls do', () => {
    const map = make(2 ** 24);
    const keys = Array.from({ length: 1000 }, (_, i) =>
      i % 7 ? `key ${i}` : `€ ${'x'.repeat(i % 60)} ${i}`,
    );
    const values = keys.map((key, i) => VALUES[i % VALUES.length]);
    assert.equal(map.setMany(keys.map((key, i) => [key, values[i]])), map);
    assert.deepEqual(map.getMany(keys), values);
    assert.deepEqual(map.getMany(['none', keys[5], 'none', keys[5]]), [
      undefined,
      values[5],
      undefined,
      values[5],
    ]);
    assert.deepEqual(map.getMany(new Set([''])), [undefined]);
    assert.deepEqual(map.getMany([]), []);
    assert.equal(map.deleteMany([...keys.slice(0, 500), 'none']), 500);
    assert.equal(map.size, 500);
    map.setMany(new Map([['m', 1]]), 60000);
    assert.ok(map.ttl('m') <= 60000);
  });

  it('getMany() reads keys of any length, and values of a custom codec', () => {
    const map = make(2 ** 24);
    const all = [...KEYS, ...Array.from({ length: 40 }, (_, i) => `${i}`.repeat(500))].map((k) =>
      k.slice(0, 1024),
    );
    for (const key of all) map.set(key, key.length);
    assert.deepEqual(
      map.getMany(all),
      all.map((key) => key.length),
    );
    const custom = make(undefined, {
      codec: { encode: (v) => Buffer.from(v.a), decode: (b) => ({ a: `${b}` }) },
    });
    custom.set('x', { a: 'y' });
    assert.deepEqual(custom.getMany(['x', 'z']), [{ a: 'y' }, undefined]);
  });

  it('keys(), values(), entries(), forEach() and for...of see every entry once', () => {
    const map = make(2 ** 22);
    const expected = new Map();
    for (let i = 0; i < 3000; i++) expected.set(`key ${i}`, i % 3 ? i : { i });
    map.setMany(expected);
    assert.deepEqual(sorted(map.keys()), sorted(expected.keys()));
    assert.deepEqual(new Map(map), expected);
    assert.deepEqual(new Map(map.entries()), expected);
    assert.deepEqual([...map.values()].length, 3000);
    const seen = new Map();
    const self = {};
    map.forEach(function (value, key, of) {
      assert.ok(this === self && of === map);
      seen.set(key, value);
    }, self);
    assert.deepEqual(seen, expected);
  });

  it('an iteration can be left, and goes on while entries are set and deleted', () => {
    const map = make(2 ** 22);
    for (let i = 0; i < 2000; i++) map.set(`key ${i}`, i);
    for (const [key] of map) {
      assert.ok(key);
      break;
    }
    const seen = [];
    for (const [key, value] of map) {
      seen.push(key);
      assert.equal(key, `key ${value}`);
      if (value % 2) map.delete(key);
      map.set(`new ${value}`, 0);
      map.delete(`new ${value}`);
    }
    const old = seen.filter((key) => key.startsWith('key'));
    assert.equal(new Set(old).size, old.length);
    for (let i = 0; i < 2000; i += 2) assert.ok(old.includes(`key ${i}`));
  });

  it('prefix selects keys, also with characters of two bytes', () => {
    const map = make();
    map.setMany(['a:1', 'a:2', 'b:1', 'a', '€:1', '€:2', 'é:1', 'é:€'].map((key, i) => [key, i]));
    assert.deepEqual(sorted(map.keys({ prefix: 'a:' })), ['a:1', 'a:2']);
    assert.deepEqual(sorted(map.keys({ prefix: '€:' })), ['€:1', '€:2']);
    assert.deepEqual(sorted(map.keys({ prefix: 'é:' })), ['é:1', 'é:€']);
    assert.deepEqual(sorted(map.keys({ prefix: '' })).length, 8);
    assert.deepEqual([...map.entries({ prefix: 'b' })], [['b:1', 2]]);
    assert.deepEqual([...map.values({ prefix: 'b' })], [2]);
    assert.deepEqual([...map.keys({ prefix: 'x'.repeat(100) })], []);
  });

  it('clear() removes all entries', () => {
    const map = make(2 ** 22);
    for (let i = 0; i < 5000; i++) map.set(`key ${i}`, i);
    map.clear();
    assert.deepEqual([map.size, [...map], map.get('key 1')], [0, [], undefined]);
    map.set('a', 1);
    assert.equal(map.size, 1);
  });

  it('SharedMap.with() closes the map', () => {
    let kept;
    const result = SharedMap.with(2 ** 16, (map) => {
      kept = map;
      return map.set('a', 1).get('a');
    });
    assert.deepEqual([result, kept.closed], [1, true]);
  });

  it('the numbers of types are those of the codecs', () => {
    assert.equal(numbers.mapType.NUMBER, TYPE.NUMBER);
    assert.ok(numbers.mapType.LEASE > TYPE.CUSTOM);
    assert.equal(layout.mapBucket.size, 64);
  });
});
