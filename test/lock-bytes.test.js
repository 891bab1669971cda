/*
 * A lock is a word between those who ask for it: it keeps nobody from the bytes of the file. On
 * Windows, where the system's own locks do, it therefore lies where no file has a byte.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap } = require('..');
const { runFunction } = require('./support/child');
const { windowsIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

describe('a lock and the bytes it is about', () => {
  const tmp = scratch();

  for (const [what, range] of [
    ['the whole file', {}],
    ['a range', { offset: 2, length: 5 }],
  ]) {
    it(`leaves reading, writing and lengthening the file to all: ${what}`, () => {
      const file = tmp();
      fs.writeFileSync(file, '0123456789');
      const map = new Mmap({ file, readOnly: false });
      map.lock(range);
      fs.writeFileSync(file, 'abcd', { flag: 'r+' });
      const body = ({ Mmap: There }, name) => {
        const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
        writeFileSync(name, 'ABC', { flag: 'r+' });
        appendFileSync(name, 'more');
        /* This one waited for the lock on Windows: what keeps two from lengthening the file at the
         * same time was one of the bytes that the lock holds. */
        const there = new There({ file: name, size: 5000, readOnly: false, timeout: 0 });
        there.write('there', 20);
        console.log(readFileSync(name, 'latin1').slice(0, 14), there.tryLock() === null);
      };
      const { stdout, stderr } = runFunction(body, [file]);
      assert.equal(stdout, 'ABCd456789more true\n', stderr);
      assert.equal(fs.statSync(file).size, 5000);
      assert.equal(fs.readFileSync(file, 'latin1').slice(20, 25), 'there');
      map.unlock();
      map.close();
    });
  }

  windowsIt('an exclusive range needs no right to write', () => {
    const file = tmp();
    fs.writeFileSync(file, '0123456789');
    const [map, other] = [new Mmap(file), new Mmap(file)];
    const guard = map.lock({ shared: false, offset: 2, length: 5 });
    assert.equal(other.tryLock({ shared: true, offset: 6, length: 1 }), null);
    other.lock({ shared: true, offset: 7, length: 1 }).release();
    guard.release();
    map.close();
    other.close();
  });

  windowsIt('a file cannot be made shorter than its mapping', () => {
    const file = tmp();
    fs.writeFileSync(file, Buffer.alloc(100000, 'x'));
    const map = new Mmap(file);
    for (const size of [0, 5000]) assert.throws(() => fs.truncateSync(file, size), Error);
    assert.equal(map.buffer.indexOf(0), -1);
    map.close();
    fs.truncateSync(file, 5);
    assert.equal(fs.readFileSync(file, 'utf8'), 'xxxxx');
  });
});
