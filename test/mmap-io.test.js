/*
 * Reading and writing a mapping: results, clipping, errors.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const util = require('node:util');

const { Mmap, PROT_READ, PROT_WRITE, MAP_PRIVATE } = require('..');
const { runFunction } = require('./support/child');
const { linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;
const RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };

describe('reading and writing', () => {
  const tmp = scratch();
  let map, path;

  beforeEach(() => {
    path = tmp();
    fs.writeFileSync(path, '0123456789');
    map = new Mmap(path, 0, RW);
  });
  afterEach(() => map.close());

  describe('read', () => {
    it('copies everything, from an offset, or a range', () => {
      assert.equal(map.read().toString(), '0123456789');
      assert.equal(map.read(3).toString(), '3456789');
      assert.equal(map.read(3, 2).toString(), '34');
      assert.equal(map.read(undefined, 2).toString(), '01');
    });

    it('clips at the end', () => {
      assert.equal(map.read(8, 300000).toString(), '89');
      assert.equal(map.read(0, Number.MAX_SAFE_INTEGER).length, 10);
      assert.equal(map.read(0, 0).length, 0);
    });

    it('returns a copy that later writes do not change', () => {
      const copy = map.read();
      map.write('x');
      assert.equal(copy.toString(), '0123456789');
    });

    it('refuses an offset at or beyond the end', () => {
      for (const offset of [10, 11, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
        assert.throws(() => map.read(offset), RANGE);
        assert.throws(() => map.readInto(Buffer.alloc(1), offset), RANGE);
        assert.throws(() => map.readString(offset), RANGE);
        assert.throws(() => map.view(offset), RANGE);
        assert.throws(() => map.write('x', offset), RANGE);
        assert.throws(() => map.flush(offset), RANGE);
        assert.throws(() => map.advise('normal', offset), RANGE);
        assert.throws(() => map.resident(offset), RANGE);
      }
    });

    it('refuses an invalid offset or length', () => {
      for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
        assert.throws(() => map.read(bad), RANGE);
        assert.throws(() => map.read(0, bad), RANGE);
      }
      for (const bad of ['0', 1n, null, {}, true]) {
        assert.throws(() => map.read(bad), TYPE);
        assert.throws(() => map.read(0, bad), TYPE);
      }
    });
  });

  describe('readInto', () => {
    it('fills views of any kind and returns the number of bytes', () => {
      const bytes = Buffer.alloc(4);
      assert.equal(map.readInto(bytes), 4);
      assert.equal(bytes.toString(), '0123');
      const words = new Uint16Array(2);
      assert.equal(map.readInto(words, 1), 4);
      assert.equal(Buffer.from(words.buffer).toString(), '1234');
      const view = new DataView(new ArrayBuffer(8), 2, 3);
      assert.equal(map.readInto(view, 5), 3);
      assert.equal(Buffer.from(view.buffer).toString('latin1'), '\0\x00567\0\0\0');
      const shared = new Uint8Array(new SharedArrayBuffer(3));
      assert.equal(map.readInto(shared, 7), 3);
      assert.equal(Buffer.from(shared).toString(), '789');
    });

    it('clips at the length, and at the end of the mapping', () => {
      const bytes = Buffer.alloc(6, '.');
      assert.equal(map.readInto(bytes, 0, 2), 2);
      assert.equal(bytes.toString(), '01....');
      assert.equal(map.readInto(bytes, 7), 3);
      assert.equal(bytes.toString(), '789...');
    });

    it('refuses an argument that is not a view', () => {
      for (const bad of [undefined, null, 'x', [], new ArrayBuffer(4), {}]) {
        assert.throws(() => map.readInto(bad), TYPE);
      }
    });
  });

  describe('readString', () => {
    it('decodes the range in any encoding of Buffer', () => {
      map.write('häß', 2);
      assert.equal(map.readString(), '01häß789');
      assert.equal(map.readString(2, 5), 'häß');
      assert.equal(map.readString(0, 2, 'hex'), '3031');
      assert.equal(map.readString(0, 3, 'base64'), 'MDFo');
      assert.equal(map.readString(0, 2, 'utf16le'), '\u3130');
      assert.equal(map.readString(3, 2, 'latin1'), 'Ã¤');
    });

    it('refuses an unknown encoding', () => {
      for (const bad of ['utf9', 8, null, {}]) {
        assert.throws(() => map.readString(0, 1, bad), { code: 'ERR_INVALID_ARG_VALUE' });
      }
    });
  });

  describe('write', () => {
    it('writes strings as UTF-8 and returns the number of bytes', () => {
      assert.equal(map.write('é', 1), 2);
      assert.equal(fs.readFileSync(path, 'utf8'), '0é3456789');
    });

    it('writes all bytes of views of any kind', () => {
      assert.equal(map.write(Buffer.from('ab')), 2);
      assert.equal(map.write(Uint16Array.of(0x4443), 2), 2);
      assert.equal(map.write(new DataView(Uint8Array.of(0, 0x45, 0x46, 0).buffer, 1, 2), 4), 2);
      assert.equal(map.write(new Uint8Array(new SharedArrayBuffer(1)), 6), 1);
      assert.equal(fs.readFileSync(path, 'latin1'), 'abCDEF\x00789');
    });

    it('clips at the end and at the length', () => {
      assert.equal(map.write('abcdef', 8), 2);
      assert.equal(map.write(Buffer.from('ABCDEF'), 7, 2), 2);
      assert.equal(map.write('xyz', 0, 1), 1);
      assert.equal(map.write('xyz', 1, 0), 0);
      assert.equal(map.write('', 1), 0);
      assert.equal(map.write('-', 4, 99), 1);
      assert.equal(fs.readFileSync(path, 'utf8'), 'x123-56ABb');
    });

    it('never splits a character of a string', () => {
      assert.equal(map.write('aé', 8), 1);
      assert.equal(map.write('é', 9), 0);
      assert.equal(fs.readFileSync(path, 'utf8'), '01234567a9');
    });

    it('writes a part of the mapping over an overlapping part', () => {
      map.write(map.view(0, 8), 2);
      assert.equal(fs.readFileSync(path, 'utf8'), '0101234567');
    });

    it('refuses an argument that is neither a string nor a view', () => {
      for (const bad of [undefined, null, 1, [], {}, new ArrayBuffer(4), 1n]) {
        assert.throws(() => map.write(bad), TYPE);
      }
    });
  });

  describe('buffer and view', () => {
    it('share the memory of the mapping', () => {
      map.buffer.write('AB', 4);
      assert.equal(map.readString(), '0123AB6789');
      map.write('x');
      assert.equal(map.buffer[0], 0x78);
      assert.equal(fs.readFileSync(path, 'utf8'), 'x123AB6789');
      assert.equal(map.buffer, map.buffer);
      assert.ok(Buffer.isBuffer(map.buffer));
    });

    it('a view is a range of the mapping, clipped at the end', () => {
      const view = map.view(3, 4);
      assert.equal(view.toString(), '3456');
      view[0] = 0x21;
      assert.equal(map.readString(), '012!456789');
      assert.equal(map.view(8, 100).toString(), '89');
      assert.equal(map.view().length, 10);
      assert.equal(map.view(5).length, 5);
      assert.equal(map.view(5, 0).length, 0);
    });

    it('reads work after the ArrayBuffer was transferred', () => {
      const bytes = map.buffer.buffer;
      try {
        structuredClone(bytes, { transfer: [bytes] });
      } catch (error) {
        assert.equal(error.name, 'DataCloneError'); // Node 22 refuses the transfer
      }
      if (typeof bytes.transfer === 'function') {
        const taken = bytes.transfer();
        assert.equal(map.buffer.length, 0);
        assert.equal(taken.byteLength, 10);
      }
      assert.equal(map.readString(), '0123456789');
      map.write('y');
      assert.equal(fs.readFileSync(path, 'utf8'), 'y123456789');
    });

    it('start at the address of the mapping', () => {
      assert.equal(typeof map.address, 'bigint');
      assert.equal(map.address % BigInt(map.pageSize), 0n);
      const odd = new Mmap({ file: path, offset: 7 });
      assert.equal(odd.address % BigInt(map.pageSize), 7n);
      odd.close();
    });
  });

  describe('across processes', () => {
    it('a write in one process is readable in the other, without a system call', () => {
      const body = ({ Mmap: There }, name) => {
        const there = new There(name, 0, 3);
        console.log(there.readString());
        there.write('reply', 4);
      };
      map.write('sent');
      assert.equal(runFunction(body, [path]).stdout, 'sent456789\n');
      assert.equal(map.readString(), 'sentreply9');
    });

    it('Atomics on a typed array over the Buffer lose no increment', async () => {
      const counter = new Mmap(tmp(), 64, RW);
      const { fork } = require('node:child_process');
      const fixture = require('node:path').join(__dirname, 'fixtures', 'atomic-add.js');
      const children = [1, 2, 3, 4].map(() => fork(fixture, [counter.file, '50000']));
      const codes = await Promise.all(
        children.map((child) => new Promise((resolve) => child.on('exit', resolve))),
      );
      assert.deepEqual(codes, [0, 0, 0, 0]);
      const words = new Int32Array(counter.buffer.buffer, counter.buffer.byteOffset, 16);
      assert.equal(Atomics.load(words, 3), 200000);
      counter.close();
    });
  });

  describe('other methods', () => {
    it('flush writes to the file, waiting or not', () => {
      map.write('x');
      map.flush();
      map.flush(3, 2);
      map.flush(3, 2, { async: true });
      assert.throws(() => map.flush(0, 1, { asynch: true }), {
        message: /did you mean 'async'\?/,
      });
      assert.throws(() => map.flush(0, 1, { async: 1 }), TYPE);
      assert.throws(() => map.flush(0, 1, null), TYPE);
    });

    it('advise accepts the advice names of madvise and no others', () => {
      for (const advice of ['normal', 'sequential', 'random', 'willneed', 'dontneed']) {
        map.advise(advice);
        map.advise(advice, 3, 4);
      }
      assert.equal(map.readString(), '0123456789');
      for (const bad of [undefined, 'fast', 3, null]) {
        assert.throws(() => map.advise(bad), { code: 'ERR_INVALID_ARG_VALUE' });
      }
    });

    linuxIt("'dontneed' discards private changes, of whole pages in the range only", () => {
      const big = tmp();
      fs.writeFileSync(big, Buffer.alloc(3 * map.pageSize, '.'));
      const mine = new Mmap(big, 0, RW, MAP_PRIVATE);
      for (const page of [0, 1, 2]) mine.write('#', page * mine.pageSize);
      mine.advise('dontneed', 5, 2 * mine.pageSize);
      const marks = [0, 1, 2].map((page) => mine.readString(page * mine.pageSize, 1));
      assert.deepEqual(marks, ['#', '.', '#']);
      mine.close();
    });

    it('resident counts pages in memory', () => {
      const big = new Mmap(tmp(), 64 * map.pageSize, RW);
      big.buffer.fill(1);
      assert.equal(big.resident(), 64);
      assert.equal(big.resident(10, 10), 1);
      assert.equal(big.resident(map.pageSize - 1, 2), 2);
      big.close();
    });

    linuxIt('lockMemory keeps the pages in memory, and unlockMemory releases them', () => {
      const locked = () =>
        Number(/VmLck:\s+(\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
      const before = locked();
      const big = new Mmap(tmp(), 16 * map.pageSize, RW);
      big.lockMemory();
      assert.equal(locked() - before, (16 * map.pageSize) / 1024);
      big.unlockMemory();
      assert.equal(locked(), before);
      big.close();
    });

    linuxIt('lockMemory beyond the limit of the user throws the error of the system', () => {
      const body = ({ Mmap: There }, name, uid) => {
        if (uid) process.setuid(uid);
        const there = new There(name);
        try {
          there.lockMemory();
        } catch (error) {
          console.log(error.code, error.syscall);
        }
      };
      const big = tmp();
      fs.writeFileSync(big, Buffer.alloc(1 << 20));
      fs.chmodSync(big, 0o644);
      fs.chmodSync(require('node:path').dirname(big), 0o755);
      const uid = process.getuid() === 0 ? 65534 : 0;
      const { stdout } = runFunction(body, [big, uid], { command: ['prlimit', '--memlock=65536'] });
      assert.match(stdout, /^(ENOMEM|EAGAIN|EPERM) mlock\n$/);
    });

    it('with() closes afterwards, also after an exception and after a promise', async () => {
      let inside;
      const size = Mmap.with({ file: path }, (m) => {
        inside = m;
        return m.size;
      });
      assert.equal(size, 10);
      assert.ok(inside.closed);
      assert.throws(
        () =>
          Mmap.with(path, (m) => {
            inside = m;
            throw new Error('mine');
          }),
        { message: 'mine' },
      );
      assert.ok(inside.closed);
      const promise = Mmap.with(path, async (m) => {
        inside = m;
        await null;
        return m.readString(0, 1);
      });
      assert.equal(inside.closed, false);
      assert.equal(await promise, '0');
      assert.ok(inside.closed);
      await assert.rejects(
        Mmap.with(path, async () => {
          throw new Error('later');
        }),
        { message: 'later' },
      );
      assert.throws(() => Mmap.with(path), TYPE);
    });

    it('console.log prints kind, place and size, open or closed', () => {
      assert.match(util.inspect(map), /^Mmap \{\n? +file: '.*',\n? +size: 10,\n? +offset: 0/);
      assert.match(util.inspect(map, { breakLength: Infinity }), /readOnly: false, closed: false/);
      const own = fs.openSync(path, 'r');
      const fd = new Mmap(own);
      fs.closeSync(own);
      assert.match(util.format('%o', fd), /fd \d+/);
      fd.close();
      assert.match(util.inspect(fd), /closed: true/);
    });

    it('posting it to a thread throws, and the error names what can be posted', () => {
      assert.throws(() => structuredClone(map), {
        name: 'DataCloneError',
        message: /post its \.file/,
      });
      const { port1 } = new MessageChannel();
      assert.throws(() => port1.postMessage({ map }), { name: 'DataCloneError' });
      port1.close();
    });

    posixIt('the file can be removed while it is mapped, and the mapping remains', () => {
      fs.unlinkSync(path);
      map.write('still');
      assert.equal(map.readString(), 'still56789');
    });
  });
});
