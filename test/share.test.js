/*
 * The value of a Share: set, get, update, compareAndSet, clear, in one process.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Share } = require('..');
const { layout } = require('../lib/native/binding');
const { shares, thrownBy } = require('./support/shares');

const CODECS = ['auto', 'v8', 'json'];
const NO_VALUES = [undefined, () => 1, Symbol('s')];

/* A codec that stores bytes unchanged, for values of an exact length. */
const BYTES = { encode: (value) => value, decode: (bytes) => bytes };

/* Makes the codec in the header unknown, so that any codec may attach. */
function forgetCodec(share) {
  const file = `/proc/self/fd/${share.handle.split(':').at(-1)}`;
  const fd = fs.openSync(file, 'r+');
  fs.writeSync(fd, Buffer.alloc(4), 0, 4, layout.region.fields.codec.offset);
  fs.closeSync(fd);
}

describe('Share: set and get', () => {
  const { make, attach } = shares();

  it('initially, get() and peek() return undefined, and version and byteLength are 0', () => {
    const share = make();
    assert.equal(share.get(), undefined);
    assert.equal(share.peek(), undefined);
    assert.deepEqual([share.version, share.byteLength], [0, 0]);
  });

  for (const codec of CODECS) {
    it(`codec '${codec}': get() returns the value that was set, in this object and another one`, () => {
      const share = make(4096, { codec });
      const other = attach(share, { codec });
      const values = [{ a: [1, 'é', { b: null }] }, [], {}, 'text', '\u20ac', 1.5, true, null, ''];
      for (const value of values) {
        share.set(value);
        assert.deepEqual([share.get(), other.get(), other.peek()], [value, value, value]);
      }
      assert.equal(share.codec, codec);
    });
  }

  it("codec 'auto' keeps Map, Set, Date, undefined, NaN, bigint, Buffer, typed arrays, cycles", () => {
    const share = make();
    const value = {
      map: new Map([[{ a: 1 }, new Set([1n])]]),
      date: new Date(0),
      none: undefined,
      numbers: [NaN, -0, Infinity],
      bytes: Buffer.from('ab'),
      typed: new Float32Array([1, 2]),
    };
    value.self = value;
    share.set(value);
    assert.deepEqual(share.get(), value);
    for (const one of [Buffer.from('xyz'), 2n ** 80n, -0, NaN]) {
      share.set(one);
      assert.deepEqual(share.get(), one);
    }
  });

  it('the methods of a custom codec { encode, decode } are called on it', () => {
    const codec = {
      salt: 7,
      encode(value) {
        return Uint8Array.of(value + this.salt);
      },
      decode(bytes) {
        return bytes[0] - this.salt;
      },
    };
    const share = make(1, { codec });
    share.set(35);
    assert.deepEqual([share.get(), share.codec, share.byteLength], [35, 'custom', 1]);
  });

  it('set() returns the new version, one higher each time', () => {
    const share = make();
    const other = attach(share);
    assert.deepEqual([share.set(1), other.set(2), share.set(3)], [1, 2, 3]);
    assert.deepEqual([share.version, other.version], [3, 3]);
  });

  it('get() returns a fresh value each time', () => {
    const share = make();
    share.set({ list: [1] });
    const one = share.get();
    one.list.push(2);
    assert.deepEqual(share.get(), { list: [1] });
  });

  it('set() stores the value as it is at the time of the call', () => {
    const share = make();
    const value = { a: 1 };
    share.set(value);
    value.a = 2;
    assert.deepEqual(share.get(), { a: 1 });
  });

  it('set() throws a TypeError for undefined, functions and symbols, and keeps the value', async () => {
    for (const codec of [...CODECS, BYTES]) {
      const share = make(100, { codec });
      share.set(Buffer.from('"old"'));
      const old = share.get();
      for (const value of NO_VALUES) {
        const refused = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
        assert.throws(() => share.set(value), refused);
        assert.throws(() => share.compareAndSet(1, value), refused);
        await assert.rejects(share.setAsync(value), refused);
      }
      assert.deepEqual(share.get(), old);
      assert.deepEqual([share.version, share.locked], [1, false]);
    }
  });

  it('set() throws a TypeError for a value that the codec lacks, and keeps the old value', () => {
    const json = make(100, { codec: 'json' });
    const auto = make(100);
    json.set(1);
    auto.set(1);
    assert.throws(() => json.set({ a: 1n }), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    assert.throws(() => auto.set({ a() {} }), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    assert.deepEqual([json.get(), json.version, auto.get(), auto.version], [1, 1, 1, 1]);
  });

  it('set() throws the error of a custom encode(), and keeps the old value', () => {
    const error = new Error('mine');
    const codec = {
      encode(value) {
        if (value === 'bad') throw error;
        return Buffer.from(value);
      },
      decode: String,
    };
    const share = make(100, { codec });
    share.set('good');
    assert.equal(
      thrownBy(() => share.set('bad')),
      error,
    );
    assert.deepEqual([share.get(), share.version, share.locked], ['good', 1, false]);
  });

  it('a getter or toJSON may use the Share during a set()', () => {
    const share = make(1000);
    const seen = [];
    const value = {
      a: 'x'.repeat(100),
      get b() {
        share.set('inner');
        seen.push(share.get());
        return 2;
      },
    };
    share.set(value);
    assert.deepEqual(share.get(), { a: 'x'.repeat(100), b: 2 });
    assert.ok(seen.length > 0 && seen.every((one) => one === 'inner'));
  });

  it('a value of another codec throws ERR_MMAPIPC_CODEC', () => {
    const auto = make(1000);
    forgetCodec(auto);
    const json = attach(auto, { codec: 'json' });
    const mine = attach(auto, { codec: BYTES });
    const refused = { name: 'MmapipcError', code: 'ERR_MMAPIPC_CODEC' };
    auto.set(new Map());
    for (const one of [json, mine]) {
      assert.throws(() => one.get(), refused);
      assert.throws(() => one.peek(), refused);
      assert.throws(() => one.update(() => 1), refused);
      assert.deepEqual([one.version, one.byteLength > 0, one.locked], [1, true, false]);
    }
    mine.set(Buffer.from('x'));
    assert.throws(() => auto.get(), refused);
    assert.throws(() => json.get(), refused);
    json.set({ a: 1 });
    assert.deepEqual(auto.get(), { a: 1 });
  });

  it('get() throws ERR_MMAPIPC_CORRUPT with the error of a custom decode() as its cause', () => {
    const error = new Error('mine');
    const codec = {
      encode: () => Buffer.from('x'),
      decode() {
        throw error;
      },
    };
    const share = make(10, { codec });
    share.set(1);
    const thrown = thrownBy(() => share.get());
    assert.deepEqual([thrown.code, thrown.cause], ['ERR_MMAPIPC_CORRUPT', error]);
  });
});

describe('Share: update, compareAndSet, clear', () => {
  const { make, attach } = shares();
  const badReturn = { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' };

  it('update() passes fn a fresh copy of the old value, and returns the new one', () => {
    const share = make();
    share.set({ n: 1 });
    const result = share.update((old) => {
      old.n++;
      return old;
    });
    assert.deepEqual([result, share.get(), share.version], [{ n: 2 }, { n: 2 }, 2]);
  });

  it('update() passes fn undefined if nothing was set', () => {
    assert.equal(
      make().update((old) => (old === undefined ? 'first' : 'no')),
      'first',
    );
  });

  it('update() holds the lock while fn runs', () => {
    const share = make();
    const other = attach(share, { timeout: 0 });
    share.update(() => {
      assert.equal(share.locked, true);
      assert.equal(other.tryLock(), null);
      assert.throws(() => other.set(1), { code: 'ERR_MMAPIPC_DEADLOCK' });
      return 1;
    });
    assert.equal(share.locked, false);
    other.set(2);
  });

  it('update() refuses changes by the same object inside fn', () => {
    const share = make();
    const DEADLOCK = { code: 'ERR_MMAPIPC_DEADLOCK' };
    share.set(1);
    const changes = [
      () => share.update((old) => old + 10),
      () => share.set(5),
      () => share.clear(),
      () => share.compareAndSet(share.version, 5),
    ];
    for (const change of changes) {
      assert.throws(() => share.update(() => change()), DEADLOCK);
      assert.throws(() => share.withLock((guard) => guard.update(() => change())), DEADLOCK);
      assert.deepEqual([share.get(), share.version, share.locked], [1, 1, false]);
    }
    assert.equal(
      share.update((old) => old + share.get() + share.peek()),
      3,
    );
    share.withLock(() => share.set(5));
    assert.equal(share.get(), 5);
  });

  it('update() throws the error of fn, keeps the value and releases the lock', () => {
    const share = make();
    const error = new Error('mine');
    share.set(1);
    const fail = () => {
      throw error;
    };
    assert.equal(
      thrownBy(() => share.update(fail)),
      error,
    );
    assert.deepEqual([share.get(), share.version, share.locked], [1, 1, false]);
    attach(share).set(2);
  });

  it('update() throws a TypeError if fn returns undefined or a promise, and releases the lock', () => {
    const share = make();
    share.set(1);
    for (const fn of [() => {}, async () => 2, () => ({ then() {} })]) {
      assert.throws(() => share.update(fn), badReturn);
      share.withLock((guard) => assert.throws(() => guard.update(fn), badReturn));
    }
    assert.deepEqual([share.get(), share.version, share.locked], [1, 1, false]);
  });

  it('update() needs a function', () => {
    assert.throws(() => make().update(1), { code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('update() throws ERR_MMAPIPC_NOT_LOCKED if fn releases the lock, and keeps the value', () => {
    const share = make();
    share.set(1);
    const fn = () => {
      share.unlock();
      return 2;
    };
    assert.throws(() => share.update(fn), { code: 'ERR_MMAPIPC_NOT_LOCKED' });
    assert.deepEqual([share.get(), share.locked], [1, false]);
  });

  it('compareAndSet() replaces only the expected version; 0 means that nothing is set', () => {
    const share = make();
    const other = attach(share);
    assert.equal(share.compareAndSet(1, 'a'), false);
    assert.equal(share.compareAndSet(0, 'a'), true);
    assert.equal(other.compareAndSet(0, 'b'), false);
    assert.equal(other.compareAndSet(other.version, 'b'), true);
    assert.equal(share.compareAndSet(1, 'c'), false);
    assert.deepEqual([share.get(), share.version, share.locked], ['b', 2, false]);
  });

  it('compareAndSet() needs a version, a whole number from 0 on', () => {
    const share = make();
    for (const version of ['0', undefined, null, 1n]) {
      assert.throws(() => share.compareAndSet(version, 1), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    for (const version of [-1, 1.5, NaN, 2 ** 53]) {
      assert.throws(() => share.compareAndSet(version, 1), { code: 'ERR_OUT_OF_RANGE' });
    }
  });

  it('clear() makes get() return undefined, and increases the version', () => {
    const share = make();
    share.set('x');
    assert.equal(share.clear(), undefined);
    assert.deepEqual([share.get(), share.peek(), share.byteLength], [undefined, undefined, 0]);
    assert.equal(share.version, 2);
    assert.equal(share.compareAndSet(0, 1), false);
    assert.equal(share.compareAndSet(2, 1), true);
  });

  it('all methods work in a subclass', () => {
    class Counter extends Share {
      add() {
        return this.update((old) => (old ?? 0) + 1);
      }
    }
    const counter = new Counter(100);
    counter.add();
    assert.equal(counter.add(), 2);
    counter.close();
  });
});
