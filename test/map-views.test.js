/*
 * Namespaces of a SharedMap, and its entries as properties of an object.
 */
'use strict';

const assert = require('node:assert/strict');
const util = require('node:util');

const { maps } = require('./support/maps');
const { isLinux } = require('./support/platform');
const { thrownBy } = require('./support/shares');

const ODD = [
  ...[
    'then',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'toJSON',
    'valueOf',
    'length',
  ],
  ...[
    'inspect',
    'get',
    'set',
    '',
    '0',
    'a.b',
    '\ud800',
    '€',
    'prototype',
    'nodeType',
    'asymmetricMatch',
  ],
];
const sorted = (iterable) => [...iterable].sort();

describe('SharedMap: namespace()', () => {
  if (!isLinux) return;
  const { make } = maps();

  it('has the same methods, whose keys carry the prefix', async () => {
    const map = make();
    const users = map.namespace('user:');
    assert.equal(users.set('1', { name: 'a' }), users);
    users.setMany([['2', 2]]).set('3', 'x', 3600000);
    assert.deepEqual(sorted(map.keys()), ['user:1', 'user:2', 'user:3']);
    assert.deepEqual(
      [users.get('1'), users.peek('1'), users.has('2')],
      [{ name: 'a' }, { name: 'a' }, true],
    );
    assert.deepEqual(users.getMany(['1', '2', 'x']), [{ name: 'a' }, 2, undefined]);
    assert.deepEqual([users.increment('2'), users.count('2').value, map.get('user:2')], [3, 4, 4]);
    assert.deepEqual(
      [users.add('2', 0), users.replace('2', 9), users.getAndSet('2', 8)],
      [false, true, 9],
    );
    assert.equal(
      users.update('2', (old) => old + 1),
      9,
    );
    assert.equal(await users.updateAsync('2', async (old) => old + 1), 10);
    assert.equal(await users.getOrSetAsync('4', async (key) => `made ${key}`), 'made 4');
    assert.ok(users.compareAndSet('2', users.entry('2').version, 0));
    assert.ok(users.ttl('3') <= 3600000 && users.expire('3', null) && users.ttl('3') === Infinity);
    assert.deepEqual(
      [users.getAndDelete('4'), users.delete('3'), users.deleteMany(['1', 'x'])],
      ['made 4', true, 1],
    );
    assert.deepEqual([...map], [['user:2', 0]]);
  });

  it('its keys, size and clear() cover only the prefix', () => {
    const map = make();
    const one = map.namespace('one:');
    for (const view of [map, one, map.namespace('two:'), map.namespace('€')]) {
      for (let i = 0; i < 50; i++) view.set(`k${i}`, i);
    }
    assert.deepEqual(
      [map.size, one.size, map.namespace('€').size, map.namespace('none').size],
      [200, 50, 50, 0],
    );
    assert.deepEqual(sorted(one.keys()), sorted(Array.from({ length: 50 }, (_, i) => `k${i}`)));
    assert.deepEqual(sorted(one.keys({ prefix: 'k1' })).length, 11);
    assert.deepEqual(new Map(one).get('k7'), 7);
    one.forEach((value, key, of) => assert.ok(key === `k${value}` && of === one));
    one.clear();
    assert.deepEqual([map.size, one.size], [150, 0]);
    map.namespace('€').clear();
    assert.deepEqual([map.size, map.namespace('two:').size], [100, 50]);
  });

  it('nests', () => {
    const map = make();
    const inner = map.namespace('a:').namespace('b:').namespace('');
    inner.set('c', 1);
    assert.equal(map.get('a:b:c'), 1);
    assert.equal(map.namespace('a:').get('b:c'), 1);
    assert.deepEqual([inner.prefix, inner.map], ['a:b:', map]);
    assert.deepEqual([...map.namespace('a:').keys()], ['b:c']);
  });

  it('keeps the map alive, and console.log shows both', () => {
    const map = make();
    const text = util.inspect(map.namespace('a:'));
    assert.match(text, /^SharedMapNamespace \{\s+prefix: 'a:',\s+map: SharedMap \{/);
  });
});

describe('SharedMap: object', () => {
  if (!isLinux) return;
  const { make, attach } = maps();

  it('properties are entries, seen by other objects', () => {
    const map = make();
    const other = attach(map);
    const { object } = map;
    assert.equal(map.object, object);
    object.foo = 'hello';
    object['two words'] = { list: [1] };
    assert.deepEqual(
      [other.object.foo, other.get('two words'), object.none],
      ['hello', { list: [1] }, undefined],
    );
    other.object.foo = 5;
    object.foo += 1;
    assert.equal(other.get('foo'), 6);
    assert.deepEqual(
      ['foo' in object, 'none' in object, Object.hasOwn(object, 'foo')],
      [true, false, true],
    );
    assert.deepEqual(
      [delete object.foo, delete object.none, other.has('foo')],
      [true, true, false],
    );
  });

  it('Object.keys, entries, spread, for...in, assign and JSON.stringify see all entries', () => {
    const map = make();
    const plain = { a: 1, b: 'text', c: { d: [null] }, e: null };
    Object.assign(map.object, plain);
    assert.deepEqual({ ...map.object }, plain);
    assert.deepEqual(sorted(Object.keys(map.object)), ['a', 'b', 'c', 'e']);
    assert.deepEqual(Object.fromEntries(Object.entries(map.object)), plain);
    assert.deepEqual(JSON.parse(JSON.stringify(map.object)), plain);
    assert.deepEqual(structuredClone({ ...map.object }), plain);
    const names = [];
    for (const name in map.object) names.push(name);
    assert.deepEqual(sorted(names), ['a', 'b', 'c', 'e']);
    assert.equal(Object.getPrototypeOf(map.object), null);
  });

  it('any name is safe', async () => {
    const map = make();
    const { object } = map;
    for (const name of ODD) {
      assert.equal(object[name], undefined, name);
      assert.equal(name in object, false, name);
    }
    assert.equal(await object, object);
    assert.equal(JSON.stringify(object), '{}');
    for (const name of ODD) object[name] = `value of ${name}`;
    for (const name of ODD) assert.equal(object[name], `value of ${name}`);
    assert.deepEqual(sorted(Object.keys(object)), sorted(ODD));
    assert.equal(Object.keys(JSON.parse(JSON.stringify(object))).length, ODD.length);
    assert.equal(await object, object);
    assert.equal(Object.getPrototypeOf(object), null);
    for (const name of ODD) delete object[name];
    assert.equal(map.size, 0);
  });

  it('console.log shows the entries, and never throws', () => {
    const map = make();
    assert.equal(util.inspect(map.object), '{}');
    map.object.a = { b: 1 };
    map.object.__proto__ = 5;
    assert.match(util.inspect(map.object), /a: \{ b: 1 \}/);
    assert.match(util.inspect({ nested: map.object }), /nested: \{/);
    for (let i = 0; i < 200; i++) map.object[`k${i}`] = i;
    assert.match(util.inspect(map.object), /and 102 more$/);
    map.close();
    assert.equal(util.inspect(map.object), '{}');
  });

  it('symbols are no keys', () => {
    const { object } = make();
    const symbol = Symbol('s');
    assert.equal(object[symbol], undefined);
    assert.equal(symbol in object, false);
    assert.ok(thrownBy(() => (object[symbol] = 1)) instanceof TypeError);
    assert.equal(delete object[symbol], true);
    assert.equal(`${typeof object[Symbol.toPrimitive]}`, 'undefined');
  });

  it('refuses getters, constant properties, other prototypes and freezing', () => {
    const map = make();
    const { object } = map;
    Object.defineProperty(object, 'a', {
      value: 1,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    assert.equal(map.get('a'), 1);
    for (const call of [
      () => Object.defineProperty(object, 'b', { get: () => 1, configurable: true }),
      () => Object.defineProperty(object, 'b', { value: 1, writable: false }),
      () => Object.setPrototypeOf(object, {}),
      () => Object.freeze(object),
      () => Object.preventExtensions(object),
      () => (object.b = undefined),
    ]) {
      assert.ok(thrownBy(call) instanceof TypeError, String(call));
    }
    assert.deepEqual([...map], [['a', 1]]);
  });

  it('an object that inherits from it gets own properties', () => {
    const map = make();
    map.object.a = 1;
    const child = Object.create(map.object);
    child.b = 2;
    assert.deepEqual([child.a, child.b, map.has('b'), Object.keys(child)], [1, 2, false, ['b']]);
  });

  it('of a namespace it has the names without the prefix', () => {
    const map = make();
    const { object } = map.namespace('config.');
    object.port = 80;
    assert.deepEqual([map.get('config.port'), { ...object }], [80, { port: 80 }]);
    assert.deepEqual({ ...map.object }, { 'config.port': 80 });
  });
});
