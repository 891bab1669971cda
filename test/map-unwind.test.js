/*
 * A call of a SharedMap that is ended in the middle (by the end of the stack, or the time limit of node:vm)
 * leaves a map that works, with whole values.
 */
'use strict';

const assert = require('node:assert/strict');
const vm = require('node:vm');

const { amount } = require('./support/amounts');
const { maps } = require('./support/maps');
const { isLinux } = require('./support/platform');

const HOUR = 3600000;

const CALLS = {
  set: (map, i) => map.set('a', i),
  'set of a text': (map, i) => map.set('key of more than 24 characters', `${i}`.repeat(50)),
  'set of an object': (map, i) => map.set('o', { i, list: [i, `${i}`] }),
  get: (map) => map.get('o'),
  peek: (map) => map.peek('o'),
  increment: (map) => map.increment('n'),
  count: (map) => map.count('c', 1, { ttl: HOUR }),
  compareAndSet: (map, i) => map.compareAndSet('a', map.entry('a')?.version ?? 0, i),
  update: (map) => map.update('u', (old = 0) => old + 1),
  delete: (map) => map.delete('a'),
  keys: (map) => [...map.keys()],
  getMany: (map) => map.getMany(['a', 'o', 'none']),
  namespace: (map, i) => map.namespace('x:').set('y', i),
  object: (map, i) => (map.object.p = i),
  watch: (map) => map.watch().return(),
};

/* Whether every value is one that CALLS could have set, and the map takes changes. */
function isWell(map) {
  for (const [key, value] of map) {
    if (key === 'o') assert.deepEqual(value, { i: value.i, list: [value.i, `${value.i}`] });
    else if (key.startsWith('key')) assert.match(value, /^(\d+?)\1{49}$/);
    else assert.equal(typeof value, 'number', key);
  }
  map.set('last', 1);
  assert.deepEqual([map.get('last'), map.delete('last'), map.has('last')], [1, true, false]);
  assert.equal(map.stats().locked, 0);
  assert.equal(map.set('again', 2, HOUR).ttl('again') <= HOUR, true);
  assert.equal(map.set('again', 2).ttl('again'), Infinity);
  assert.equal(map.add('again', 3), false);
}

describe('SharedMap: calls that are unwound', function () {
  if (!isLinux) return;
  this.timeout(120000);
  const { make } = maps();
  const { stackTraceLimit } = Error;
  before(() => (Error.stackTraceLimit = 0)); /* the traces would take most of the time */
  after(() => (Error.stackTraceLimit = stackTraceLimit));

  for (const [name, call] of Object.entries(CALLS)) {
    it(`${name} at the end of the stack`, () => {
      const map = make(2 ** 20, { cache: 10 });
      map.set('o', { i: 1, list: [1, '1'] });
      let thrown = 0;
      let done = 0;
      /* The deepest level calls first: each one above has more of the stack left. */
      const deeper = (n) => {
        try {
          deeper(n + 1);
        } catch {
          // the end of the stack
        }
        if (done > 20) return;
        try {
          call(map, n);
          done++;
        } catch (error) {
          assert.ok(error instanceof RangeError, error);
          thrown++;
        }
      };
      for (let i = 0; i < amount(1, 20); i++) {
        done = 0;
        deeper(i);
      }
      assert.ok(thrown > 0);
      isWell(map);
    });
  }

  it('getOrSetAsync at the end of the stack', async () => {
    const map = make();
    const all = [];
    const deeper = () => {
      try {
        all.push(map.getOrSetAsync('a', () => 5));
      } catch (error) {
        assert.ok(error instanceof RangeError, error);
      }
      deeper();
    };
    assert.throws(deeper, RangeError);
    const results = await Promise.allSettled(all);
    assert.ok(results.every(({ value, reason }) => value === 5 || reason instanceof RangeError));
    assert.equal(await map.getOrSetAsync('a', () => 6), 5);
    assert.equal(await map.getOrSetAsync('b', () => 7), 7);
  });

  it(`calls that a time limit of node:vm ends, ${amount(30, 300)} times`, () => {
    const map = make(2 ** 20);
    map.set('o', { i: 1, list: [1, '1'] });
    const calls = Object.values(CALLS).filter((call) => call !== CALLS.watch);
    const context = vm.createContext({ map, calls });
    const script = new vm.Script('for (let i = 0; ; i++) calls[i % calls.length](map, i % 1000)');
    for (let i = 0; i < amount(30, 300); i++) {
      assert.throws(() => script.runInContext(context, { timeout: 1 + (i % 7) }), {
        code: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
      });
      isWell(map);
    }
  });
});
