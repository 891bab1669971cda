/*
 * Read-only, write-only and private mappings: the effects of a stray store.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap, PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE } = require('..');
const { runFunction } = require('./support/child');
const { isLinux, isWindows, linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;
const ACCESS = { name: 'MmapipcError', code: 'ERR_MMAPIPC_ACCESS' };

describe('a read-only mapping', () => {
  const tmp = scratch();
  const page = 4096;
  let path;

  beforeEach(() => {
    path = tmp();
    fs.writeFileSync(path, Buffer.alloc(4 * page, '.'));
  });

  it('refuses write() of any value', () => {
    const map = new Mmap(path);
    for (const data of ['x', Buffer.from('x'), '', 7]) assert.throws(() => map.write(data), ACCESS);
    map.close();
  });

  linuxIt('opens the file without write access', () => {
    const map = new Mmap(path);
    assert.throws(() => fs.writeSync(map.fd, 'x'), { code: 'EBADF' });
    assert.throws(() => fs.writeSync(fs.openSync(`/proc/self/fd/${map.fd}`, 'r'), 'x'));
    map.close();
  });

  it('confines a stray store into its buffer: the file and read() do not change', () => {
    const map = new Mmap(path);
    map.buffer[1] = 0x23;
    map.view(page, 1)[0] = 0x23;
    assert.equal(map.buffer[1], 0x23);
    assert.equal(map.readString(1, 1), '.');
    assert.equal(map.readString(page, 1), '.');
    assert.deepEqual(fs.readFileSync(path), Buffer.alloc(4 * page, '.'));
    map.close();
  });

  it('has a buffer that follows the file, except for pages with a stray store', () => {
    const map = new Mmap(path);
    const writer = new Mmap(path, 0, RW);
    const { buffer } = map;
    assert.equal(buffer[0], 0x2e);
    buffer[2 * page] = 0x23;
    for (let i = 0; i < 4; i++) writer.write('x', i * page + 5);
    const seen = [0, 1, 2, 3].map((i) => String.fromCharCode(buffer[i * page + 5]));
    assert.deepEqual(seen, ['x', 'x', '.', 'x']);
    assert.equal(map.readString(2 * page + 5, 1), 'x');
    if (isLinux) {
      map.advise('dontneed');
      assert.equal(buffer[2 * page + 5], 0x78);
      assert.equal(buffer[2 * page], 0x2e);
    }
    map.close();
    writer.close();
  });

  it('has a buffer that follows the file also after lockMemory, flush, advise and resident', () => {
    const map = new Mmap(path);
    const { buffer } = map;
    buffer.indexOf(0);
    map.lockMemory();
    map.flush();
    map.advise('willneed');
    map.resident();
    fs.writeFileSync(path, 'changed', { flag: 'r+' });
    assert.equal(buffer.toString('latin1', 0, 7), 'changed');
    map.close();
  });

  posixIt('can map a read-only file of another user', () => {
    fs.chmodSync(path, 0o444);
    fs.chmodSync(require('node:path').dirname(path), 0o755);
    const body = ({ Mmap: There }, name, uid) => {
      if (uid) process.setuid(uid);
      const there = new There(name);
      there.buffer[0] = 1;
      console.log(there.readString(0, 3));
    };
    const uid = process.getuid() === 0 ? 65534 : 0;
    assert.equal(runFunction(body, [path, uid]).stdout, '...\n');
  });

  it('crashes with SIGSEGV on a stray store with protect: true', () => {
    const body = ({ Mmap: There }, file, protect) => {
      const there = new There({ file, protect });
      console.log(there.buffer[0]);
      there.buffer[0] = 1;
      console.log('alive');
    };
    const hard = runFunction(body, [path, true]);
    const end = isWindows ? 0xc0000005 : 'SIGSEGV'; // an access violation
    assert.deepEqual([hard.stdout, hard.signal ?? hard.status], ['46\n', end]);
    const soft = runFunction(body, [path, false]);
    assert.deepEqual([soft.stdout, soft.signal], ['46\nalive\n', null]);
  });
});

describe('a write-only mapping', () => {
  const tmp = scratch();

  it('writes, and refuses to read', () => {
    const path = tmp();
    const map = new Mmap(path, 100, PROT_WRITE);
    assert.equal(map.write('hello', 10), 5);
    assert.throws(() => map.read(), ACCESS);
    assert.throws(() => map.read(0, 0), ACCESS);
    assert.throws(() => map.readInto(Buffer.alloc(1)), ACCESS);
    assert.throws(() => map.readString(), ACCESS);
    assert.equal(map.readOnly, false);
    map.buffer[0] = 0x21;
    map.close();
    assert.equal(fs.readFileSync(path, 'latin1').replaceAll('\0', ''), '!hello');
  });
});

describe('a private mapping', () => {
  const tmp = scratch();
  const make = () => {
    const path = tmp();
    fs.writeFileSync(path, '0123456789');
    return path;
  };

  it('shows its writes to this mapping only', () => {
    const path = make();
    for (const map of [
      new Mmap(path, 0, RW, MAP_PRIVATE),
      new Mmap({ file: path, private: true, readOnly: false }),
    ]) {
      const other = new Mmap(path, 0, RW, MAP_SHARED);
      assert.equal(map.write('mine', 3), 4);
      map.buffer[0] = 0x21;
      assert.equal(map.readString(), '!12mine789');
      assert.equal(other.readString(), '0123456789');
      map.flush();
      assert.equal(fs.readFileSync(path, 'utf8'), '0123456789');
      map.close();
      other.close();
    }
  });

  it('does not need write permission for the file', () => {
    const fd = fs.openSync(make(), 'r');
    const map = new Mmap(fd, 0, RW, MAP_PRIVATE);
    fs.closeSync(fd);
    assert.equal(map.write('x'), 1);
    map.close();
  });

  it('is read-only without PROT_WRITE', () => {
    const map = new Mmap({ file: make(), private: true });
    assert.throws(() => map.write('x'), ACCESS);
    assert.equal(map.readOnly, true);
    map.close();
  });
});
