/*
 * A SharedMap does what a plain Map does: fast-check generates sequences of calls, which run on a map, on a
 * second object of the same map, and on a model. It prints the seed of a failure.
 */
'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');

const { SharedMap } = require('..');
const { amount } = require('./support/amounts');
const { isLinux } = require('./support/platform');

const RUNS = amount(150, 2000);
const HOUR = 3600000;

/* Few keys, so that calls meet; with prefixes, wide characters and long ones among them. */
const NAMES = [
  '',
  'a',
  'b',
  'a:1',
  'a:2',
  'a:b:1',
  '€',
  '€:1',
  'é',
  '__proto__',
  'k'.repeat(60),
  '€'.repeat(30),
];
const key = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40, unit: 'binary' }) },
);

const value = fc.oneof(
  { weight: 3, arbitrary: fc.double() },
  { weight: 2, arbitrary: fc.integer() },
  { weight: 2, arbitrary: fc.string({ maxLength: 80, unit: 'binary' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(true, false, null, '', 'x'.repeat(300), 'y'.repeat(5000)),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
);

const life = fc.constantFrom(undefined, undefined, HOUR, 'gone');
const prefix = fc.constantFrom('', 'a', 'a:', '€', 'é', 'none');

/* An entry that has expired already: set and absent at once. */
const lifeOf = (one) => (one === 'gone' ? { expires: 1 } : one);

/* The model: Map of key -> { value, hasTtl }. */
const put = (model, name, item, one) => {
  if (one === 'gone') model.delete(name);
  else model.set(name, { value: item, hasTtl: one === HOUR });
};

const CALLS = {
  set: (map, model, name, item, one) => {
    map.set(name, item, lifeOf(one));
    put(model, name, item, one);
  },
  add: (map, model, name, item, one) => {
    const isFree = !model.has(name);
    assert.equal(map.add(name, item, lifeOf(one)), isFree);
    if (isFree) put(model, name, item, one);
  },
  replace: (map, model, name, item, one) => {
    const isThere = model.has(name);
    assert.equal(map.replace(name, item, lifeOf(one)), isThere);
    if (isThere) put(model, name, item, one);
  },
  getAndSet: (map, model, name, item, one) => {
    assert.deepEqual(map.getAndSet(name, item, lifeOf(one)), model.get(name)?.value);
    put(model, name, item, one);
  },
  delete: (map, model, name) => assert.equal(map.delete(name), model.delete(name)),
  getAndDelete: (map, model, name) => {
    assert.deepEqual(map.getAndDelete(name), model.get(name)?.value);
    model.delete(name);
  },
  increment: (map, model, name, item, one) => {
    const by = typeof item === 'number' && Number.isFinite(item) ? item : 1;
    const old = model.get(name);
    if (old !== undefined && typeof old.value !== 'number') {
      assert.throws(() => map.increment(name, by), { code: 'ERR_MMAPIPC_NOT_NUMBER' });
      return;
    }
    const sum = (old === undefined ? 7 : old.value) + by;
    const ttl = one === HOUR ? HOUR : undefined;
    assert.ok(Object.is(map.increment(name, by, { initial: 7, ttl }), sum));
    model.set(name, { value: sum, hasTtl: old === undefined ? ttl === HOUR : old.hasTtl });
  },
  update: (map, model, name, item) => {
    const old = model.get(name);
    map.update(name, (now) => {
      assert.deepEqual(now, old?.value);
      return item;
    });
    model.set(name, { value: item, hasTtl: old?.hasTtl ?? false });
  },
  compareAndSet: (map, model, name, item) => {
    const entry = map.entry(name);
    assert.equal(entry === undefined, !model.has(name));
    const version = entry?.version ?? 0;
    assert.equal(map.compareAndSet(name, version + 1, item), false);
    assert.equal(map.compareAndSet(name, version, item), true);
    put(model, name, item);
  },
  expire: (map, model, name, item, one) => {
    const old = model.get(name);
    assert.equal(map.expire(name, one === HOUR ? HOUR : null), old !== undefined);
    if (old !== undefined) old.hasTtl = one === HOUR;
  },
  setMany: (map, model, name, item, one) => {
    map.setMany(
      [
        [name, item],
        ['a:2', 1],
      ],
      lifeOf(one),
    );
    put(model, name, item, one);
    put(model, 'a:2', 1, one);
  },
  deleteMany: (map, model, name) => {
    const count = new Set([name, 'a:1']).size;
    const before = model.size;
    model.delete(name);
    model.delete('a:1');
    assert.equal(map.deleteMany([name, 'a:1']), before - model.size, String(count));
  },
  object: (map, model, name, item) => {
    map.object[name] = item;
    put(model, name, item);
  },
  namespace: (map, model, name, item) => {
    map.namespace('a:').set(name, item);
    if (Buffer.byteLength(`a:${name}`) < 500) put(model, `a:${name}`, item);
  },
};

const READS = {
  get: (map, model, name) => assert.deepEqual(map.get(name), model.get(name)?.value),
  peek: (map, model, name) => assert.deepEqual(map.peek(name), model.get(name)?.value),
  has: (map, model, name) => assert.equal(map.has(name), model.has(name)),
  ttl: (map, model, name) => {
    const ttl = map.ttl(name);
    const old = model.get(name);
    if (old === undefined) assert.equal(ttl, undefined);
    else assert.equal(ttl < Infinity, old.hasTtl);
  },
  getMany: (map, model) => {
    const names = [...NAMES, 'none', ...NAMES];
    assert.deepEqual(
      map.getMany(names),
      names.map((name) => model.get(name)?.value),
    );
  },
  all: (map, model) => {
    assert.deepEqual(new Map(map), new Map([...model].map(([name, one]) => [name, one.value])));
    assert.deepEqual([...map.keys()].length, model.size);
  },
};

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      call: fc.constantFrom(...Object.keys(CALLS)),
      name: key,
      item: value,
      one: life,
    }),
  },
  { weight: 4, arbitrary: fc.record({ read: fc.constantFrom(...Object.keys(READS)), name: key }) },
  { weight: 1, arbitrary: fc.record({ clear: prefix }) },
  { weight: 1, arbitrary: fc.record({ keys: prefix }) },
);

function run(maps, model, { call, read, clear, keys, name, item, one }, i) {
  const map = maps[i % maps.length];
  if (call !== undefined) CALLS[call](map, model, name, item, one);
  if (read !== undefined) for (const each of maps) READS[read](each, model, name);
  if (clear !== undefined) {
    map.namespace(clear).clear();
    for (const old of [...model.keys()]) if (old.startsWith(clear)) model.delete(old);
  }
  if (keys !== undefined) {
    const expected = [...model.keys()].filter((old) => old.startsWith(keys)).sort();
    assert.deepEqual([...map.keys({ prefix: keys })].sort(), expected);
    assert.equal(map.namespace(keys).size, keys === '' ? map.size : expected.length);
  }
}

describe('SharedMap: properties', function () {
  if (!isLinux) return;
  this.timeout(600000);

  for (const options of [{}, { cache: 0, evict: 'lru' }, { codec: 'v8', cache: 5 }]) {
    it(`${RUNS} sequences of calls give what a Map gives: ${JSON.stringify(options)}`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
          const map = new SharedMap(2 ** 20, options);
          const other = SharedMap.attach(map.handle, { codec: options.codec });
          const model = new Map();
          try {
            steps.forEach((one, i) => run([map, other], model, one, i));
            READS.all(map, model);
            READS.all(other, model);
          } finally {
            map.close();
            other.close();
          }
        }),
        { numRuns: RUNS },
      );
    });
  }

  it(`${RUNS} sequences of sets and deletes during an iteration: what stays is seen once`, () => {
    const change = fc.record({ name: fc.nat(99), isSet: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (changes) => {
        SharedMap.with(2 ** 20, (map) => {
          for (let i = 0; i < 100; i++) map.set(`key ${i}`, 'x'.repeat(i * 20));
          const changed = new Set();
          const seen = [];
          let next = 0;
          for (const name of map.keys()) {
            seen.push(name);
            for (let n = 0; n < 3 && next < changes.length; n++, next++) {
              const { name: i, isSet } = changes[next];
              changed.add(`key ${i}`);
              if (isSet) map.set(`key ${i}`, 'y'.repeat((i * 37) % 1000));
              else map.delete(`key ${i}`);
            }
          }
          assert.equal(new Set(seen).size, seen.length);
          for (let i = 0; i < 100; i++) {
            if (!changed.has(`key ${i}`)) assert.ok(seen.includes(`key ${i}`), `key ${i}`);
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  it("evict 'lru': a sequence that overflows never shows a wrong value", () => {
    const item = fc.record({ name: fc.nat(2000), size: fc.nat(3000) });
    fc.assert(
      fc.property(fc.array(item, { minLength: 100, maxLength: 400, size: 'max' }), (items) => {
        SharedMap.with(2 ** 17, { evict: 'lru' }, (map) => {
          const model = new Map();
          for (const { name, size } of items) {
            model.set(`${name}`, size);
            map.set(`${name}`, `${name}:`.padEnd(size, 'x'));
          }
          for (const [name, text] of map) {
            assert.equal(text, `${name}:`.padEnd(model.get(name), 'x'));
          }
        });
      }),
      { numRuns: RUNS },
    );
  });
});
