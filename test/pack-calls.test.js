/*
 * Calls that could corrupt the state that pack and unpack keep between calls: many templates, and
 * values that call pack or unpack while they are read.
 */
'use strict';

const assert = require('node:assert/strict');

const { Mmap, pack, unpack } = require('..');
const { scratch } = require('./support/scratch');

const hex = (template, ...values) => pack(template, ...values).toString('hex');
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };

describe('templates', () => {
  it('are cached, the latest 128, and give correct results for any number of them', () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 400; i++) {
        assert.equal(pack(`x${i} C`, i).length, i + 1);
        assert.equal(unpack(`x${i} C`, Buffer.alloc(500, 9))[0], 9);
        if (i % 7 === 0) assert.throws(() => pack(`x${i} C y`, 1), VALUE);
        assert.equal(hex('n', i), i.toString(16).padStart(4, '0'));
      }
    }
  });
});

describe('values that report a wrong length', () => {
  const tmp = scratch();

  it('are refused, also when the first length was right', () => {
    const map = new Mmap({ file: tmp(), size: 100, readOnly: false });
    const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    for (const length of [-1, -(2 ** 32), 1.5, NaN, Infinity, '2', undefined]) {
      assert.throws(() => map.packArray(0, 'C*', { length }), TYPE);
    }
    const own = Object.defineProperty(new Float64Array(2), 'length', { value: -1 });
    assert.throws(() => map.packArray(0, 'C*', own), TYPE);
    let asked = 0;
    const fickle = {
      0: 7,
      get length() {
        return asked++ === 0 ? 1 : -1;
      },
    };
    assert.equal(map.packArray(0, 'C*', fickle), 1);
    assert.equal(asked, 1);
    assert.throws(() => map.packArray(0, 'C*', { length: 2 ** 52 }), RangeError);
    map.close();
  });
});

describe('a template of no bytes', () => {
  const tmp = scratch();

  it('is refused at the end of the mapping', () => {
    const map = new Mmap({ file: tmp(), size: 10, readOnly: false });
    for (let round = 0; round < 2; round++) {
      assert.equal(map.pack(9, 'a0', 'x'), 0);
      assert.deepEqual(map.unpack(9, 'a0'), ['']);
      assert.throws(() => map.pack(10, 'a0', 'x'), { code: 'ERR_OUT_OF_RANGE' });
      assert.throws(() => map.unpack(10, 'a0'), { code: 'ERR_OUT_OF_RANGE' });
    }
    map.close();
  });
});

describe('values that run code while they are read', () => {
  it('may call pack and unpack', () => {
    const nested = [1, 2, 3];
    Object.defineProperty(nested, 1, {
      enumerable: true,
      get: () => unpack('a* l', pack('a5 l', 'inner', 8))[0].length + pack('l3', 7, 7, 7).length,
    });
    const map = new Mmap({ file: tmp(), size: 100, readOnly: false });
    const like = {
      length: 2,
      0: 5,
      get 1() {
        return map.pack(50, 'C', 9);
      },
    };
    assert.equal(map.packArray(0, 'C3', nested), 3);
    assert.deepEqual(map.unpack(0, 'C3'), [1, 9 + 12, 3]);
    assert.equal(map.packArray(10, 'C2', like), 2);
    assert.deepEqual(map.unpack(10, 'C2'), [5, 1]);
    const proxy = new Proxy([4, 5], { get: (of, key) => (pack('l', 1), of[key]) });
    assert.equal(map.packArray(20, 'C2', proxy), 2);
    assert.deepEqual(map.unpack(20, 'C2'), [4, 5]);
    map.close();
  });

  const tmp = scratch();
});
