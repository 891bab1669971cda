/*
 * The value of a Share: set, get, update, compareAndSet, clear, as one process sees them.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Share } = require('..');
const { layout } = require('../lib/native/binding');
const { shares, thrownBy } = require('./support/shares');

const CODECS = ['auto', 'v8', 'json'];
const NO_VALUES = [undefined, () => 1, Symbol('s')];

/* Bytes that are their own codec: values of any length to the byte. */
const BYTES = { encode: (value) => value, decode: (bytes) => bytes };

/* The codec that the header names, made unknown: participants of any codec may attach. */
function forgetCodec(share) {
  const file = `/proc/self/fd/${share.handle.split(':').at(-1)}`;
  const fd = fs.openSync(file, 'r+');
  fs.writeSync(fd, Buffer.alloc(4), 0, 4, layout.region.fields.codec.offset);
  fs.closeSync(fd);
}

describe('Share: set and get', () => {
  const { make, attach } = shares();

  it('nothing was set: get() and peek() are undefined, version and byteLength 0', () => {
    const share = make();
    assert.equal(share.get(), undefined);
    assert.equal(share.peek(), undefined);
    assert.deepEqual([share.version, share.byteLength], [0, 0]);
  });

  for (const codec of CODECS) {
    it(`codec '${codec}': what was set is got, by this object and by another one`, () => {
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

  it('a codec of your own: { encode, decode }, called as its methods', () => {
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

  it('set() returns the new version, which is one more each time', () => {
    const share = make();
    const other = attach(share);
    assert.deepEqual([share.set(1), other.set(2), share.set(3)], [1, 2, 3]);
    assert.deepEqual([share.version, other.version], [3, 3]);
  });

  it('get() gives a fresh value each time', () => {
    const share = make();
    share.set({ list: [1] });
    const one = share.get();
    one.list.push(2);
    assert.deepEqual(share.get(), { list: [1] });
  });

  it('a value is taken as it is when set() is called', () => {
    const share = make();
    const value = { a: 1 };
    share.set(value);
    value.a = 2;
    assert.deepEqual(share.get(), { a: 1 });
  });

  it('undefined, a function, a symbol: TypeError, and the old value stays', async () => {
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

  it('what a codec does not have (bigint in JSON, a function inside): TypeError, unchanged', () => {
    const json = make(100, { codec: 'json' });
    const auto = make(100);
    json.set(1);
    auto.set(1);
    assert.throws(() => json.set({ a: 1n }), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    assert.throws(() => auto.set({ a() {} }), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    assert.deepEqual([json.get(), json.version, auto.get(), auto.version], [1, 1, 1, 1]);
  });

  it('what an encode() of yours throws comes out of set(), and nothing has changed', () => {
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

  it('a getter or toJSON that uses the Share itself in the middle of a set does no harm', () => {
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

  it('a region of unknown codec: ERR_MMAPIPC_CODEC for what another codec has written', () => {
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

  it('decode() of yours that throws: ERR_MMAPIPC_CORRUPT with that as its cause', () => {
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

  it('update() gives fn a fresh copy of the old value, and returns the new one', () => {
    const share = make();
    share.set({ n: 1 });
    const result = share.update((old) => {
      old.n++;
      return old;
    });
    assert.deepEqual([result, share.get(), share.version], [{ n: 2 }, { n: 2 }, 2]);
  });

  it('update() of what was never set gives fn undefined', () => {
    assert.equal(
      make().update((old) => (old === undefined ? 'first' : 'no')),
      'first',
    );
  });

  it('update() has the lock while fn runs', () => {
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

  it('refuses changes of the same object within the function of update()', () => {
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

  it('fn that throws: the error comes out, the value is unchanged and the lock free', () => {
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

  it('fn that returns undefined or a promise: TypeError, unchanged, the lock free', () => {
    const share = make();
    share.set(1);
    for (const fn of [() => {}, async () => 2, () => ({ then() {} })]) {
      assert.throws(() => share.update(fn), badReturn);
      share.withLock((guard) => assert.throws(() => guard.update(fn), badReturn));
    }
    assert.deepEqual([share.get(), share.version, share.locked], [1, 1, false]);
  });

  it('update() wants a function', () => {
    assert.throws(() => make().update(1), { code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('fn that gives the lock away: ERR_MMAPIPC_NOT_LOCKED, unchanged', () => {
    const share = make();
    share.set(1);
    const fn = () => {
      share.unlock();
      return 2;
    };
    assert.throws(() => share.update(fn), { code: 'ERR_MMAPIPC_NOT_LOCKED' });
    assert.deepEqual([share.get(), share.locked], [1, false]);
  });

  it('compareAndSet() sets over the version expected and no other; 0 is nothing set', () => {
    const share = make();
    const other = attach(share);
    assert.equal(share.compareAndSet(1, 'a'), false);
    assert.equal(share.compareAndSet(0, 'a'), true);
    assert.equal(other.compareAndSet(0, 'b'), false);
    assert.equal(other.compareAndSet(other.version, 'b'), true);
    assert.equal(share.compareAndSet(1, 'c'), false);
    assert.deepEqual([share.get(), share.version, share.locked], ['b', 2, false]);
  });

  it('compareAndSet() wants a version: a whole number, not negative', () => {
    const share = make();
    for (const version of ['0', undefined, null, 1n]) {
      assert.throws(() => share.compareAndSet(version, 1), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    for (const version of [-1, 1.5, NaN, 2 ** 53]) {
      assert.throws(() => share.compareAndSet(version, 1), { code: 'ERR_OUT_OF_RANGE' });
    }
  });

  it('clear(): get() is undefined again, the version goes on', () => {
    const share = make();
    share.set('x');
    assert.equal(share.clear(), undefined);
    assert.deepEqual([share.get(), share.peek(), share.byteLength], [undefined, undefined, 0]);
    assert.equal(share.version, 2);
    assert.equal(share.compareAndSet(0, 1), false);
    assert.equal(share.compareAndSet(2, 1), true);
  });

  it('works in a subclass', () => {
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
