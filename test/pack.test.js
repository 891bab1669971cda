/*
 * pack and unpack seen from JS: arguments, errors, mappings. pack-perl.test.js compares the meaning
 * of templates with perl.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

const { pack, unpack, PROT_READ, PROT_WRITE } = require('..');
const { linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { mappings } = require('./support/opened');

const RW = PROT_READ | PROT_WRITE;
const hex = (template, ...values) => pack(template, ...values).toString('hex');

const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };

describe('pack', () => {
  it('accepts a number or a bigint for a number, a string or bytes for a string', () => {
    assert.equal(hex('s< q< d<', 1n, 2, 3n), '0100' + '0200000000000000' + '0000000000000840');
    assert.equal(
      hex('a3 A3 Z3', 'ab', Buffer.from('ab'), new Uint8Array([97])),
      '616200616220610000',
    );
    assert.equal(hex('a*', new Uint16Array([0x4241, 0x4443]).subarray(1)), '4344');
    assert.equal(hex('a* H*', new DataView(new ArrayBuffer(2)), 'ff'), '0000ff');
  });

  it('wraps integers as Perl does, also bigints', () => {
    assert.equal(hex('c C n N', 300, -1, 65537, 2 ** 32 + 5), '2cff000100000005');
    assert.equal(hex('q> Q>', 2n ** 63n, -1n), '8000000000000000ffffffffffffffff');
    assert.equal(hex('Q> q>', 2n ** 64n + 5n, -(2n ** 70n)), 'ffffffffffffffff8000000000000000');
    assert.equal(hex('d> d>', 2n ** 1100n, 2n ** 64n + 1n), '7ff000000000000043f0000000000000');
  });

  it('accepts characters up to U+00FF, and reports the value with others', () => {
    assert.equal(hex('a2', 'é\u00ff'), 'e9ff');
    const long = 'x'.repeat(100);
    assert.equal(hex('a*', `${long}é`), Buffer.from(`${long}é`, 'latin1').toString('hex'));
    for (const letter of 'aAZbBhHu') {
      assert.throws(() => pack(`C ${letter}`, 1, '\u0100'), { ...RANGE, message: /value 2/ });
      assert.throws(() => pack(letter, `${long}\u0100`), RANGE);
    }
    assert.throws(() => pack('W', 256), RANGE);
    assert.throws(() => pack('U', 0x263a), RANGE);
    assert.equal(hex('C0U', 0x263a), 'e298ba');
  });

  it('refuses a value of the wrong type, and reports its number', () => {
    assert.throws(() => pack('l l', 1, '2'), { ...TYPE, message: /Value 2.*'l'.*'2'/ });
    assert.throws(() => pack('a', 1), { ...TYPE, message: /Value 1.*'a'/ });
    for (const value of [undefined, null, true, {}, [], Symbol('x'), () => 1]) {
      assert.throws(() => pack('l', value), TYPE);
      assert.throws(() => pack('a l', 'x', value), TYPE);
    }
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const letter of 'cCsSlLqQjJiInNvVwWU.') assert.throws(() => pack(letter, value), RANGE);
      assert.equal(unpack('d', pack('d', value))[0], value);
    }
    assert.throws(() => pack('w', -1), RANGE);
    assert.throws(() => pack('w', -1n), RANGE);
    assert.throws(() => pack('w', -(2n ** 80n)), RANGE);
  });

  it('refuses too few or too many values', () => {
    for (const values of [[], [1], [1, 2, 3]]) {
      assert.throws(() => pack('l2', ...values), { ...VALUE, message: /'l2'/ });
    }
    assert.throws(() => pack('n/a*'), VALUE);
    assert.throws(() => pack('(a l)*', 'x'), VALUE);
    assert.equal(hex('n* (a l)* x2'), '0000');
  });

  it('refuses an invalid template, and reports the position', () => {
    for (const [template, where] of [
      ['l y', /'y' at position 2/],
      ['l(s', /'\('/],
      ['l)', /'\)' at position 1/],
      ['a[', /'\['/],
      ['a!', /'!' at position 1/],
      ['l<>', /'>' at position 2/],
      ['(l>)<', /position/],
      ['p', /address/],
      ['P', /address/],
      ['D', /long double/],
      ['n/', /'\/'/],
      ['/a', /'\/'/],
      ['n/3', /'\/'/],
      ['a99999999999999999999', /2\^63/],
      [`${'('.repeat(102)}a${')'.repeat(102)}`, /100 deep/],
      ['%8l', /unpack/],
    ]) {
      assert.throws(() => pack(template, 1), { ...VALUE, message: where }, template);
    }
    assert.throws(() => pack(5, 1), TYPE);
    assert.throws(() => pack(undefined), TYPE);
    assert.throws(() => pack('l\u263a', 1), VALUE);
    assert.throws(() => unpack('n/a3', Buffer.alloc(9)), { ...VALUE, message: /position 2/ });
  });

  it('refuses huge counts immediately, without allocating memory', () => {
    const counts = [2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53 - 1];
    const before = process.memoryUsage().rss;
    for (const count of counts) {
      for (const letter of ['x', 'x!', 'a', 'A', 'Z', 'b', 'B', 'h', 'H', '@']) {
        const values = /[xX@]/.test(letter) ? [] : ['v'];
        const run = () => pack(`C${letter}${count}`, 1, ...values);
        assert.throws(run, RANGE, `${letter}${count}`);
      }
      for (const letter of 'lqdwUW') assert.throws(() => pack(`${letter}${count}`, 1), VALUE);
      assert.throws(() => pack(`(x)${count}`), RANGE);
      assert.throws(() => pack('.', count), RANGE);
      assert.deepEqual(unpack(`a${count} l${count}`, Buffer.from('ab')), ['ab']);
      assert.throws(() => unpack(`x${count}`, Buffer.from('ab')), RANGE);
      assert.throws(() => unpack(`()${count}`, Buffer.from('ab')), RANGE);
    }
    assert.ok(process.memoryUsage().rss - before < 200e6);
  });

  it('refuses a template that repeats endlessly', () => {
    const bytes = Buffer.alloc(1024, 1);
    for (const template of ['((((x0)*)*)*)*', '(C1000 X1000)9999999', '(@0 .!)9999999']) {
      assert.throws(() => unpack(template, bytes), RANGE, template);
    }
    assert.throws(() => pack(`${'('.repeat(9)}x0${')999'.repeat(9)}`), RANGE);
  });
});

describe('unpack', () => {
  const big = pack('q Q q', -(2n ** 60n), 2n ** 64n - 1n, 5);

  it('returns a bigint for integers that a number cannot hold, or as option bigint requests', () => {
    assert.deepEqual(unpack('q Q q', big), [-(2n ** 60n), 2n ** 64n - 1n, 5]);
    assert.deepEqual(unpack('q Q q', big, { bigint: 'auto' })[2], 5);
    assert.deepEqual(unpack('q Q q', big, { bigint: 'always' })[2], 5n);
    assert.throws(() => unpack('q Q q', big, { bigint: 'never' }), RANGE);
    assert.deepEqual(unpack('x16 q', big, { bigint: 'never' }), [5]);
    const edges = [2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 53n, -(2n ** 53n)];
    assert.deepEqual(unpack('q4', pack('q4', ...edges)), edges);
    assert.deepEqual(unpack('w l C', pack('w l C', 1, 2, 3), { bigint: 'always' }), [1n, 2, 3]);
    const huge = 2n ** 200n + 12345n;
    assert.deepEqual(unpack('w2', pack('w2', huge, 7)), [huge, 7]);
    assert.throws(() => unpack('w', pack('w', huge), { bigint: 'never' }), RANGE);
  });

  it('refuses unknown options, and arguments that are not bytes', () => {
    assert.throws(() => unpack('l', big, { bigint: 'no' }), VALUE);
    assert.throws(() => unpack('l', big, { bigInt: 'auto' }), { ...VALUE, message: /bigint/ });
    assert.throws(() => unpack('l', 'bytes'), TYPE);
    assert.throws(() => unpack('l'), TYPE);
    assert.deepEqual(unpack('a2', new Uint16Array([0x4241])), ['AB']);
  });

  it('refuses a position outside the bytes, and accepts the end', () => {
    for (const template of ['x4', '@4', 'X', 'a X2', 'x3 x!8', 'n/a']) {
      const bytes = Buffer.from(template === 'n/a' ? '' : 'abc');
      if (template === 'n/a') assert.deepEqual(unpack(template, bytes), []);
      else assert.throws(() => unpack(template, bytes), RANGE, template);
    }
    assert.deepEqual(unpack('N a5 N', Buffer.from('abc')), ['abc']);
    assert.throws(() => unpack('w', Buffer.from([0x80, 0x80])), RANGE);
  });

  it('returns any number of values and strings of any length', () => {
    const n = 3_000_000;
    const values = unpack('C*', Buffer.alloc(n, 7));
    assert.equal(values.length, n);
    assert.ok(values.every((value) => value === 7));
    const text = 'é'.repeat(20_000_000);
    const [back, more] = unpack('a20000000 a', pack('a* a', text, 'z'));
    assert.ok(back === text && more === 'z');
    assert.deepEqual(unpack('(a3)*', Buffer.from('abcdefgh')), ['abc', 'def', 'gh']);
  });
});

describe('Mmap', () => {
  const tmp = scratch();
  const { open } = mappings(tmp);

  it('packs at an offset, clipped at the end, and returns the number of bytes', () => {
    const map = open({ file: tmp(), size: 100, readOnly: false });
    assert.equal(map.pack(10, 'l n S d a20', 123456, 2345, 5432, 123.456789, 'Z'.repeat(20)), 36);
    assert.deepEqual(map.unpack(10, 'l n S d a20'), [
      123456,
      2345,
      5432,
      123.456789,
      'Z'.repeat(20),
    ]);
    map.write('x'.repeat(10), 90);
    assert.equal(map.pack(97, 'N', 0x41424344), 3);
    assert.equal(map.readString(96), 'xABC');
    assert.equal(map.pack(99, 'a1000', 'y'), 1);
    assert.equal(map.pack(0, 'x0'), 0);
    for (const offset of [100, 101, 2 ** 53 - 1, -1, 1.5]) {
      assert.throws(() => map.pack(offset, 'C', 1), RANGE);
      assert.throws(() => map.unpack(offset, 'C'), RANGE);
    }
    assert.throws(() => map.pack('C', 1), TYPE);
    assert.throws(() => map.unpack('C'), TYPE);
  });

  it('writes nothing when it refuses a value', () => {
    const map = open({ file: tmp(), size: 16, readOnly: false });
    map.write('0123456789abcdef');
    assert.throws(() => map.pack(0, 'l l', 1, NaN), RANGE);
    assert.throws(() => map.pack(0, 'l a', 1, '\u0100'), RANGE);
    assert.throws(() => map.pack(0, 'l', 1, 2), VALUE);
    assert.throws(() => map.packArray(0, '(l)4', [1, 2, 3, NaN]), RANGE);
    assert.equal(map.readString(), '0123456789abcdef');
  });

  it('unpacks no further than the given length', () => {
    const map = open({ file: tmp(), size: 10, readOnly: false });
    map.write('0123456789');
    assert.deepEqual(map.unpack(2, 3, 'a*'), ['234']);
    assert.deepEqual(map.unpack(8, 30, 'a*'), ['89']);
    assert.deepEqual(map.unpack(8, undefined, 'a*'), ['89']);
    assert.deepEqual(map.unpack(0, 0, 'a* C'), ['']);
    assert.throws(() => map.unpack(2, 3, 'x4'), RANGE);
    assert.throws(() => map.unpack(2, -1, 'a'), RANGE);
    assert.deepEqual(map.unpack(0, 8, 'q', { bigint: 'always' }), [0x3736353433323130n]);
    assert.deepEqual(map.unpack(0, 'q', { bigint: 'always' }), [0x3736353433323130n]);
  });

  it('packs arrays and unpacks into them', () => {
    const map = open({ file: tmp(), size: 4000, readOnly: false });
    const values = Array.from({ length: 400 }, (_, i) => (i % 2 ? i * 0.5 : -i));
    assert.equal(map.packArray(0, '(l d)200', values), 2400);
    const array = [];
    assert.equal(map.unpackInto(0, '(l d)200', array), 400);
    assert.deepEqual(
      array,
      values.map((value) => value + 0),
    );
    const numbers = new Float64Array(401).fill(-5);
    assert.equal(map.unpackInto(0, '(l d)200', numbers), 400);
    assert.deepEqual([...numbers], [...values.map((value) => value + 0), -5]);
    assert.equal(map.packArray(4, '(l d)200', numbers.subarray(0, 400)), 2400);
    assert.deepEqual(map.unpack(4, '(l d)200'), [...numbers.subarray(0, 400)]);
    assert.throws(() => map.unpackInto(0, '(l d)200', new Float64Array(399)), RANGE);
    assert.equal(map.packArray(3990, 'l*', new Int32Array([1, 2, 3])), 10);
    assert.equal(map.packArray(0, 'a l', { length: 2, 0: 'x', 1: 5 }), 5);
    for (const wrong of [undefined, null, 5, 'abc', {}]) {
      assert.throws(() => map.packArray(0, 'C3', wrong), TYPE);
      assert.throws(() => map.unpackInto(0, 'C3', wrong), TYPE);
    }
    assert.throws(() => map.unpackInto(0, 'C3', new Uint8Array(3)), TYPE);
  });

  it('unpacks integers of 64 bits into a BigInt64Array', () => {
    const map = open({ file: tmp(), size: 100, readOnly: false });
    const values = BigInt64Array.from([1n, -(2n ** 63n), 2n ** 63n - 1n, 0n]);
    assert.equal(map.packArray(0, 'q*', values), 32);
    const back = new BigInt64Array(5);
    assert.equal(map.unpackInto(0, 'q3 l', back), 4);
    assert.deepEqual(back, BigInt64Array.from([...values, 0n]));
    map.pack(0, 'Q d', 2n ** 64n - 1n, 1.5);
    assert.equal(map.unpackInto(0, 'Q', back), 1);
    assert.equal(back[0], -1n);
    assert.throws(() => map.unpackInto(0, 'Q d', back), VALUE);
    assert.throws(() => map.unpackInto(0, 'a', back), VALUE);
    assert.throws(() => map.unpackInto(0, 'a', new Float64Array(2)), VALUE);
    assert.throws(() => map.unpackInto(0, 'Q', new Float64Array(2)), RANGE);
  });

  it('packs bytes of the mapping into itself', () => {
    const map = open({ file: tmp(), size: 20, readOnly: false });
    map.write('0123456789');
    assert.equal(map.pack(2, 'a10', map.buffer.subarray(0, 10)), 10);
    assert.equal(map.readString(0, 12), '010123456789');
  });

  it('refuses access that the mapping does not allow, and a closed mapping', () => {
    const file = tmp();
    const map = open({ file, size: 20, readOnly: false });
    const reader = open({ file });
    const writer = open(file, 0, PROT_WRITE);
    const access = { code: 'ERR_MMAPIPC_ACCESS' };
    assert.throws(() => reader.pack(0, 'C', 1), access);
    assert.throws(() => reader.packArray(0, 'C', [1]), access);
    assert.throws(() => writer.unpack(0, 'C'), access);
    assert.throws(() => writer.unpackInto(0, 'C', []), access);
    assert.equal(writer.pack(0, 'n', 0x4142), 2);
    assert.deepEqual(reader.unpack(0, 'n'), [0x4142]);
    reader.buffer[0] = 1;
    assert.deepEqual(reader.unpack(0, 'n'), [0x4142]);
    map.close();
    const closed = { code: 'ERR_MMAPIPC_CLOSED' };
    assert.throws(() => map.pack(0, 'C', 1), closed);
    assert.throws(() => map.packArray(0, 'C', [1]), closed);
    assert.throws(() => map.unpack(0, 'C'), closed);
    assert.throws(() => map.unpackInto(0, 'C', []), closed);
  });

  it('locks around each call with autolock', () => {
    const file = tmp();
    const map = open({ file, size: 20, readOnly: false, autolock: true, timeout: 1 });
    const other = open(file, 0, RW);
    assert.equal(map.pack(0, 'C', 1), 1);
    assert.deepEqual(map.unpack(0, 'C'), [1]);
    other.lock();
    const deadlock = { code: 'ERR_MMAPIPC_DEADLOCK' };
    assert.throws(() => map.pack(0, 'C', 1), deadlock);
    assert.throws(() => map.packArray(0, 'C', [1]), deadlock);
    assert.throws(() => map.unpack(0, 'C'), deadlock);
    assert.throws(() => map.unpackInto(0, 'C', []), deadlock);
    other.unlock();
  });

  posixIt('throws for a file that was truncated', () => {
    const file = tmp();
    const map = open({ file, size: 8192 * 4, readOnly: false });
    fs.truncateSync(file, 100);
    const truncated = { code: 'ERR_MMAPIPC_TRUNCATED' };
    const target = [1];
    assert.throws(() => map.unpackInto(20000, 'C', target), truncated);
    assert.deepEqual(target, [1]);
    assert.throws(() => map.unpack(20000, 'C'), truncated);
    assert.throws(() => map.pack(20000, 'C', 1), truncated);
  });

  linuxIt('packs and unpacks beyond 4 GiB', () => {
    const file = tmp();
    fs.writeFileSync(file, '');
    fs.truncateSync(file, 2 ** 33 + 2 ** 20);
    const map = open({ file, readOnly: false });
    const offset = 2 ** 32 + 12345;
    assert.equal(map.pack(offset, 'n a3', 513, 'xyz'), 5);
    assert.deepEqual(map.unpack(offset, 'n a3'), [513, 'xyz']);
    assert.equal(map.read(12345, 5).toString('hex'), '0000000000');
    assert.deepEqual(map.unpack(offset, 'C x4294967296 C'), [2, 0]);
  });

  it('packs in many threads at the same time, each with its own memory', async () => {
    const code = `
      const { pack, unpack } = require(${JSON.stringify(require.resolve('..'))});
      const { workerData: id, parentPort } = require('node:worker_threads');
      let wrong = 0;
      for (let i = 0; i < 20000; i++) {
        const [a, b, c] = unpack('l a* ', pack('l a*', id * i, 'thread ' + id));
        if (a !== id * i || b !== 'thread ' + id || c !== undefined) wrong++;
      }
      parentPort.postMessage(wrong);`;
    const results = await Promise.all(
      [1, 2, 3, 4].map(
        (id) =>
          new Promise((resolve, reject) => {
            const worker = new Worker(code, { eval: true, workerData: id });
            worker.on('message', resolve).on('error', reject);
          }),
      ),
    );
    assert.deepEqual(results, [0, 0, 0, 0]);
  });
});
