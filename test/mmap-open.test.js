/*
 * Opening a mapping of a file: ways to name the file; creating and extending it; errors.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { basename, dirname } = require('node:path');
const { pathToFileURL } = require('node:url');

const { Mmap, constants, PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_FILE } = require('..');
const { isWindows, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;

describe('opening a mapping', () => {
  const tmp = scratch();

  function file(content) {
    const path = tmp();
    fs.writeFileSync(path, content);
    return path;
  }

  describe('by path, URL, descriptor or FileHandle', () => {
    it('accepts a path', () => {
      const path = file('hello');
      const map = new Mmap(path);
      assert.equal(map.readString(), 'hello');
      assert.equal(map.file, path);
      assert.equal(map.size, 5);
      assert.equal(map.offset, 0);
      assert.equal(map.readOnly, true);
      map.close();
    });

    it('accepts a path with any characters', () => {
      const path = tmp(isWindows ? 'größe 𝄞 x' : 'größe 𝄞 \n x');
      fs.writeFileSync(path, 'odd');
      const map = new Mmap({ file: path });
      assert.equal(map.readString(), 'odd');
      map.close();
    });

    it('accepts a relative path', () => {
      const path = file('rel');
      const cwd = process.cwd();
      process.chdir(dirname(path));
      try {
        const map = new Mmap(basename(path));
        assert.equal(map.readString(), 'rel');
        map.close();
      } finally {
        process.chdir(cwd);
      }
    });

    it('accepts a file: URL', () => {
      const path = file('url');
      const map = new Mmap(pathToFileURL(path));
      assert.equal(map.readString(), 'url');
      assert.equal(map.file, path);
      map.close();
    });

    it('accepts a descriptor, which the user may close', () => {
      const path = file('descriptor');
      const fd = fs.openSync(path, 'r+');
      const map = new Mmap(fd, 0, RW);
      fs.closeSync(fd);
      assert.equal(map.write('D'), 1);
      assert.equal(map.file, undefined);
      if (isWindows) {
        assert.equal(map.fd, undefined);
      } else {
        assert.notEqual(map.fd, fd);
        assert.equal(fs.fstatSync(map.fd).size, 10);
      }
      map.close();
      assert.equal(fs.readFileSync(path, 'utf8'), 'Descriptor');
    });

    it('accepts a FileHandle, in both forms', async () => {
      const path = file('handle');
      const handle = await fs.promises.open(path, 'r');
      const one = new Mmap(handle);
      const two = new Mmap({ file: handle });
      await handle.close();
      assert.equal(one.readString() + two.readString(), 'handlehandle');
      one.close();
      two.close();
      assert.throws(() => new Mmap(handle), { code: 'ERR_INVALID_ARG_VALUE' });
    });

    it('accepts the descriptor of a removed file', () => {
      const path = file('unlinked');
      const fd = fs.openSync(path, 'r');
      fs.unlinkSync(path);
      const map = new Mmap(fd);
      fs.closeSync(fd);
      assert.equal(map.readString(), 'unlinked');
      map.close();
    });

    posixIt('follows a symbolic link', () => {
      const path = file('target');
      const link = tmp();
      fs.symlinkSync(path, link);
      const map = new Mmap(link);
      assert.equal(map.readString(), 'target');
      map.close();
    });
  });

  describe('with both forms of the constructor', () => {
    it('maps the same with positional arguments and with options', () => {
      const path = file('0123456789');
      const a = new Mmap(path, 4, RW, MAP_SHARED | MAP_FILE, 3);
      const b = new Mmap({ file: path, size: 4, prot: RW, offset: 3 });
      const c = new Mmap({ file: path, size: 4, readOnly: false, offset: 3 });
      for (const map of [a, b, c]) {
        assert.equal(map.readString(), '3456');
        assert.equal(map.readOnly, false);
        assert.equal(map.size, 4);
        assert.equal(map.offset, 3);
      }
      a.write('x');
      assert.equal(b.readString(), 'x456');
      assert.equal(c.readString(), 'x456');
      for (const map of [a, b, c]) map.close();
    });

    it('has the constants of Linux on every system, frozen', () => {
      assert.deepEqual(constants, {
        PROT_READ: 1,
        PROT_WRITE: 2,
        MAP_SHARED: 1,
        MAP_PRIVATE: 2,
        MAP_ANON: 32,
        MAP_ANONYMOUS: 32,
        MAP_FILE: 0,
      });
      assert.ok(Object.isFrozen(constants));
    });
  });

  describe('at any offset', () => {
    it('maps every byte around a page boundary', () => {
      const content = Buffer.from(Array.from({ length: 3 * 4096 + 7 }, (_, i) => (i * 7) % 251));
      const path = file(content);
      for (const offset of [0, 1, 4095, 4096, 4097, 8191, 8192, 12288, 12294]) {
        const map = new Mmap({ file: path, offset });
        assert.deepEqual(map.read(), content.subarray(offset));
        assert.deepEqual(map.buffer, content.subarray(offset));
        assert.equal(map.size, content.length - offset);
        map.close();
      }
    });

    it('writes at an odd offset and nowhere else', () => {
      const path = file(Buffer.alloc(9000, '.'));
      const map = new Mmap(path, 10, RW, MAP_SHARED, 4093);
      assert.equal(map.write('#'.repeat(100)), 10);
      map.close();
      const content = fs.readFileSync(path, 'latin1');
      assert.equal(content, '.'.repeat(4093) + '#'.repeat(10) + '.'.repeat(9000 - 4103));
    });
  });

  describe('creating and extending a file', () => {
    it('creates a missing file with mode 0600 and zeros', () => {
      const path = tmp();
      const map = new Mmap(path, 5000, RW);
      assert.deepEqual(map.read(), Buffer.alloc(5000));
      map.close();
      const stat = fs.statSync(path);
      assert.equal(stat.size, 5000);
      assert.equal(stat.mode & 0o777, isWindows ? 0o666 : 0o600);
    });

    posixIt('creates the file with the requested mode, less the umask', () => {
      const path = tmp();
      const before = process.umask(0o027);
      try {
        new Mmap({ file: path, size: 10, readOnly: false, mode: 0o666 }).close();
      } finally {
        process.umask(before);
      }
      assert.equal(fs.statSync(path).mode & 0o777, 0o640);
    });

    posixIt('creates no file through a dangling symbolic link', () => {
      const path = tmp();
      fs.symlinkSync(tmp('nothing'), path);
      assert.throws(() => new Mmap(path, 10, RW), { code: 'ENOENT', syscall: 'open', path });
      assert.ok(!fs.existsSync(tmp('nothing')));
    });

    it('creates no file with create: false, read-only, private, or without a size', () => {
      const path = tmp();
      const cases = [
        { size: 10, readOnly: false, create: false },
        { size: 10 },
        { size: 10, readOnly: false, private: true },
        { readOnly: false },
      ];
      for (const options of cases) {
        assert.throws(() => new Mmap({ file: path, ...options }), {
          name: 'Error',
          code: 'ENOENT',
          syscall: 'open',
          path,
        });
        assert.ok(!fs.existsSync(path));
      }
    });

    it("refuses an existing file with create: 'exclusive', and does not change it", () => {
      const path = tmp();
      const options = { file: path, size: 10, readOnly: false, create: 'exclusive' };
      const map = new Mmap(options);
      map.write('mine');
      assert.throws(() => new Mmap(options), { code: 'EEXIST', syscall: 'open', path });
      assert.equal(map.readString(0, 4), 'mine');
      map.close();
    });

    it('extends a shorter file with zeros and allocates the space', () => {
      const path = file('abc');
      const map = new Mmap(path, 100000, RW);
      assert.equal(map.readString(0, 3), 'abc');
      assert.deepEqual(map.read(3), Buffer.alloc(99997));
      map.close();
      const stat = fs.statSync(path);
      assert.equal(stat.size, 100000);
      assert.ok(stat.blocks * 512 >= 100000, `${stat.blocks} blocks`);
    });

    it('extends up to offset + length', () => {
      const path = file('abc');
      new Mmap(path, 10, RW, MAP_SHARED, 5001).close();
      assert.equal(fs.statSync(path).size, 5011);
    });

    it('never makes a file shorter', () => {
      const path = file('0123456789');
      new Mmap(path, 3, RW).close();
      assert.equal(fs.readFileSync(path, 'utf8'), '0123456789');
    });

    it('does not extend for a read-only or private mapping; the error has both numbers', () => {
      const path = file('abc');
      for (const [prot, flags] of [
        [PROT_READ, MAP_SHARED],
        [RW, MAP_PRIVATE],
      ]) {
        assert.throws(() => new Mmap(path, 10, prot, flags, 1), {
          name: 'MmapipcError',
          code: 'ERR_MMAPIPC_FILE_TOO_SMALL',
          required: 11,
          actual: 3,
          path,
        });
      }
      assert.equal(fs.statSync(path).size, 3);
    });

    it('refuses an empty range: an empty file, or an offset at the end', () => {
      const path = file('');
      assert.throws(() => new Mmap(path), { code: 'ERR_MMAPIPC_FILE_TOO_SMALL', actual: 0 });
      assert.throws(() => new Mmap(path, 0, RW), { code: 'ERR_MMAPIPC_FILE_TOO_SMALL' });
      fs.writeFileSync(path, 'abc');
      assert.throws(() => new Mmap({ file: path, offset: 3 }), {
        code: 'ERR_MMAPIPC_FILE_TOO_SMALL',
      });
      assert.equal(fs.statSync(path).size, 3);
    });
  });
});
