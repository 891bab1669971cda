/*
 * The size limits of a Share's value; and peek(), which decodes it once.
 */
'use strict';

const assert = require('node:assert/strict');

const { amount, grouped } = require('./support/amounts');
const { collect, holdings, mappingsOf } = require('./support/holdings');
const { shares } = require('./support/shares');

const SETS = amount(10000, 100000);
const CODECS = ['auto', 'v8', 'json'];

/* A codec that stores bytes unchanged, for values of an exact length. */
const BYTES = { encode: (value) => value, decode: (bytes) => bytes };

describe('Share: capacity', function () {
  this.timeout(60000);
  const { make, attach } = shares();

  it('refuses a larger value with ERR_MMAPIPC_TOO_LARGE, and keeps the old value', async () => {
    for (const capacity of [10, 65536, 100000]) {
      const share = make(capacity);
      share.set('old');
      const value = 'x'.repeat(capacity + 1);
      const refused = {
        name: 'MmapipcError',
        code: 'ERR_MMAPIPC_TOO_LARGE',
        required: capacity + 1,
        capacity,
      };
      assert.throws(() => share.set(value), refused);
      assert.throws(() => share.update(() => value), refused);
      assert.throws(() => share.compareAndSet(1, value), refused);
      await assert.rejects(share.setAsync(value), refused);
      await assert.rejects(
        share.updateAsync(async () => value),
        refused,
      );
      await share.withLockAsync((guard) => assert.throws(() => guard.set(value), refused));
      assert.deepEqual([share.get(), share.version, share.locked], ['old', 1, false]);
    }
  });

  it('accepts values of no bytes, of exactly the capacity, and around each size of buffer', () => {
    const edges = [0, 1, 7, 8, 9, 63, 64, 65, 65535, 65536, 65537, 2 ** 22 - 1, 2 ** 22];
    const last = 2 ** 22 + 9;
    const share = make(last, { codec: BYTES });
    const other = attach(share, { codec: BYTES, readOnly: true });
    for (const length of [...edges, 2 ** 22 + 1, last, 3, 70000, 5]) {
      const value = Buffer.alloc(length, `${length}.`);
      share.set(value);
      assert.ok(share.get().equals(value), `${length}`);
      assert.ok(other.get().equals(value), `${length}, read-only`);
      assert.equal(other.byteLength, length);
    }
    assert.throws(() => share.set(Buffer.alloc(last + 1)), { code: 'ERR_MMAPIPC_TOO_LARGE' });
  });

  for (const codec of CODECS) {
    it(`codec '${codec}': accepts texts of 4 MiB and more, in one- and two-byte characters`, () => {
      const share = make(9e6, { codec });
      for (const length of [65530, 65536, 65540, 2 ** 22 - 5, 2 ** 22 + 5]) {
        for (const letter of length < 1e5 ? ['a', 'é', '\u20ac'] : ['\u20ac']) {
          const value = letter.repeat(codec === 'json' ? length / 2 : length);
          share.set(value);
          assert.ok(share.get() === value, `${length} ${letter}`);
        }
      }
    });
  }

  it('may be 1 byte, for a value of 1 byte', () => {
    const share = make(1);
    for (const value of ['x', true, null, '', Buffer.from('y')]) {
      share.set(value);
      assert.deepEqual(share.get(), value);
    }
    assert.throws(() => share.set(1), { code: 'ERR_MMAPIPC_TOO_LARGE', required: 8, capacity: 1 });
  });

  it('is the one requested at creation; byteLength is the size of the value', () => {
    const share = make(12345);
    assert.deepEqual([share.capacity, attach(share).capacity], [12345, 12345]);
    share.set('12345678');
    assert.equal(share.byteLength, 8);
  });

  it(`does not leak memory, descriptors or mappings in ${grouped(SETS)} sets and gets`, async () => {
    const share = make(200000);
    const large = { text: 'x'.repeat(100000) };
    const round = async (times) => {
      for (let i = 0; i < times; i++) {
        share.set({ i, name: 'a name' });
        share.get();
        share.peek();
        if (i % 100 === 0) {
          share.set(large);
          share.get();
        }
      }
      await collect(3);
      /* Of regions; V8 maps and unmaps memory of its own. */
      return { ...holdings(), maps: mappingsOf('mmapipc').length, rss: process.memoryUsage.rss() };
    };
    await round(20000);
    const first = await round(1000);
    const last = await round(SETS);
    assert.deepEqual([last.fds, last.maps], [first.fds, first.maps]);
    const growth = (last.rss - first.rss) / 1e6;
    assert.ok(growth < 30, `${growth.toFixed(1)} MB more`);
  });
});

describe('Share: peek', () => {
  const { make, attach } = shares();

  it('returns the same value until any object changes it', () => {
    const share = make();
    const other = attach(share);
    share.set({ a: [1] });
    const first = share.peek();
    assert.equal(share.peek(), first);
    share.get();
    assert.equal(share.peek(), first);
    other.set({ a: [2] });
    assert.deepEqual(share.peek(), { a: [2] });
    assert.equal(share.peek(), share.peek());
    other.clear();
    assert.equal(share.peek(), undefined);
  });

  it('freezes plain objects and arrays deeply', () => {
    const share = make();
    share.set({ a: [{ b: 1 }] });
    const value = share.peek();
    for (const one of [value, value.a, value.a[0]]) assert.ok(Object.isFrozen(one));
    assert.throws(() => (value.a[0].b = 2), TypeError);
    assert.throws(() => value.a.push(2), TypeError);
    assert.ok(!Object.isFrozen(share.get()));
  });

  it('decodes a value that contains a Map, Date, Buffer or typed array afresh each time', () => {
    const share = make();
    const values = [new Map([[1, 2]]), { at: new Date(5) }, Buffer.from('a'), [new Uint8Array(1)]];
    for (const value of values) {
      share.set(value);
      const one = share.peek();
      assert.deepEqual(one, value);
      assert.notEqual(share.peek(), one);
      assert.ok(!Object.isFrozen(one));
    }
  });

  it('does the same for a read-only object', () => {
    const share = make();
    const reader = attach(share, { readOnly: true });
    assert.equal(reader.peek(), undefined);
    share.set({ a: 1 });
    assert.deepEqual(reader.peek(), { a: 1 });
    assert.equal(reader.peek(), reader.peek());
    share.set(2);
    assert.equal(reader.peek(), 2);
  });
});
