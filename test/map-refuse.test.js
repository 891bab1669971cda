/*
 * What a SharedMap refuses: arguments of every method, keys, values, closed and read-only maps. The map is
 * unharmed afterwards.
 */
'use strict';

const assert = require('node:assert/strict');

const { MmapipcError, SharedMap } = require('..');
const { maps } = require('./support/maps');
const { isLinux } = require('./support/platform');
const { thrownBy } = require('./support/shares');

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';
const RETURN = 'ERR_INVALID_RETURN_VALUE';
const TOO_LONG = 'ERR_MMAPIPC_KEY_TOO_LONG';
const CLASSES = { [TYPE]: TypeError, [VALUE]: TypeError, [RANGE]: RangeError, [RETURN]: TypeError };

const NO_KEYS = [undefined, null, 1, 1n, Symbol('s'), {}, ['a'], Buffer.from('a'), new String('a')];
const NO_VALUES = [undefined, () => 1, Symbol('s')];
const id = (value) => value;

/* Each method that takes a key, with valid other arguments. */
const WITH_KEY = {
  get: (map, key) => map.get(key),
  peek: (map, key) => map.peek(key),
  has: (map, key) => map.has(key),
  set: (map, key) => map.set(key, 1),
  delete: (map, key) => map.delete(key),
  add: (map, key) => map.add(key, 1),
  replace: (map, key) => map.replace(key, 1),
  getAndSet: (map, key) => map.getAndSet(key, 1),
  getAndDelete: (map, key) => map.getAndDelete(key),
  increment: (map, key) => map.increment(key),
  count: (map, key) => map.count(key),
  entry: (map, key) => map.entry(key),
  compareAndSet: (map, key) => map.compareAndSet(key, 0, 1),
  update: (map, key) => map.update(key, () => 1),
  ttl: (map, key) => map.ttl(key),
  expire: (map, key) => map.expire(key, 10),
  getMany: (map, key) => map.getMany(['a', key]),
  setMany: (map, key) => map.setMany([[key, 1]]),
  deleteMany: (map, key) => map.deleteMany([key]),
};

const ASYNC_WITH_KEY = {
  updateAsync: (map, key) => map.updateAsync(key, () => 1),
  getOrSetAsync: (map, key) => map.getOrSetAsync(key, () => 1),
};

const WITH_VALUE = {
  set: (map, value) => map.set('b', value),
  add: (map, value) => map.add('b', value),
  replace: (map, value) => map.replace('a', value),
  getAndSet: (map, value) => map.getAndSet('a', value),
  compareAndSet: (map, value) => map.compareAndSet('b', 0, value),
  setMany: (map, value) => map.setMany([['b', value]]),
};

const WITH_LIFE = {
  set: (map, life) => map.set('a', 1, life),
  add: (map, life) => map.add('b', 1, life),
  replace: (map, life) => map.replace('a', 1, life),
  getAndSet: (map, life) => map.getAndSet('a', 1, life),
  compareAndSet: (map, life) => map.compareAndSet('b', 0, 1, life),
  setMany: (map, life) => map.setMany([['a', 1]], life),
};

/* [call, code] */
const CALLS = [
  [(map) => map.increment('n', '1'), TYPE],
  [(map) => map.increment('n', 1n), TYPE],
  [(map) => map.increment('n', NaN), RANGE],
  [(map) => map.increment('n', Infinity), RANGE],
  [(map) => map.increment('n', 1, null), TYPE],
  [(map) => map.increment('n', 1, 5), TYPE],
  [(map) => map.increment('n', 1, { initial: '1' }), TYPE],
  [(map) => map.increment('n', 1, { initial: NaN }), RANGE],
  [(map) => map.increment('n', 1, { ttl: 0 }), RANGE],
  [(map) => map.increment('n', 1, { tll: 5 }), VALUE],
  [(map) => map.count('n', 1, { initial: 5 }), VALUE],
  [(map) => map.count('n', 1, { ttl: -1 }), RANGE],
  [(map) => map.count('n', {}), TYPE],
  [(map) => map.compareAndSet('a', '1', 1), TYPE],
  [(map) => map.compareAndSet('a', -1, 1), RANGE],
  [(map) => map.compareAndSet('a', 1.5, 1), RANGE],
  [(map) => map.update('a'), TYPE],
  [(map) => map.update('a', id, 5), TYPE],
  [(map) => map.update('a', id, { ttl: 'x' }), TYPE],
  [(map) => map.update('a', id, { expires: 5 }), VALUE],
  [(map) => map.update('a', () => undefined), RETURN],
  [(map) => map.update('a', async () => 1), RETURN],
  [(map) => map.update('a', () => Symbol('s')), TYPE],
  [(map) => map.expire('a'), TYPE],
  [(map) => map.expire('a', '5'), TYPE],
  [(map) => map.expire('a', 0), RANGE],
  [(map) => map.expire('a', NaN), RANGE],
  [(map) => map.expire('a', { ttl: 5 }), TYPE],
  [(map) => map.keys(5), TYPE],
  [(map) => map.keys({ prefix: 5 }), TYPE],
  [(map) => map.keys({ perfix: 'a' }), VALUE],
  [(map) => map.entries({ prefix: null }), TYPE],
  [(map) => map.values({ prefix: {} }).next(), TYPE],
  [(map) => map.forEach(), TYPE],
  [(map) => map.forEach({}), TYPE],
  [(map) => map.getMany(), TYPE],
  [(map) => map.getMany('abc'), TYPE],
  [(map) => map.getMany(5), TYPE],
  [(map) => map.getMany([1]), TYPE],
  [(map) => map.setMany({ a: 1 }), TYPE],
  [(map) => map.setMany('ab'), TYPE],
  [(map) => map.setMany([5]), TYPE],
  [(map) => map.setMany([null]), TYPE],
  [(map) => map.deleteMany({}), TYPE],
  [(map) => map.deleteMany('a'), TYPE],
  [(map) => map.namespace(), TYPE],
  [(map) => map.namespace(5), TYPE],
  [(map) => map.keys({ prefix: 'x'.repeat(1025) }).next(), TOO_LONG],
];

const ASYNC_CALLS = [
  [(map) => map.updateAsync('a'), TYPE],
  [(map) => map.updateAsync('a', async () => undefined), RETURN],
  [(map) => map.updateAsync('a', id, { ttl: 0 }), RANGE],
  [(map) => map.getOrSetAsync('b'), TYPE],
  [(map) => map.getOrSetAsync('b', 5), TYPE],
  [(map) => map.getOrSetAsync('b', id, 5), TYPE],
  [(map) => map.getOrSetAsync('b', id, { ttl: 0 }), RANGE],
  [(map) => map.getOrSetAsync('b', id, { timeout: '5' }), TYPE],
  [(map) => map.getOrSetAsync('b', id, { timeout: -5 }), RANGE],
  [(map) => map.getOrSetAsync('b', id, { signal: {} }), TYPE],
  [(map) => map.getOrSetAsync('b', id, { expires: 5 }), VALUE],
  [(map) => map.getOrSetAsync('b', () => undefined), RETURN],
  [(map) => map.getOrSetAsync('b', () => Symbol('s')), TYPE],
];

const BAD_LIVES = [
  [null, TYPE],
  ['5', TYPE],
  [5n, TYPE],
  [0, RANGE],
  [-1, RANGE],
  [NaN, RANGE],
  [{ ttl: '5' }, TYPE],
  [{ ttl: 0 }, RANGE],
  [{ expires: '2030' }, TYPE],
  [{ expires: NaN }, RANGE],
  [{ expires: new Date(NaN) }, RANGE],
  [{ ttl: 5, expires: 5 }, VALUE],
  [{ tll: 5 }, VALUE],
  [new Date(), TYPE],
];

const OPTIONS = [
  [[], TYPE],
  [['65536'], TYPE],
  [[0], RANGE],
  [[65535], RANGE],
  [[1e6 + 0.5], RANGE],
  [[2 ** 40], RANGE],
  [[{}], TYPE],
  [[null], TYPE],
  [[65536, null], TYPE],
  [[65536, 5], TYPE],
  [[65536, { capacity: 65536 }], VALUE],
  [[{ capacity: 65536 }, {}], TYPE],
  [[65536, { evict: 'fifo' }], VALUE],
  [[65536, { evict: true }], TYPE],
  [[65536, { maxEntries: 0 }], RANGE],
  [[65536, { maxEntries: '5' }], TYPE],
  [[65536, { maxEntries: 2 ** 50 }], RANGE],
  [[65536, { ttl: 0 }], RANGE],
  [[65536, { ttl: '5' }], TYPE],
  [[65536, { cache: -1 }], RANGE],
  [[65536, { cache: true }], TYPE],
  [[65536, { codec: 'xml' }], VALUE],
  [[65536, { codec: {} }], TYPE],
  [[65536, { timeout: -1 }], RANGE],
  [[65536, { mode: '600' }], TYPE],
  [[65536, { readOnly: true }], VALUE],
  [[65536, { create: false }], VALUE],
  [[65536, { file: '/x' }], VALUE],
  [[65536, { name: 'a', path: '/b' }], VALUE],
  [[65536, { checksum: true }], VALUE],
  [[65536, { Evict: 'lru' }], VALUE],
];

function hasCode(error, code, what) {
  assert.equal(error.code, code, `${what}: ${error.stack}`);
  assert.ok(error instanceof (CLASSES[code] ?? MmapipcError), what);
}

async function rejectionOf(promise) {
  return promise.then(
    () => assert.fail('it is not rejected'),
    (error) => error,
  );
}

describe('SharedMap: refusals', () => {
  if (!isLinux) return;
  const { make, attach } = maps();
  const filled = (options) => make(2 ** 20, options).set('a', 'old');
  const isUnharmed = (map) => {
    assert.deepEqual([...map], [['a', 'old']]);
    assert.equal(map.set('c', 1).delete('c'), true);
  };

  for (const [name, call] of Object.entries(WITH_KEY)) {
    it(`${name}() refuses a key that is not a string, or too long`, () => {
      const map = filled();
      for (const view of [map, map.namespace(''), map.namespace('x')]) {
        for (const key of NO_KEYS) {
          hasCode(
            thrownBy(() => call(view, key)),
            TYPE,
            name,
          );
        }
        for (const key of [
          'x'.repeat(1025),
          '€'.repeat(513),
          `${'x'.repeat(1100)}€`,
          'x'.repeat(1e6),
        ]) {
          const error = thrownBy(() => call(view, key));
          hasCode(error, TOO_LONG, name);
          assert.equal(error.limit, 1024);
          assert.ok(error.required > 1024);
        }
      }
      isUnharmed(map);
    });
  }

  for (const [name, call] of Object.entries(ASYNC_WITH_KEY)) {
    it(`${name}() rejects for a key that is not a string, or too long`, async () => {
      const map = filled();
      for (const key of NO_KEYS) hasCode(await rejectionOf(call(map, key)), TYPE, name);
      hasCode(await rejectionOf(call(map, 'x'.repeat(1025))), TOO_LONG, name);
      isUnharmed(map);
    });
  }

  it('a prefix counts for the length of the key', () => {
    const map = filled();
    const view = map.namespace('x'.repeat(1000));
    view.set('y'.repeat(24), 1);
    hasCode(
      thrownBy(() => view.set('y'.repeat(25), 1)),
      TOO_LONG,
    );
    view.clear();
    isUnharmed(map);
  });

  for (const [name, call] of Object.entries(WITH_VALUE)) {
    it(`${name}() refuses undefined, functions and symbols, also inside a value`, () => {
      const map = filled();
      for (const value of NO_VALUES) {
        hasCode(
          thrownBy(() => call(map, value)),
          TYPE,
          name,
        );
      }
      const error = thrownBy(() => call(map, { users: [{ f: id }] }));
      hasCode(error, VALUE, name);
      assert.match(error.message, /at \.users\[0\]\.f/);
      isUnharmed(map);
    });
  }

  for (const [name, call] of Object.entries(WITH_LIFE)) {
    it(`${name}() refuses a wrong time to live`, () => {
      const map = filled();
      for (const [life, code] of BAD_LIVES) {
        hasCode(
          thrownBy(() => call(map, life)),
          code,
          `${name} ${JSON.stringify(String(life))}`,
        );
      }
      isUnharmed(map);
    });
  }

  for (const [call, code] of CALLS) {
    it(`${String(call).slice(9)} throws ${code}`, () => {
      const map = filled();
      hasCode(
        thrownBy(() => call(map)),
        code,
        call,
      );
      isUnharmed(map);
    });
  }

  for (const [call, code] of ASYNC_CALLS) {
    it(`${String(call).slice(9)} rejects with ${code}`, async () => {
      const map = filled();
      hasCode(await rejectionOf(call(map)), code, call);
      isUnharmed(map);
    });
  }

  it('the constructor refuses wrong arguments and options', () => {
    for (const [args, code] of OPTIONS) {
      hasCode(
        thrownBy(() => new SharedMap(...args).close()),
        code,
        JSON.stringify(args),
      );
    }
  });

  it('attach(), open() and with() refuse wrong arguments', () => {
    for (const call of [
      () => SharedMap.attach(),
      () => SharedMap.attach(5),
      () => SharedMap.attach('x', 5),
      () => SharedMap.open(),
      () => SharedMap.with(65536),
      () => SharedMap.with(65536, {}),
    ]) {
      hasCode(thrownBy(call), TYPE, call);
    }
    hasCode(
      thrownBy(() => SharedMap.open({})),
      VALUE,
    );
    hasCode(
      thrownBy(() => SharedMap.open({ name: 'x', create: true })),
      VALUE,
    );
  });

  it('an error of fn passes through update(), and changes nothing', async () => {
    const map = filled();
    const thrown = new Error('mine');
    const fail = () => {
      throw thrown;
    };
    assert.equal(
      thrownBy(() => map.update('a', fail)),
      thrown,
    );
    assert.equal(await rejectionOf(map.updateAsync('a', fail)), thrown);
    assert.equal(await rejectionOf(map.getOrSetAsync('b', fail)), thrown);
    isUnharmed(map);
  });

  it('fn of update() that changes its own key is DEADLOCK; other keys are fine', () => {
    const map = filled();
    for (const fn of [
      () => map.set('a', 1) && 2,
      () => map.delete('a') || 2,
      () => map.delete('a') && map.increment('a'),
      () => map.update('a', () => 5),
      () => map.namespace('').set('a', 1) && 2,
      () => (map.object.a = 2),
    ]) {
      map.set('a', 'old');
      hasCode(
        thrownBy(() => map.update('a', fn)),
        'ERR_MMAPIPC_DEADLOCK',
        fn,
      );
    }
    map.set('a', 'old');
    map.update('a', () => map.set('b', 1).get('a'));
    assert.equal(map.getAndDelete('b'), 1);
    isUnharmed(map);
  });

  it('a getter of a value may use the map while the value is set', () => {
    const map = filled();
    const value = {
      get b() {
        map.set('inner', 'x'.repeat(100)).get('inner');
        return map.getMany(['inner', 'a']);
      },
    };
    map.set('outer', value);
    assert.deepEqual(map.get('outer'), { b: ['x'.repeat(100), 'old'] });
    map.deleteMany(['inner', 'outer']);
    isUnharmed(map);
  });

  it('every method of a closed map throws CLOSED', async () => {
    const map = filled();
    const view = map.namespace('a');
    const keys = map.keys();
    map.close();
    hasCode(
      thrownBy(() => [...keys]),
      'ERR_MMAPIPC_CLOSED',
    );
    for (const each of [map, view]) {
      for (const [name, call] of Object.entries(WITH_KEY)) {
        hasCode(
          thrownBy(() => call(each, 'a')),
          'ERR_MMAPIPC_CLOSED',
          name,
        );
      }
      for (const call of Object.values(ASYNC_WITH_KEY)) {
        hasCode(await rejectionOf(call(each, 'a')), 'ERR_MMAPIPC_CLOSED');
      }
      for (const call of [(m) => m.size, (m) => m.clear(), (m) => [...m], (m) => m.object.a]) {
        hasCode(
          thrownBy(() => call(each)),
          'ERR_MMAPIPC_CLOSED',
          call,
        );
      }
    }
    for (const call of [(m) => m.stats(), (m) => m.flush(), (m) => m.lock(), (m) => m.tryLock()]) {
      hasCode(
        thrownBy(() => call(map)),
        'ERR_MMAPIPC_CLOSED',
        call,
      );
    }
    map.close();
    assert.equal(map.closed, true);
  });

  it('a read-only map is read, and refuses changes with ACCESS', async () => {
    const map = filled();
    map.set('n', 1);
    const reader = attach(map, { readOnly: true });
    assert.deepEqual(
      [reader.get('a'), reader.get('n'), reader.has('a'), reader.size],
      ['old', 1, true, 2],
    );
    assert.deepEqual(
      [reader.peek('a'), reader.ttl('a'), [...reader.keys()].length],
      ['old', Infinity, 2],
    );
    assert.deepEqual(reader.getMany(['a', 'x']), ['old', undefined]);
    assert.equal(reader.stats().entries, 2);
    assert.equal(await reader.getOrSetAsync('a', () => 5), 'old');
    for (const name of [
      'set',
      'delete',
      'add',
      'replace',
      'getAndSet',
      'increment',
      'count',
      'update',
      'expire',
    ]) {
      hasCode(
        thrownBy(() => WITH_KEY[name](reader, 'a')),
        'ERR_MMAPIPC_ACCESS',
        name,
      );
    }
    hasCode(
      thrownBy(() => reader.clear()),
      'ERR_MMAPIPC_ACCESS',
    );
    hasCode(
      thrownBy(() => reader.lock()),
      'ERR_MMAPIPC_ACCESS',
    );
    hasCode(await rejectionOf(reader.getOrSetAsync('b', () => 1)), 'ERR_MMAPIPC_ACCESS');
    assert.equal(map.getAndDelete('n'), 1);
    isUnharmed(map);
  });

  it('postMessage and structuredClone refuse a map', () => {
    const map = filled();
    const error = thrownBy(() => structuredClone(map));
    assert.equal(error.name, 'DataCloneError');
    assert.match(error.message, /\.handle/);
  });
});
