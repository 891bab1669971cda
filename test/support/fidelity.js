/*
 * The value that each codec restores: the rows of the table "What comes back" in docs/share.md. 'same' is
 * the result of structuredClone, 'error' a named error of set(); CHECKS has all other texts.
 */
'use strict';

const assert = require('node:assert/strict');

class Point {
  constructor() {
    this.x = 1;
  }

  toJSON() {
    return 'a point';
  }
}

function nested(depth) {
  let value = {};
  for (let i = 0; i < depth; i++) value = { value };
  return value;
}

function cycle() {
  const value = { list: [] };
  value.list.push(value);
  return value;
}

function twice() {
  const one = { a: 1 };
  return { one, other: one };
}

const ISO = '1999-12-31T23:59:59.000Z';
const date = () => new Date(ISO);
const row = (label, make, auto, v8 = auto, json = auto) => ({ label, make, auto, v8, json });
const same = (label, make, json = 'same') => row(label, make, 'same', 'same', json);
const refused = (label, make, json = 'error') => row(label, make, 'error', 'error', json);

const FIDELITY = [
  same('strings, also U+0000 and lone surrogates', () => ['', '\0', 'é', '\u{1f600}', '\ud800x']),
  same('finite numbers, `true`, `false`, `null`', () => [
    0,
    1.5,
    -1e300,
    5e-324,
    true,
    false,
    null,
  ]),
  same('`{}`, `[]`, `""`', () => [{}, [], '']),
  same('`NaN`, `Infinity`, `-Infinity`', () => [NaN, Infinity, -Infinity], '`null`'),
  same('`-0`', () => [-0], '`0`'),
  same('`undefined` in an object', () => ({ a: undefined, b: 1 }), 'left out'),
  same('`undefined` or a hole in an array', () => [undefined, , 1], '`null`'), // eslint-disable-line no-sparse-arrays
  same('other properties of an array', () => Object.assign([1], { b: 1 }), 'left out'),
  same('bigint', () => ({ big: 2n ** 70n }), 'error'),
  same('Date', () => ({ a: date() }), 'its ISO text'),
  same('Map, Set', () => ({ a: new Map([[{}, 1]]), b: new Set([1]) }), '`{}`'),
  same('RegExp', () => ({ a: /x+/giu }), '`{}`'),
  same('Error', () => ({ a: new RangeError('far') }), '`{}`'),
  same('Buffer, itself or inside', () => ({ a: Buffer.from('ab') }), '`{ type, data }`'),
  same('typed array', () => ({ a: new Uint16Array([7, 8]) }), 'object of its elements'),
  same(
    'ArrayBuffer, DataView',
    () => ({ a: new ArrayBuffer(3), b: new DataView(new ArrayBuffer(1)) }),
    '`{}`',
  ),
  same('new Number, new String, new Boolean', () => ({ a: new Number(1) }), 'the primitive'),
  same('the same object twice', twice, 'two objects'),
  same('a cycle', cycle, 'error'),
  same('own key `__proto__`', () => JSON.parse('{"__proto__":{"a":1},"b":1}')),
  same('object without prototype', () => Object.assign(Object.create(null), { b: 1 })),
  same('getter', () => Object.defineProperty({}, 'b', { get: () => 1, enumerable: true })),
  same('symbol as a key', () => ({ [Symbol.iterator]: 2, b: 1 })),
  row(
    'class instance',
    () => ({ a: new Point() }),
    'plain object',
    'plain object',
    'what toJSON gives, or plain object',
  ),
  refused('function or symbol in an object', () => ({ a: () => 1, b: 1 }), 'left out'),
  refused('toJSON as an own method', () => ({ a: { toJSON: () => 'mine' } }), 'what toJSON gives'),
  refused('Proxy', () => ({ a: new Proxy({ b: 1 }, {}) }), 'what JSON sees'),
  refused('WeakMap, Promise, SharedArrayBuffer', () => ({ a: new WeakMap() }), '`{}`'),
  same('nested 1,000 deep', () => nested(1000)),
  refused('nested 100,000 deep', () => nested(1e5), 'error or same'),
  refused('`undefined`, function or symbol itself', () => undefined),
];

/* Depends on the stack that V8 needs: from Node 25 on, JSON.stringify needs none. */
const depth = (value) => {
  let levels = 0;
  for (let one = value; one.value !== undefined; one = one.value) levels++;
  return levels;
};

/* For each text other than 'same' and 'error', asserts that the restored value agrees with it. */
const CHECKS = {
  'error or same': (back) => assert.equal(depth(back), 1e5),
  '`null`': (back) => assert.ok(back.slice(0, 2).every((one) => one === null)),
  '`0`': (back) => assert.ok(Object.is(back[0], 0)),
  'left out': (back) =>
    assert.deepEqual(
      Array.isArray(back) ? [...back, 'end'] : back,
      Array.isArray(back) ? [1, 'end'] : { b: 1 },
    ),
  'its ISO text': (back) => assert.equal(back.a, ISO),
  '`{}`': (back) => assert.ok(Object.values(back).every((one) => Object.keys(one).length === 0)),
  '`{ type, data }`': (back) => assert.deepEqual(back.a, { type: 'Buffer', data: [97, 98] }),
  'object of its elements': (back) => assert.deepEqual(back.a, { 0: 7, 1: 8 }),
  'the primitive': (back) => assert.deepEqual(back, { a: 1 }),
  'two objects': (back) => assert.ok(back.one !== back.other && back.other.a === 1),
  'plain object': (back) => assert.deepEqual(back, { a: { x: 1 } }),
  'what toJSON gives, or plain object': (back) => assert.deepEqual(back, { a: 'a point' }),
  'what toJSON gives': (back) => assert.deepEqual(back, { a: 'mine' }),
  'what JSON sees': (back) => assert.deepEqual(back, { a: { b: 1 } }),
};

module.exports = { CHECKS, FIDELITY };
