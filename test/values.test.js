/*
 * Errors of invalid values: their text and codes, and the path to the fault within a value.
 */
'use strict';

const assert = require('node:assert/strict');
const util = require('node:util');
const v8 = require('node:v8');
const vm = require('node:vm');

const { Mmap, Share, pack, sizeOf, unpack } = require('..');
const { TYPE, freeze, makeCodec } = require('../lib/codec/codec');
const { shares, thrownBy } = require('./support/shares');

describe('errors of invalid values', () => {
  const { make, attach, mmap: open } = shares();

  it('name the option or argument once, as Node does, and have their code in the stack', () => {
    const map = open({ size: 64 });
    const table = [
      [
        () => map.read(-1),
        'ERR_OUT_OF_RANGE',
        /^The value of "offset" is out of range\. It must be/,
      ],
      [() => make(0), 'ERR_OUT_OF_RANGE', /^The value of "capacity" is out of range\. It/],
      [() => map.lock({ timeout: -1 }), 'ERR_OUT_OF_RANGE', /^The value of "timeout" is out of/],
      [
        () => map.read('1'),
        'ERR_INVALID_ARG_TYPE',
        /^The "offset" argument must be of type number/,
      ],
      [() => map.write('x', 0, 1, 'utf9'), 'ERR_INVALID_ARG_VALUE', /^The "encoding" argument/],
      [() => map.write(Buffer.from('x'), 0, 1, 'hex'), 'ERR_INVALID_ARG_VALUE', /for strings/],
      [() => Share.open({}), 'ERR_INVALID_ARG_VALUE', /"handle", "inherit", "name" or "path"$/],
      [() => Mmap.open({}), 'ERR_INVALID_ARG_VALUE', /"handle", "inherit", "name" or "file"$/],
      [() => make(9, { name: 'a/b' }), 'ERR_INVALID_ARG_VALUE', /use "path"$/],
      [() => open({ size: 9, name: 'a/b' }), 'ERR_INVALID_ARG_VALUE', /use "file"$/],
      [() => make(1).set('xx'), 'ERR_MMAPIPC_TOO_LARGE', /needs 2 bytes/],
    ];
    for (const [call, code, message] of table) {
      const error = thrownBy(call);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      const name = code.startsWith('ERR_MMAPIPC') ? 'MmapipcError' : error.constructor.name;
      const line = `${name} [${code}]: ${error.message}`;
      assert.deepEqual([error.name, String(error)], [name, line]);
      assert.ok(error.stack.startsWith(`${line}\n`), error.stack);
    }
  });

  it('have the code ERR_INVALID_STATE for views of detached memory', () => {
    const map = open({ size: 64 });
    for (const View of [Uint8Array, Float64Array, DataView]) {
      const view = new View(new ArrayBuffer(16));
      structuredClone(view.buffer, { transfer: [view.buffer] });
      for (const call of [
        () => map.write(view),
        () => map.readInto(view),
        () => unpack('C', view),
        () => pack('a*', view),
      ]) {
        assert.throws(call, { name: 'TypeError', code: 'ERR_INVALID_STATE' });
      }
    }
    const gone = Buffer.from(new ArrayBuffer(4));
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    assert.throws(() => make(9).set(gone), { code: 'ERR_INVALID_STATE' });
    assert.equal(map.write(new Uint8Array(0)), 0);
  });

  it('have the code ERR_INVALID_STATE for views of shrunk memory, which a Share refuses', () => {
    const map = open({ size: 64 });
    const share = make(100);
    share.set('kept');
    for (const View of [Uint8Array, Float64Array, DataView]) {
      const memory = new ArrayBuffer(32, { maxByteLength: 32 });
      const view = new View(memory, 16, 1);
      memory.resize(8);
      for (const call of [
        () => map.write(view),
        () => map.readInto(view),
        () => unpack('C', view),
        () => pack('a*', view),
      ]) {
        assert.throws(call, { name: 'TypeError', code: 'ERR_INVALID_STATE' }, View.name);
      }
      for (const value of [view, { list: [view] }]) {
        assert.throws(() => share.set(value), { code: 'ERR_INVALID_ARG_VALUE' }, View.name);
      }
    }
    assert.equal(share.get(), 'kept');
    share.set({ list: [new Uint8Array(0), new DataView(new ArrayBuffer(4), 4)] });
    assert.equal(share.get().list.length, 2);
  });

  it('have the path to the fault within the value', () => {
    const json = make(100, { codec: 'json' });
    const cycle = { a: {} };
    cycle.a.b = cycle;
    for (const [share, value, place] of [
      [make(100), { users: [1, 2, 3, { callback() {} }] }, ' at .users[3].callback'],
      [make(100), { a: new Map([['x', [Symbol('s')]]]) }, ' at .a.get("x")[0]'],
      [make(100), { 'odd key': new WeakMap() }, ' at ["odd key"]'],
      [json, { a: [1, { n: 5n }] }, ' at .a[1].n'],
      [json, cycle, ' at .a.b'],
    ]) {
      const error = thrownBy(() => share.set(value));
      assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
      assert.ok(error.message.includes(place), error.message);
    }
    let deep = {};
    for (let i = 0; i < 50000; i++) deep = { deep };
    assert.match(thrownBy(() => make(100).set(deep)).message, / at \.deep\.deep/);
  });

  it('have the code ERR_MMAPIPC_CODEC when a Share is opened with another codec', () => {
    const custom = { encode: Buffer.from, decode: String };
    const auto = make(10);
    const json = make(10, { codec: 'json' });
    const bad = (found, wanted) => ({ code: 'ERR_MMAPIPC_CODEC', found, wanted });
    assert.throws(() => attach(auto, { codec: 'json' }), bad('auto', 'json'));
    assert.throws(() => attach(auto, { codec: custom }), bad('auto', 'custom'));
    assert.throws(() => attach(json), bad('json', 'auto'));
    assert.equal(attach(auto, { codec: 'v8' }).codec, 'v8');
    assert.equal(attach(json, { readOnly: true }).codec, 'auto');
  });
});

describe('values', () => {
  const { make, mmap: open } = shares();

  it('of write() may have an encoding', () => {
    const map = open({ size: 8 });
    assert.equal(map.write('00ff10', 1, undefined, 'hex'), 3);
    assert.deepEqual([...map.read(0, 5)], [0, 0, 255, 16, 0]);
    assert.equal(map.write('\u00e9\u00e8', 0, 1, 'latin1'), 1);
  });

  it('of sizeOf() are the length of the result of pack(), or it throws', () => {
    for (const [template, ...list] of [
      ['N n C', 1, 2, 3],
      ['a5 A3 Z7 x2', 'a', 'b', 'c'],
      ['(C n)2 x!8 q', 1, 2, 3, 4, 5],
      ['b9 H3 # a comment', '1', 'f'],
      ['x3000000'],
      [' '],
    ]) {
      assert.equal(sizeOf(template), pack(template, ...list).length, template);
    }
    for (const template of ['a*', 'n/a*', 'w', 'U', 'C] a[C', '@4 C', 'y']) {
      assert.throws(() => sizeOf(template), { code: 'ERR_INVALID_ARG_VALUE' }, template);
    }
  });

  it('of a custom codec are not frozen by peek()', () => {
    const own = { a: 1 };
    const share = make(9, { codec: { encode: () => Buffer.from('x'), decode: () => own } });
    share.set(own);
    assert.equal(share.peek(), own);
    assert.ok(!Object.isFrozen(own));
  });

  it('decoded into another realm are frozen', () => {
    const value = vm.runInNewContext('({ list: [{ a: 1 }] })');
    assert.ok(freeze(value) && Object.isFrozen(value.list[0]));
    assert.ok(!freeze(vm.runInNewContext('({ list: new Map() })')));
  });

  it('of capacity and version are printed by console.log, also of a closed Share', () => {
    const share = make(77);
    share.set(1);
    assert.match(util.inspect(share), /capacity: 77,\s+version: 1/);
    share.close();
    assert.match(util.inspect(share), /capacity: 77/);
  });

  it('with integer keys that would take V8 many times their bytes are refused', () => {
    const auto = makeCodec('auto');
    const forged = (n) => v8.serialize(Array.from({ length: n }, () => ({ 1000: null })));
    const decode = (bytes) => auto.decode(TYPE.V8, bytes, bytes.length);
    assert.throws(() => decode(forged(30000)), { code: 'ERR_MMAPIPC_CORRUPT' });
    assert.equal(decode(forged(100)).length, 100);
    const dense = { when: new Date(0) };
    for (let i = 0; i < 20000; i++) dense[i * 900] = i;
    assert.equal(decode(v8.serialize(dense))[900], 1);
  });
});
