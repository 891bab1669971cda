/*
 * The lock of a file: the contract of every lock, and by which ways the same file is found. Ranges and
 * shared locks are in lock-file-ranges.test.js, flock() of other programs in lock-file-flock.test.js.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap, PROT_READ, PROT_WRITE } = require('..');
const { contract } = require('./lock-contract');
const { DEADLOCK, DISPOSE } = require('./lock-contract/subjects');
const { runFunction } = require('./support/child');
const { mappings } = require('./support/opened');
const { linuxIt, posixIt, windowsIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;

contract('file');

describe('the lock of a file is the same', () => {
  const { open, create } = mappings(scratch(), 100);

  const ways = {
    'another spelling of its path': [it, (file) => file.replace(/([^/\\]+)$/, './$1')],
    'a hard link': [it, (file) => (fs.linkSync(file, `${file}.link`), `${file}.link`)],
    'a symbolic link': [posixIt, (file) => (fs.symlinkSync(file, `${file}.sym`), `${file}.sym`)],
  };
  for (const [what, [test, find]] of Object.entries(ways)) {
    test(`by ${what}: lock() throws DEADLOCK while another object holds it`, () => {
      const map = create();
      const other = open({ file: find(map.file), readOnly: false });
      map.lock();
      assert.throws(() => other.lock(), DEADLOCK);
      assert.equal(other.tryLock(), null);
      map.unlock();
      other.lock();
    });
  }

  it('by a descriptor, in both directions', () => {
    const map = create();
    const fd = fs.openSync(map.file, 'r+');
    const [other, third] = [open(fd, 0, RW), open(fd, 0, RW)];
    fs.closeSync(fd);
    map.lock();
    assert.throws(() => other.lock(), DEADLOCK);
    map.unlock();
    other.lock();
    assert.throws(() => map.lock(), DEADLOCK);
    assert.throws(() => third.lock(), DEADLOCK);
    assert.equal(third.tryLock(), null);
    other.unlock();
    third.lock();
  });

  linuxIt('after the file was removed', () => {
    const map = create();
    const fd = fs.openSync(map.file, 'r+');
    const other = open(fd, 0, RW);
    fs.closeSync(fd);
    fs.unlinkSync(map.file);
    map.lock();
    assert.equal(other.tryLock(), null);
    map.unlock();
    other.lock();
    assert.equal(map.tryLock(), null);
    other[DISPOSE]();
  });
});

/* On Windows, where the system's own locks refuse reads and writes, it lies where no file has a byte. */
describe('the lock of a file refuses no access to its bytes', () => {
  const tmp = scratch();

  for (const [what, range] of [
    ['the whole file', {}],
    ['a range', { offset: 2, length: 5 }],
  ]) {
    it(`all can read, write and lengthen the file while ${what} is locked`, () => {
      const file = tmp();
      fs.writeFileSync(file, '0123456789');
      const map = new Mmap({ file, readOnly: false });
      map.lock(range);
      fs.writeFileSync(file, 'abcd', { flag: 'r+' });
      const body = ({ Mmap: There }, name) => {
        const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
        writeFileSync(name, 'ABC', { flag: 'r+' });
        writeFileSync(name, 'ABC', { flag: 'r+' });
        appendFileSync(name, 'more');
        /* This one waited for the lock on Windows: the lock held one of the bytes that keep two
         * processes from lengthening the file at the same time. */
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
