/*
 * Records, the form in which 'auto' writes plain data whose shapes it has met: they come back as from
 * structuredClone, whatever runs meanwhile and however they are read.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const vm = require('node:vm');
const fc = require('fast-check');

const { Share } = require('..');
const { TYPE, makeCodec } = require('../lib/codec/codec');
const { amount } = require('./support/amounts');
const { assertClone, encoded, encodedAgain, room, roundTrip } = require('./support/codecs');
const { recordable, wild } = require('./support/records');

const RUNS = amount(1000, 4000);
const OFTEN = 200; // more uses than a shape has before a function is generated

const auto = makeCodec();
const decoded = ({ type, bytes, length }) => auto.decode(type, bytes, length);
const isRecord = (value) => encodedAgain(makeCodec(), value).type === TYPE.RECORD;

/* What comes back once the shapes are known. */
function again(value) {
  encoded(makeCodec(), value);
  return roundTrip(makeCodec(), value);
}

function assertRecord(value) {
  const form = encodedAgain(makeCodec(), value);
  assert.equal(form.type, TYPE.RECORD);
  assertClone(decoded(form), value);
}

function withProperty(object, key, descriptor, run) {
  Object.defineProperty(object, key, { configurable: true, ...descriptor });
  try {
    return run();
  } finally {
    delete object[key];
  }
}

describe('a record', function () {
  this.timeout(60000);

  it('comes back as from structuredClone', () => {
    fc.assert(
      fc.property(recordable, (value) => {
        const form = encodedAgain(makeCodec(), value);
        assert.equal(form.type, TYPE.RECORD);
        assertClone(decoded(form), structuredClone(value));
      }),
      { numRuns: RUNS },
    );
  });

  it('is written of plain data only: any value comes back as from structuredClone', () => {
    fc.assert(
      fc.property(wild, (value) => assertClone(again(value), structuredClone(value))),
      { numRuns: RUNS },
    );
  });

  it('is read alike by a template and by a generated function', () => {
    fc.assert(
      fc.property(recordable, (value) => {
        const form = encodedAgain(makeCodec(), value);
        for (let i = 0; i < OFTEN; i++) {
          const back = decoded(form);
          if (i % 20 === 0) assertClone(back, value);
        }
      }),
      { numRuns: 50 },
    );
  });

  for (const flags of [[], ['--disallow-code-generation-from-strings']]) {
    it(`comes back as from structuredClone under node ${flags.join()}`, () => {
      const fixture = path.join(__dirname, 'fixtures', 'record-trips.js');
      const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, fixture], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      assert.equal(stdout, flags.length === 0 ? 'generated' : 'refused');
    });
  }

  it('has numbers, strings and lists of any size', () => {
    const numbers = [0, 1, 127, 128, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53];
    numbers.push(-0, 0.5, NaN, Infinity, -Infinity, 5e-324, 1.7e308);
    const texts = ['', 'a', '\0', 'é', 'ж', '\ud800', '\udc00\ud800', 'a"\\\n'];
    for (const length of [1, 12, 13, 23, 24, 25, 63, 64, 127, 128, 511, 512, 513, 9000]) {
      texts.push('x'.repeat(length), `${'x'.repeat(length - 1)}é`, `${'x'.repeat(length - 1)}ж`);
    }
    assertRecord({ numbers, texts });
    for (const length of [0, 1, 2, 3, 255, 256, 16384, 16385, 20000]) {
      for (const item of [1, 0.5, 'x', null, true]) {
        const list = new Array(length).fill(item);
        for (const value of [list, [...list, 0.5, 'end', 1, { list: [] }]]) assertRecord({ value });
      }
    }
  });

  it('has all of a value that outgrows the memory of the writer', () => {
    const codec = makeCodec();
    const big = { text: 'x'.repeat(5e6) }; // the memory is small again afterwards
    assertRecord(big);
    const [text, numbers] = [new Array(200).fill('x'.repeat(20)), new Array(445).fill(0.5)];
    for (const [filling, step, parts] of [
      [text, 1, ['é'.repeat(40)]], // at one step, there is room for 40 bytes
      [text, 7, ['x', 'x'.repeat(70), 'é', { a: 1 }]],
      [numbers, 5, ['ж', 'ж'.repeat(40), 1.5, 300, { a: 1 }, []]],
    ]) {
      for (const part of parts) {
        for (let more = 30; more < 90; more += step) {
          const values = [...filling, ...new Array(more).fill('y')];
          values.push(structuredClone(part), structuredClone(part));
          encoded(codec, { values });
          encoded(codec, big);
          const form = encoded(codec, { values });
          assert.equal(form.type, TYPE.RECORD);
          const back = decoded(form).values;
          assert.ok(back.length === values.length && back[0] === values[0]);
          assertClone(back.slice(-3), values.slice(-3));
        }
      }
    }
  });

  it('is not written of what looks like an object of a known shape', () => {
    assert.ok(isRecord({ a: 1, b: [2] }));
    class Pair {
      a = 1;
      b = [2];
    }
    const cycle = { a: 1, b: [2] };
    cycle.b.push(cycle);
    const one = { a: 1, b: [] };
    const holed = [1, , 3]; // eslint-disable-line no-sparse-arrays
    const odd = [new Pair(), new Map(), new Date(5), Object.assign([1], { a: 1 }), holed, 1n];
    odd.push(new Uint8Array(2), Buffer.from('ab'), [undefined], Object.setPrototypeOf([1], null));
    const view = Object.assign(new DataView(new ArrayBuffer(2)), { a: 1, b: [2] });
    odd.push(Object.setPrototypeOf(view, Object.prototype), cycle, [one, one]);
    odd.push(Object.setPrototypeOf(new Map(), Object.prototype));
    for (const value of odd) {
      const outer = { a: 1, b: [value] };
      assert.equal(encodedAgain(makeCodec(), outer).type, TYPE.V8);
      if (!Buffer.isBuffer(value)) assertClone(again(outer), structuredClone(outer));
    }
    for (const value of [
      new Proxy({ a: 1, b: [2] }, {}),
      { a: 1, b: () => 1 },
      { a: Symbol('x') },
    ]) {
      assert.throws(() => auto.encode({ a: 1, b: [value] }, room), {
        code: 'ERR_INVALID_ARG_VALUE',
      });
    }
    const hidden = Object.defineProperty({ a: 1, b: [2], [Symbol('x')]: 3 }, 'c', { value: 4 });
    assertClone(again(hidden), { a: 1, b: [2] });
    assertClone(again(Object.assign(Object.create(null), { a: 1, b: [2] })), { a: 1, b: [2] });
    assertClone(again({ a: { toJSON: 1 } }), { a: { toJSON: 1 } });
  });

  it('is not written of keys that JSON restores and an assignment does not', () => {
    const values = [JSON.parse('{"__proto__":{"a":1},"b":1}'), { 0: 1 }, { 17: 1, b: 2 }, { ж: 1 }];
    values.push(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])));
    for (const value of values) {
      assert.ok(!isRecord(value));
      assertClone(again(value), structuredClone(value));
    }
    const odd = {
      constructor: 1,
      toString: 2,
      'a"]; throw 1; //': 3,
      '': 4,
      é: 5,
      hasOwnProperty: 6,
    };
    assert.ok(isRecord(odd));
    for (let i = 0; i < OFTEN; i++) assertClone(again(odd), odd);
  });

  it('is written of values up to a depth that it can be read with', () => {
    let value = { value: 1 };
    for (let depth = 1; depth < 300; depth++) {
      assert.equal(encodedAgain(makeCodec(), value).type === TYPE.RECORD, depth <= 200);
      assertClone(again(value), value);
      value = depth % 2 ? [value] : { value };
    }
  });

  it('is written and read when there are more shapes than a record or a process keeps', () => {
    const shaped = (from, many) =>
      Array.from({ length: many }, (_, i) => ({
        [`key${from + i}`]: i,
        [`more${from + i}`]: [{}],
      }));
    for (const [many, type] of [
      [255, TYPE.RECORD],
      [256, TYPE.JSON_ASCII], // and that of {}
    ]) {
      assert.equal(encodedAgain(makeCodec(), shaped(0, many)).type, type);
      assertClone(again(shaped(0, many)), shaped(0, many));
    }
    for (let from = 0; from < 3000; from += 200) {
      const value = shaped(from, 200);
      assert.ok(isRecord(value));
      assertClone(again(value), value);
    }
    assertClone(again(shaped(0, 200)), shaped(0, 200));
  });

  it('has what getters return, and is complete when they set and get other values', () => {
    const plain = () => ({ n: 1, list: [1, 2], other: { n: 5 } });
    assert.ok(isRecord(plain()));
    const share = new Share(4096);
    const codec = makeCodec();
    const nested = () => {
      codec.encode({ text: 'y'.repeat(3000), list: [plain()] }, room);
      share.set(plain());
      return share.get().other.n;
    };
    const define = (value, key, get) =>
      Object.defineProperty(value, key, { get, enumerable: true, configurable: true });
    let calls = 0;
    const value = define(plain(), 'list', () => [++calls, nested()]);
    const { type } = codec.encode(value, room);
    assert.ok(type === TYPE.RECORD && calls === 1);
    assertClone(roundTrip(codec, value), { n: 1, list: [2, 5], other: { n: 5 } });
    assertClone(
      roundTrip(
        codec,
        define(plain(), 'n', () => plain()),
      ).n,
      plain(),
    );
    for (const change of [
      (one) => delete one.other,
      (one) => (one.more = 1),
      (one) => Object.setPrototypeOf(one, null),
      (one) => one.list.push(3),
      (one) => (one.list.name = 'x'),
      (one) => (one.other = one.list),
      (one) => (one.list = one),
    ]) {
      const make = () =>
        define(plain(), 'n', function () {
          change(this);
          return 7;
        });
      assertClone(roundTrip(codec, make()), structuredClone(make()));
    }
  });

  it('is not written of a shape that had getters, so that they are called once', () => {
    const codec = makeCodec();
    let calls = 0;
    const make = (first, more) => ({
      [first]: 1,
      get counted() {
        return ++calls;
      },
      more,
    });
    for (let i = 1; i < 20; i++) {
      assert.equal(roundTrip(codec, make('new', new Map())).counted, i);
      assert.equal(calls, i);
    }
    assertRecord({ old: 1, counted: 2, more: 3 });
    roundTrip(makeCodec(), make('old', new Map())); // the shape was known, and the call was in vain
    calls = 0;
    assert.equal(roundTrip(makeCodec(), make('old', new Map())).counted, 1);
  });

  it('is the same whatever the prototypes of this process have', () => {
    const value = { a: 1, list: [1, 2, 3], inner: { b: 'x', c: [0.5, { a: 2 }] } };
    assert.ok(isRecord(value));
    const wrong = () => assert.fail('called');
    const accessor = { get: wrong, set: wrong };
    const descriptors = [accessor, { value: wrong }, { value: 1, enumerable: true }];
    for (const prototype of [Object.prototype, Array.prototype]) {
      for (const name of ['a', 'b', 'inner', 'inherited', '0', '1', 'toJSON', 'get', 'value']) {
        for (const descriptor of descriptors) {
          const form = withProperty(prototype, name, descriptor, () => {
            const written = encoded(makeCodec(), value);
            return { type: written.type, back: decoded(written) };
          });
          assert.equal(form.type, TYPE.RECORD);
          assertClone(form.back, value);
        }
      }
    }
  });

  it('is read with arrays of Array, whatever Array.prototype.constructor is', () => {
    const value = { list: [1, 2, 3], more: [0.5, 'x'] };
    const form = encodedAgain(makeCodec(), value);
    const { constructor } = Array.prototype;
    try {
      Array.prototype.constructor = class Wrong extends Array {};
      const back = decoded(form);
      assert.ok(
        [back.list, back.more].every((one) => Object.getPrototypeOf(one) === Array.prototype),
      );
    } finally {
      Array.prototype.constructor = constructor;
    }
    assertClone(decoded(form), value);
  });

  it('is written and read without the JSON of this process', () => {
    const { parse, stringify } = JSON;
    const value = { fresh: { text: 'ж' } };
    try {
      JSON.stringify = JSON.parse = () => 'wrong';
      for (let i = 0; i < 3; i++) assertClone(roundTrip(auto, value), value);
    } finally {
      Object.assign(JSON, { parse, stringify });
    }
  });

  it('is not written if it is longer than the capacity, because JSON may be shorter', () => {
    const value = { list: new Array(100).fill(0.5) };
    const { length } = JSON.stringify(value);
    assert.ok(encodedAgain(makeCodec(), value).length > length);
    const share = new Share(length);
    for (let i = 0; i < 100; i++) {
      share.set(value);
      assertClone(share.get(), value);
    }
    assert.throws(() => share.set({ list: new Array(200).fill(0.5) }), {
      code: 'ERR_MMAPIPC_TOO_LARGE',
    });
  });

  it('fits into the given memory or another Buffer, of any alignment', () => {
    const codec = makeCodec();
    const value = { a: 'texts', list: [1, 2.5, 'ж'] };
    encodedAgain(codec, value);
    for (let size = 0; size < 80; size++) {
      for (const offset of [0, 1, 4]) {
        const memory = Buffer.alloc(size + offset + 8, 0xee);
        const scratch = memory.subarray(offset, offset + size);
        const form = codec.encode(value, scratch);
        assert.equal(form.type, TYPE.RECORD);
        assertClone(decoded(form), value);
        assert.ok(memory.subarray(offset + size).every((byte) => byte === 0xee));
        assert.ok(memory.subarray(0, offset).every((byte) => byte === 0xee));
      }
    }
  });

  /* A node:vm that ends a walk runs no `finally`. The walk then seemed to go on for ever, and every later
   * value was taken for one that a getter sets. */
  it('is written again after time limits of node:vm have ended walks', async () => {
    const codec = makeCodec();
    const large = Array.from({ length: 20000 }, (_, i) => ({ i }));
    const memory = Buffer.alloc(1e6);
    const context = vm.createContext({
      go() {
        for (;;) codec.encode(large, memory);
      },
    });
    for (let i = 0; i < 20; i++) {
      assert.throws(() => vm.runInContext('go()', context, { timeout: 5 }), {
        code: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
      });
    }
    assertClone(roundTrip(makeCodec(), { a: 1 }), { a: 1 });
    await new Promise(setImmediate);
    assertRecord({ a: 1, list: [1] });
  });

  it('is read by a process of codec v8, and refused by json', () => {
    const form = encodedAgain(makeCodec(), { a: 1, list: [] });
    assert.equal(form.type, TYPE.RECORD);
    assertClone(makeCodec('v8').decode(form.type, form.bytes, form.length), { a: 1, list: [] });
    const json = makeCodec('json');
    assert.throws(() => json.decode(form.type, form.bytes, form.length), {
      code: 'ERR_MMAPIPC_CODEC',
      found: "'auto'",
    });
  });
});
