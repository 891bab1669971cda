/*
 * The alignment of the ArrayBuffer of a mapping.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap } = require('..');
const { scratch } = require('./support/scratch');

describe('the ArrayBuffer of a mapping', () => {
  const tmp = scratch();

  /* Atomics on a word at an odd address are not atomic, and V8 takes any address that it is given. */
  it('starts at a multiple of 8, so that typed arrays are aligned or refused', () => {
    const path = tmp();
    fs.writeFileSync(path, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
    for (let offset = 0; offset < 20; offset++) {
      for (const readOnly of [true, false]) {
        const map = new Mmap({ file: path, offset, size: 128, readOnly });
        const { buffer } = map;
        assert.equal(buffer.length, 128);
        assert.equal(buffer.byteOffset, offset % 8);
        assert.deepEqual([buffer[0], buffer[127]], [offset, offset + 127]);
        assert.deepEqual([...map.view(3, 2)], [offset + 3, offset + 4]);
        const words = () => new BigInt64Array(buffer.buffer, buffer.byteOffset, 4);
        if (offset % 8 === 0) assert.equal(words()[0] & 255n, BigInt(offset));
        else assert.throws(words, RangeError);
        map.close();
        assert.equal(buffer.length, 0);
      }
    }
  });
});
