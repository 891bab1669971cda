/*
 * The values that each codec restores (the table in support/fidelity.js), and the special cases:
 * user code that runs during encoding, memory that is too small.
 */
'use strict';

const assert = require('node:assert/strict');
const vm = require('node:vm');
const msgpack = require('@msgpack/msgpack');

const { TYPE, freeze, makeCodec } = require('../lib/codec/codec');
const { assertClone, encoded, room, roundTrip } = require('./support/codecs');
const { CHECKS, FIDELITY } = require('./support/fidelity');

const NAMED = { code: /^ERR_(INVALID_ARG_|OUT_OF_RANGE)/ };
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };

const codecs = Object.fromEntries(['auto', 'v8', 'json'].map((name) => [name, makeCodec(name)]));
const { auto, json } = codecs;
const both = [auto, codecs.v8];

function orNamed(run) {
  try {
    run();
  } catch (error) {
    assert.match(error.code, NAMED.code);
  }
}

/* As structuredClone, which does not know Buffer. */
const cloned = (value) =>
  Buffer.isBuffer(value?.a) ? { a: Buffer.from(value.a) } : structuredClone(value);

describe('a restored value', () => {
  for (const { label, make, ...kinds } of FIDELITY) {
    for (const [name, kind] of Object.entries(kinds)) {
      it(`of ${label} with '${name}': ${kind}`, () => {
        if (kind === 'error') {
          assert.throws(() => codecs[name].encode(make(), room), NAMED);
          return;
        }
        const value = make();
        if (kind === 'error or same') {
          orNamed(() => CHECKS[kind](roundTrip(codecs[name], value)));
          return;
        }
        const back = roundTrip(codecs[name], value);
        if (kind === 'same') assertClone(back, cloned(value));
        else CHECKS[kind](back);
      });
    }
  }

  it('is the same primitive, or an equal Buffer', () => {
    const long = 'ab\u00e9'.repeat(50000);
    const values = [null, true, false, 0, -0, NaN, 1e-300, '', 'a', '\0', long, `${long}\u0100`];
    const bigints = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 200n)];
    for (const codec of both) {
      for (const value of [...values, ...bigints]) {
        assert.ok(Object.is(roundTrip(codec, value), value), String(value).slice(0, 30));
      }
      for (const size of [0, 1, 100, 1e5]) {
        const back = roundTrip(codec, Buffer.alloc(size, 7));
        assert.ok(Buffer.isBuffer(back) && back.equals(Buffer.alloc(size, 7)));
      }
      assert.deepEqual(roundTrip(codec, new Uint8Array([1, 2])), new Uint8Array([1, 2]));
    }
  });

  it('has any characters that a string has with json, in ASCII or UTF-8', () => {
    for (const text of ['', '\0', 'plain', 'é', 'жук', '\u{1f600}', '\ud800', 'x'.repeat(999)]) {
      for (const many of [text, text.repeat(9), `${text}${'y'.repeat(65530)}`, text.repeat(9999)]) {
        assert.ok(roundTrip(json, many) === many && roundTrip(json, [many])[0] === many);
        assert.equal(roundTrip(auto, { many }).many, many);
      }
    }
    assert.equal(encoded(json, 'plain').type, TYPE.JSON_ASCII);
    assert.equal(encoded(json, 'é').type, TYPE.JSON_UTF8);
  });

  it('is a typed array of any kind with memory of its own', () => {
    const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array];
    kinds.push(Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array);
    if (globalThis.Float16Array) kinds.push(globalThis.Float16Array);
    for (const Kind of kinds) {
      const { buffer } = new Uint8Array(64).fill(1);
      const back = roundTrip(auto, { before: 'x', view: new Kind(buffer, 16, 3) });
      assert.deepEqual(back.view, new Kind(buffer, 16, 3));
      assert.equal(back.view.buffer.byteLength, 3 * Kind.BYTES_PER_ELEMENT);
    }
    const back = roundTrip(auto, { view: new DataView(new ArrayBuffer(9), 2, 3) });
    assert.equal(back.view.byteLength, 3);
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(5);
    assert.deepEqual(roundTrip(auto, { shared }), { shared: new Uint8Array(4).fill(5) });
  });
});

describe('codec auto', () => {
  const isPlain = (value) =>
    [TYPE.JSON_ASCII, TYPE.JSON_UTF8, TYPE.RECORD].includes(encoded(auto, value).type);

  it('writes plain data as JSON or a record, everything else as a structured clone', () => {
    const many = Array.from({ length: 1000 }, (_, id) => ({
      id,
      tags: ['a', `${id}`],
      none: null,
    }));
    for (const plain of [{}, [], [[]], { a: { b: [1, 'x', true, null] } }, many, [many, 'é']]) {
      assert.ok(isPlain(plain));
      assertClone(roundTrip(auto, plain), structuredClone(plain));
    }
    const one = {};
    const odd = [NaN, -0, Infinity, undefined, 1n, new Date(0), new Map(), one];
    for (const [at, place] of [0, 1, 500, 999].entries()) {
      for (const value of odd) {
        const list = many.map((item) => ({ ...item }));
        list[place] = { deep: [{ value }], at, also: one };
        assert.ok(
          !isPlain(list) || (encoded(auto, list).type === TYPE.RECORD && odd.indexOf(value) < 4),
        );
        assertClone(roundTrip(auto, list), structuredClone(list));
      }
    }
  });

  it('keeps the other properties of arrays, short or long', () => {
    for (const length of [1, 10, 999, 1000, 20000]) {
      const list = Array.from({ length }, (_, i) => i);
      assert.ok(isPlain(list));
      const holed = [...list, 1];
      delete holed[length >> 1];
      const named = Object.assign([...list], { index: 1, input: 'x' });
      const mixed = Object.assign([...holed], { index: 1 });
      for (const value of [holed, named, mixed]) {
        assert.ok(!isPlain(value));
        assertClone(roundTrip(auto, value), structuredClone(value));
      }
    }
    assert.equal(roundTrip(auto, 'xyx'.match(/y/)).index, 1);
  });

  it('calls each getter of a small value once, and copes with getters whose result changes', () => {
    let calls = 0;
    const counter = () =>
      Object.defineProperty({}, 'n', { enumerable: true, get: () => (++calls > 1 ? NaN : calls) });
    assert.deepEqual(roundTrip(auto, { inner: counter() }), { inner: { n: 1 } });
    assert.equal(calls, 1);
    calls = 0;
    const many = Array.from({ length: 100 }, (_, i) => ({ i }));
    assert.deepEqual(roundTrip(auto, [...many, counter()])[100], { n: NaN });
    const list = Object.defineProperty([1, 2], 1, { get: () => ++calls, enumerable: true });
    assert.ok(roundTrip(auto, list)[1] > 2);
  });

  it('finds toJSON anywhere in a value', () => {
    const hidden = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'wrong' });
    assert.deepEqual(roundTrip(auto, { hidden }), { hidden: { a: 1 } });
    for (const prototype of [Object.prototype, Array.prototype]) {
      Object.defineProperty(prototype, 'toJSON', { value: () => 'wrong', configurable: true });
      try {
        assert.deepEqual([...roundTrip(auto, [{ a: 1 }])], [{ a: 1 }]);
      } finally {
        delete prototype.toJSON;
      }
    }
  });

  it('clones objects of other realms, and objects whose prototype was removed', () => {
    const context = vm.createContext({});
    for (const code of ['({ a: [1, { b: 2 }] })', '[1, [2]]', 'new Map([[1, 2]])', 'new Date(5)']) {
      const value = vm.runInContext(code, context);
      assertClone(roundTrip(auto, { value }), structuredClone({ value }));
    }
    for (const make of [
      () => new Map([[1, 2]]),
      () => new Date(5),
      () => new Uint8Array(2),
      () => [],
    ]) {
      for (const prototype of [null, Object.prototype, Array.prototype]) {
        const value = Object.setPrototypeOf(make(), prototype);
        assertClone(roundTrip(auto, { value }), structuredClone({ value }));
      }
    }
    const fake = Object.assign(Object.create(Buffer.prototype), { a: 1 });
    assertClone(roundTrip(auto, fake), structuredClone(fake));
  });

  it('refuses Proxies, as structuredClone does', () => {
    const gone = Proxy.revocable({}, {});
    gone.revoke();
    for (const proxy of [new Proxy({}, {}), new Proxy([], {}), gone.proxy]) {
      for (const value of [proxy, [proxy], { proxy }]) {
        assert.throws(() => auto.encode(value, room), VALUE);
      }
    }
  });
});

describe('encode', () => {
  it('writes into the given memory if the value fits, and returns the same object each time', () => {
    for (const codec of Object.values(codecs)) {
      const first = codec.encode({ a: 1 }, room);
      assert.equal(codec.encode('x', room), first);
      assert.equal(first.bytes, room);
    }
    for (const size of [0, 1, 7, 8, 16, 100]) {
      const small = Buffer.alloc(size);
      for (const value of [
        1,
        'é',
        '\u0100',
        1n,
        2n ** 90n,
        { text: 'жук' },
        'x'.repeat(99),
        { a: 'y' },
      ]) {
        for (const codec of both) {
          const { type, bytes, length } = codec.encode(value, small);
          assertClone(codec.decode(type, bytes, length), value);
        }
      }
    }
  });

  it('may be called again by a getter, toJSON or encode that it is calling', () => {
    for (const codec of [...Object.values(codecs), makeCodec(msgpack)]) {
      const other = () => void codec.encode({ other: ['x'.repeat(2000)], list: [{}, {}] }, room);
      const value = {
        a: 1,
        get b() {
          other();
          return 2;
        },
        c: [3],
      };
      assert.deepEqual(roundTrip(codec, [value]), [{ a: 1, b: 2, c: [3] }]);
    }
    const shared = { deep: {} };
    const list = [shared, 1, shared];
    Object.defineProperty(list, 1, {
      get: () => auto.encode([{}, {}], room) && 1,
      enumerable: true,
    });
    const back = roundTrip(auto, list);
    assert.equal(back[0], back[2]);
  });
});

describe('freeze', () => {
  it('freezes plain data deeply, also with cycles', () => {
    const value = { a: [1, { b: null }], c: Object.create(null) };
    value.a.push(value);
    assert.equal(freeze(value), true);
    for (const one of [value, value.a, value.a[1], value.c]) assert.ok(Object.isFrozen(one));
    for (const one of [1, 'x', null, undefined, 1n]) assert.equal(freeze(one), true);
    let deep = [];
    for (let i = 0; i < 1e5; i++) deep = [deep];
    assert.equal(freeze(deep), true);
  });

  it('freezes nothing when the value contains anything else', () => {
    for (const odd of [new Date(), new Map(), Buffer.alloc(1), /x/, () => 1, new (class {})()]) {
      const value = { a: [1], b: { odd } };
      assert.equal(freeze(value), false);
      assert.ok(![value, value.a, value.b].some(Object.isFrozen));
    }
    assert.equal(freeze(Object.setPrototypeOf(new Map(), null)), false);
  });
});
