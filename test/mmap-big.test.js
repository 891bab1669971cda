/*
 * Mappings of more than 4 GiB, of a sparse file of 6 GiB.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { constants } = require('node:buffer');

const { Mmap, PROT_READ, PROT_WRITE, MAP_SHARED } = require('..');
const { collect, mappingsOf } = require('./support/holdings');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');

const GiB = 2 ** 30;

describe('a mapping of more than 4 GiB', () => {
  const tmp = scratch();
  let map, path;

  before(() => {
    path = tmp();
    fs.closeSync(fs.openSync(path, 'w'));
    fs.truncateSync(path, 6 * GiB);
    map = new Mmap({ file: path, readOnly: false });
  });
  after(() => map.close());

  it('has the size of the file', () => {
    assert.equal(map.size, 6 * GiB);
  });

  it('reads and writes beyond 4 GiB, and across the boundary', () => {
    for (const offset of [3 * GiB + 1, 4 * GiB + 5, 5 * GiB, 4 * GiB - 3, 6 * GiB - 6]) {
      assert.equal(map.write('häß', offset), 5);
      assert.equal(map.write(Buffer.from('-'), offset + 5), 1);
      assert.equal(map.readString(offset, 6), 'häß-');
      assert.equal(map.read(offset, 6).toString(), 'häß-');
      const into = Buffer.alloc(6);
      assert.equal(map.readInto(into, offset), 6);
      assert.equal(into.toString(), 'häß-');
    }
    const fd = fs.openSync(path, 'r');
    const bytes = Buffer.alloc(6);
    fs.readSync(fd, bytes, 0, 6, 5 * GiB);
    fs.closeSync(fd);
    assert.equal(bytes.toString(), 'häß-');
  });

  it('clips at its end, not at 4 GiB', () => {
    assert.equal(map.write('123456', 6 * GiB - 4), 4);
    assert.equal(map.readString(6 * GiB - 4), '1234');
    assert.equal(map.readString(6 * GiB - 2, 1000), '34');
    assert.throws(() => map.read(6 * GiB), { code: 'ERR_OUT_OF_RANGE' });
  });

  it('cuts a string between characters, also beyond 4 GiB', () => {
    assert.equal(map.write('aé', 6 * GiB - 2), 1);
    assert.equal(map.write('aé', 5 * GiB, 2), 1);
  });

  it('returns views at any offset, and empties them on close()', () => {
    const other = new Mmap({ file: path, readOnly: false });
    const low = other.view(10, 4);
    const high = other.view(5 * GiB + 100, 4);
    const across = other.view(4 * GiB - 2, 4);
    low.write('low.');
    high.write('high');
    across.write('over');
    assert.equal(map.readString(10, 4), 'low.');
    assert.equal(map.readString(5 * GiB + 100, 4), 'high');
    assert.equal(map.readString(4 * GiB - 2, 4), 'over');
    assert.equal(high.toString(), 'high');
    other.close();
    assert.deepEqual([low.length, high.length, across.length], [0, 0, 0]);
  });

  it('has a buffer of its first bytes, as long as a Buffer can be', () => {
    assert.equal(map.buffer.length, Math.min(6 * GiB, constants.MAX_LENGTH));
  });

  it('names the limit of a Buffer when view() requests more', function () {
    if (constants.MAX_LENGTH >= 6 * GiB) this.skip(); // no limit in later versions of Node
    for (const call of [() => map.read(), () => map.view(), () => map.readString()]) {
      assert.throws(call, { code: 'ERR_OUT_OF_RANGE', message: /most that one Buffer can hold/ });
    }
  });

  it('accepts an offset beyond 4 GiB in the constructor', () => {
    const part = new Mmap(path, 100, PROT_READ | PROT_WRITE, MAP_SHARED, 5 * GiB + 777);
    part.write('part');
    assert.equal(map.readString(5 * GiB + 777, 4), 'part');
    part.close();
  });

  it('flushes, advises and counts resident pages beyond 4 GiB', () => {
    map.write('x', 5 * GiB + 12345);
    map.flush(5 * GiB, 1 << 20);
    map.advise('random', 5 * GiB, 1 << 20);
    assert.ok(map.resident(5 * GiB + 12345, 1) === 1);
  });

  it('releases unused views, keeps used ones, and empties all of them on close()', async () => {
    const other = new Mmap({ file: path, readOnly: false });
    const kept = [];
    for (let i = 0; i < 5000; i++) {
      const view = other.view(5 * GiB + i, 8);
      if (i % 100 === 0) kept.push(view);
      if (i % 1000 === 0) await collect(1);
    }
    const shown = mappingsOf(path).length;
    other.close();
    assert.ok(kept.every((view) => view.length === 0));
    if (isLinux) assert.ok(mappingsOf(path).length < shown);
  });

  it('is read-only without touching memory', () => {
    const other = new Mmap(path);
    assert.equal(other.readString(10, 4), 'low.');
    const view = other.view(5 * GiB + 100, 4);
    view[0] = 0x48;
    assert.equal(view.toString(), 'High');
    assert.equal(other.readString(5 * GiB + 100, 4), 'high');
    other.close();
    assert.equal(view.length, 0);
  });
});
