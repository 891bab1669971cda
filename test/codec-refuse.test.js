/*
 * Values that the codecs refuse, and the errors; custom codecs; bytes of another codec.
 */
'use strict';

const assert = require('node:assert/strict');
const { Serializer } = require('node:v8');
const msgpack = require('@msgpack/msgpack');
const msgpackr = require('msgpackr');

const { TYPE, makeCodec } = require('../lib/codec/codec');
const { assertClone, encoded, room, roundTrip } = require('./support/codecs');

const isOverflow = (error) => error.message === 'Maximum call stack size exceeded';
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
const ARGUMENT = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
const CORRUPT = { name: 'MmapipcError', code: 'ERR_MMAPIPC_CORRUPT' };
const CODEC = { name: 'MmapipcError', code: 'ERR_MMAPIPC_CODEC' };

const codecs = Object.fromEntries(['auto', 'v8', 'json'].map((name) => [name, makeCodec(name)]));
const { auto, json } = codecs;
const both = [auto, codecs.v8];

/* A view whose memory is gone. */
function detached(View) {
  const buffer = new ArrayBuffer(4);
  const view = new View(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return view;
}

describe('a codec', () => {
  it('refuses undefined, functions and symbols, naming the argument', () => {
    for (const codec of [...Object.values(codecs), makeCodec(msgpack)]) {
      for (const value of [undefined, () => 1, Symbol('x'), class {}]) {
        assert.throws(() => codec.encode(value, room), {
          ...ARGUMENT,
          message: /"value" argument/,
        });
      }
    }
  });

  it('refuses a value that cannot be cloned, and names it', () => {
    const cases = [
      [{ f() {} }, /f\(\) ?\{\}/],
      [[Symbol('mine')], /mine/],
      [{ a: new WeakMap() }, /WeakMap/],
      [Promise.resolve(), /Promise/],
      [{ a: new SharedArrayBuffer(1) }, /SharedArrayBuffer/],
      [new Serializer(), /Serializer/],
      [new WebAssembly.Module(Buffer.from('0061736d01000000', 'hex')), /WebAssembly/],
      [{ a: detached(Uint8Array) }, /detached/i],
      [{ a: detached(DataView) }, /detached/i],
    ];
    for (const codec of both) {
      for (const [value, message] of cases) {
        assert.throws(
          () => codec.encode(value, room),
          (error) => {
            assert.match(error.message, message);
            assert.equal(error.cause.name, 'DataCloneError');
            return error instanceof TypeError && error.code === VALUE.code;
          },
        );
      }
    }
  });

  it('refuses a value that JSON lacks, and names the codec that has it', () => {
    const cycle = {};
    cycle.cycle = cycle;
    for (const value of [cycle, 1n, { a: [1n] }, { toJSON() {} }]) {
      assert.throws(() => json.encode(value, room), { ...VALUE, message: /'auto'/ });
    }
    assert.throws(
      () => json.encode(cycle, room),
      (error) => error.cause instanceof TypeError,
    );
  });

  it("refuses a value that is too deep, and passes on the caller's own stack overflow", () => {
    let deep = [];
    for (let i = 0; i < 1e5; i++) deep = [deep];
    let odd = new Map();
    for (let i = 0; i < 1e5; i++) odd = new Map([[1, odd]]);
    for (const codec of both) {
      assert.throws(() => codec.encode({ deep }, room), { ...RANGE, message: /deep/ });
    }
    assert.throws(() => auto.encode(odd, room), RANGE);
    const endless = () => endless() + 1;
    for (const codec of Object.values(codecs)) {
      const value = Object.defineProperty({}, 'x', { get: endless, enumerable: true });
      assert.throws(
        () => codec.encode(value, room),
        (error) => !error.code && isOverflow(error),
      );
    }
  });

  it('passes on, unchanged, an error thrown by code of the value', () => {
    const mine = new TypeError('mine');
    const thrower = () => {
      throw mine;
    };
    const value = Object.defineProperty({}, 'x', { get: thrower, enumerable: true });
    const is = (error) => error === mine;
    for (const codec of Object.values(codecs)) assert.throws(() => codec.encode([value], room), is);
    assert.throws(() => json.encode({ toJSON: thrower }, room), is);
    assert.throws(() => makeCodec({ encode: thrower, decode() {} }).encode(1, room), is);
  });

  it('refuses an invalid codec option, with the valid ones', () => {
    for (const option of ['jsn', 'JSON', '', 'msgpack', '__proto__']) {
      assert.throws(() => makeCodec(option), { ...VALUE, message: /'auto', 'v8', 'json'/ });
    }
    assert.throws(() => makeCodec('jsn'), /did you mean 'json'/);
    for (const option of [null, 1, true, {}, { encode() {} }, { encode() {}, decode: 1 }]) {
      assert.throws(() => makeCodec(option), { ...ARGUMENT, message: /"codec"/ });
    }
    assert.equal(makeCodec().name, 'auto');
    assert.deepEqual(
      ['auto', 'v8', 'json', msgpack].map((option) => makeCodec(option).name),
      ['auto', 'v8', 'json', 'custom'],
    );
  });
});

describe('a custom codec', () => {
  const value = { id: 1, name: 'é', list: [1, 2.5, null, true], bytes: new Uint8Array([1, 2, 3]) };
  const plain = (back) => ({ ...back, bytes: new Uint8Array(back.bytes) });

  it('may be msgpackr or @msgpack/msgpack', () => {
    for (const library of [
      msgpackr,
      msgpack,
      new msgpackr.Packr(),
      new msgpackr.Packr({ structuredClone: true }),
    ]) {
      const codec = makeCodec(library);
      assert.deepEqual(plain(roundTrip(codec, value)), value);
      assert.deepEqual(roundTrip(codec, 'x'), 'x');
    }
  });

  it('is given a copy, which does not change', () => {
    const codec = makeCodec({ encode: (bytes) => bytes, decode: (bytes) => bytes });
    const back = roundTrip(codec, new Uint8Array([1, 2, 3]));
    assert.deepEqual([...back], [1, 2, 3]);
    assert.ok(Buffer.isBuffer(back));
  });

  it('has to return bytes synchronously', () => {
    for (const wrong of [undefined, null, 'x', [1], new ArrayBuffer(1), Promise.resolve()]) {
      const codec = makeCodec({ encode: () => wrong, decode() {} });
      assert.throws(() => codec.encode(1, room), {
        name: 'TypeError',
        code: 'ERR_INVALID_RETURN_VALUE',
      });
    }
  });

  it('may throw any error for bytes that it does not know', () => {
    for (const thrown of [new Error('mine'), null, 'text', Object.create(null)]) {
      const codec = makeCodec({
        encode: () => new Uint8Array(1),
        decode() {
          throw thrown;
        },
      });
      assert.throws(
        () => roundTrip(codec, 1),
        (error) => error.cause === thrown && error.code === CORRUPT.code,
      );
    }
  });
});

describe('decode', () => {
  it('returns undefined when nothing is set', () => {
    for (const codec of [...Object.values(codecs), makeCodec(msgpack)]) {
      assert.equal(codec.decode(TYPE.NONE, room, 0), undefined);
    }
  });

  it('accepts bytes of another codec if that is safe; otherwise the error names both', () => {
    const custom = makeCodec(msgpack);
    for (const value of [1, 'x', { a: 1 }, new Map(), Buffer.from('x')]) {
      for (const [from, to] of [both, [...both].reverse()]) {
        const { type, bytes, length } = encoded(from, value);
        assertClone(to.decode(type, bytes, length), value);
      }
    }
    const cases = [
      [auto, new Map(), json, /'auto' or 'v8'.*'json'/],
      [auto, 1, json, /'auto' or 'v8'.*'json'/],
      [custom, 1, json, /'custom'.*'json'/],
      [custom, 1, auto, /'custom'.*'auto'/],
      [json, 1, custom, /'json' or 'auto'.*'custom'/],
      [auto, null, custom, /'auto' or 'v8'.*'custom'/],
    ];
    for (const [from, value, to, message] of cases) {
      const { type, bytes, length } = encoded(from, value);
      assert.throws(() => to.decode(type, bytes, length), { ...CODEC, message });
    }
    assert.deepEqual(roundTrip(json, { a: 1 }), { a: 1 });
  });

  it('refuses invalid types and lengths', () => {
    const wrong = [
      [TYPE.CUSTOM + 1, 0],
      [255, 0],
      [NaN, 0],
      [TYPE.NULL, 1],
      [TYPE.NUMBER, 7],
      [TYPE.NUMBER, 9],
      [TYPE.UTF16, 3],
      [TYPE.BIGINT, 0],
      [TYPE.BIGINT, 20],
      [TYPE.V8, 0],
      [TYPE.V8, 2],
      [TYPE.JSON_ASCII, 0],
      [TYPE.LATIN1, room.length + 1],
    ];
    for (const [type, length] of wrong) {
      for (const codec of both) {
        assert.throws(() => codec.decode(type, room.fill(0), length), CORRUPT);
      }
    }
  });
});
