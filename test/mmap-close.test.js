/*
 * Closing: nothing obtained from a mapping can be used afterwards, nothing crashes or remains.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const zlib = require('node:zlib');

const { Mmap, PROT_READ, PROT_WRITE } = require('..');
const binding = require('../lib/native/binding');
const { runFunction } = require('./support/child');
const { collect, holdings, mappingsOf } = require('./support/holdings');
const { assertMapped, assertUnmapped } = require('./support/holdings');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;
const CLOSED = { name: 'MmapipcError', code: 'ERR_MMAPIPC_CLOSED' };

describe('closing a mapping', () => {
  const tmp = scratch();
  const create = (size = 10000) => new Mmap(tmp(), size, RW);

  it('may be repeated, under each of its names', () => {
    const map = create();
    map.close();
    map.close();
    map.unmap();
    map[Symbol.dispose ?? Symbol.for('nodejs.dispose')]();
    assert.equal(map.closed, true);
    const other = create();
    other[Symbol.dispose ?? Symbol.for('nodejs.dispose')]();
    assert.equal(other.closed, true);
  });

  it('makes every method throw, and keeps the properties that describe the mapping', () => {
    const map = create();
    const { file } = map;
    map.close();
    const calls = [
      () => map.read(),
      () => map.readInto(Buffer.alloc(1)),
      () => map.readString(),
      () => map.write('x'),
      () => map.view(),
      () => map.buffer,
      () => map.fd,
      () => map.address,
      () => map.flush(),
      () => map.advise('normal'),
      () => map.resident(),
      () => map.lockMemory(),
      () => map.unlockMemory(),
    ];
    for (const call of calls) assert.throws(call, CLOSED);
    assert.deepEqual(
      [map.size, map.offset, map.file, map.readOnly, map.closed],
      [10000, 0, file, false, true],
    );
  });

  for (const readOnly of [false, true]) {
    it(`empties every view of a ${readOnly ? 'read-only' : 'writable'} mapping`, () => {
      const map = create();
      const { file } = map;
      map.close();
      const again = new Mmap({ file, readOnly });
      const { buffer } = again;
      const { buffer: bytes, byteOffset } = buffer;
      const views = [
        buffer,
        again.view(3, 5),
        buffer.subarray(1, 4),
        new Uint8Array(bytes, byteOffset, 8),
        new Float64Array(bytes, byteOffset, 8),
        new BigInt64Array(bytes, byteOffset, 8),
        Buffer.from(bytes),
      ];
      const dataView = new DataView(bytes, byteOffset, 100);
      const words = new Int32Array(bytes, byteOffset, 4);
      again.close();
      for (const view of views) {
        assert.equal(view.length, 0);
        assert.equal(view.byteLength, 0);
        assert.equal(view[0], undefined);
        view[0] = view instanceof BigInt64Array ? 1n : 1;
        assert.equal(view[0], undefined);
      }
      assert.equal(bytes.byteLength, 0);
      assert.throws(() => dataView.getInt8(0), TypeError);
      assert.throws(() => dataView.setInt8(0, 1), TypeError);
      assert.throws(() => Atomics.load(words, 0), Error);
      assert.throws(() => Atomics.add(words, 0, 1), Error);
      assert.throws(() => buffer.readInt32LE(0), RangeError);
      assert.throws(() => buffer.fill(1), TypeError);
      assert.equal(buffer.toString(), '');
      assert.equal(buffer.write('x'), 0);
    });
  }

  it('ends an iteration over it', () => {
    const map = create();
    let steps = 0;
    try {
      for (const byte of map.buffer) {
        assert.equal(byte, 0);
        if (++steps === 5) map.close();
      }
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
    assert.equal(steps, 5);
    const other = create();
    const seen = [];
    try {
      other.buffer.forEach((byte, i) => {
        seen.push(byte);
        if (i === 3) other.close();
      });
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
    assert.deepEqual(seen.slice(0, 4), [0, 0, 0, 0]);
    assert.ok(seen.slice(4).every((byte) => byte === undefined));
  });

  it('in a callback of sort, map or replace over it does not crash', () => {
    const trials = [
      (map) => map.view(0, 100).sort((a, b) => (map.close(), a - b)),
      (map) => map.view(0, 100).map(() => (map.close(), 7)),
      (map) => Array.from(map.buffer, () => map.close()),
    ];
    for (const trial of trials) {
      const map = create(4096);
      try {
        trial(map);
      } catch (error) {
        assert.ok(error instanceof Error);
      }
      map.close();
    }
  });

  it('in a getter of an argument is noticed by the running call', () => {
    const view = () => {
      const bytes = new DataView(new ArrayBuffer(4));
      return Object.defineProperty(bytes, 'byteLength', {
        get: () => {
          map.close();
          return 4;
        },
      });
    };
    let map = create();
    assert.throws(() => map.write(view()), CLOSED);
    map = create();
    assert.throws(() => map.readInto(view()), CLOSED);
    map = create();
    const opts = Object.defineProperty({}, 'async', { enumerable: true, get: () => map.close() });
    assert.throws(() => map.flush(0, 1, opts), CLOSED);
  });

  it('during optimised code that uses it does not crash', () => {
    const body = ({ Mmap: There }, name) => {
      const sums = { index: 0, view: 0, words: 0 };
      const run = (buffer, view, words, stop, n) => {
        for (let i = 0; i < n; i++) {
          sums.index += buffer[i & 4095] | 0;
          sums.words += words[i & 1023] | 0;
          buffer[i & 4095] = i;
          if (i === stop.at) stop.map.close();
        }
        for (let i = 0; i < 8; i++) {
          try {
            sums.view += view.getInt32(i);
          } catch (error) {
            if (!(error instanceof TypeError)) throw error;
          }
        }
      };
      for (let round = 0; round < 20; round++) {
        const map = new There(name, 1 << 20, 3);
        const { buffer } = map;
        const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
        const words = new Int32Array(buffer.buffer, buffer.byteOffset, 1024);
        run(buffer, view, words, { at: round === 0 ? -1 : 300000 + round, map }, 600000);
        map.close();
      }
      console.log('done');
    };
    const { stdout, signal, stderr } = runFunction(body, [tmp()]);
    assert.deepEqual([stdout, signal], ['done\n', null], stderr);
  });

  it('while zlib, fs and crypto use its Buffer lets them write into no other memory', async () => {
    for (let round = 0; round < 20; round++) {
      const map = create(1 << 20);
      map.buffer.fill('abc');
      const zipped = new Promise((resolve) => zlib.deflate(map.buffer, resolve));
      const target = create(1 << 20);
      const file = tmp();
      fs.writeFileSync(file, Buffer.alloc(1 << 20, '#'));
      const fd = fs.openSync(file, 'r');
      const loaded = new Promise((resolve) =>
        fs.read(fd, target.buffer, 0, 1 << 20, 0, (error) => resolve(error)),
      );
      map.close();
      target.close();
      const next = Array.from({ length: 8 }, () => create(1 << 20));
      await Promise.all([zipped, loaded]);
      fs.closeSync(fd);
      for (const other of next) {
        assert.equal(other.buffer.indexOf('#'), -1);
        other.close();
      }
    }
  });

  it('keeps the addresses of used Buffers reserved, at most 128 of them', () => {
    for (let i = 0; i < 200; i++) {
      const map = create();
      map.buffer.fill(1);
      map.close();
    }
    assert.equal(binding.quarantined(), 128);
    const map = create();
    const { address } = map;
    map.buffer.fill(1);
    map.close();
    for (let i = 0; i < 50; i++) {
      const next = create();
      assert.notEqual(next.address, address);
      next.close();
    }
  });

  it('unmaps immediately a mapping whose Buffer was never used', () => {
    const before = binding.quarantined();
    const map = create();
    map.read();
    map.write('x');
    map.readString();
    assertMapped(map.file);
    const { file } = map;
    map.close();
    assertUnmapped(file);
    assert.equal(binding.quarantined(), before);
  });

  it('releases the file immediately: no mapping or descriptor of it is left', () => {
    for (const readOnly of [false, true]) {
      const { file } = create();
      const map = new Mmap({ file, readOnly });
      map.buffer.indexOf(1);
      map.view(5, 5);
      const lines = mappingsOf(file).length;
      const { fds } = holdings();
      map.close();
      if (isLinux) assert.ok(mappingsOf(file).length < lines);
      assert.equal(holdings().fds, Math.max(0, fds - 1));
    }
  });

  it('waits for the Buffer when only the Mmap object is collected', async () => {
    const path = tmp();
    let { buffer } = new Mmap(path, 100, RW);
    await collect();
    buffer.write('alive');
    assert.equal(fs.readFileSync(path, 'utf8').slice(0, 5), 'alive');
    assertMapped(path);
    buffer = null;
    await collect(6);
    assertUnmapped(path);
  });

  it('happens when a mapping is collected, in any order, with descriptor and memory', async () => {
    const path = tmp();
    const open = (i) => {
      const map = new Mmap(path, 100, RW);
      if (i % 3 === 0) return map;
      return i % 3 === 1 ? map.view(1, 9) : map.read();
    };
    await collect();
    const before = holdings();
    const kept = Array.from({ length: 300 }, (_, i) => open(i));
    kept.sort(() => Math.random() - 0.5);
    while (kept.length) {
      kept.length = Math.max(0, kept.length - 50);
      await collect(1);
    }
    await collect(6);
    assertUnmapped(path);
    assert.equal(holdings().fds, before.fds);
  });

  it('lets a transferred ArrayBuffer read as zeros, and releases its memory', async function () {
    if (typeof ArrayBuffer.prototype.transfer !== 'function') this.skip(); // since Node 22
    const map = create();
    map.buffer.fill(7);
    let taken = map.buffer.buffer.transfer();
    map.close();
    assert.deepEqual(new Uint8Array(taken), new Uint8Array(taken.byteLength));
    taken = null;
    await collect(6);
  });
});
