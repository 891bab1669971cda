/*
 * Calls of a SharedMap with wrong arguments, and the codes of the errors: each method that takes a key, a
 * value or a time to live; other arguments; the options of the constructor.
 */
'use strict';

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';
const RETURN = 'ERR_INVALID_RETURN_VALUE';
const TOO_LONG = 'ERR_MMAPIPC_KEY_TOO_LONG';

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

module.exports = {
  ASYNC_CALLS,
  ASYNC_WITH_KEY,
  BAD_LIVES,
  CALLS,
  NO_KEYS,
  NO_VALUES,
  OPTIONS,
  WITH_KEY,
  WITH_LIFE,
  WITH_VALUE,
};
