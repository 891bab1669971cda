/*
 * Errors of opening: things that are not files, missing permissions, wrong arguments.
 */
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const { dirname } = require('node:path');

const { Mmap, PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE } = require('..');
const { runFunction } = require('./support/child');
const { holdings } = require('./support/holdings');
const { isWindows, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;

describe('opening refuses', () => {
  const tmp = scratch();

  function make(content) {
    const path = tmp();
    fs.writeFileSync(path, content);
    return path;
  }

  it('a directory, as fs does', () => {
    const path = tmp('directory');
    fs.mkdirSync(path);
    for (const prot of [PROT_READ, RW]) {
      assert.throws(() => new Mmap(path, 10, prot), { code: 'EISDIR', syscall: 'open', path });
    }
    const fd = fs.openSync(path, 'r');
    assert.throws(() => new Mmap(fd), { code: 'EISDIR' });
    fs.closeSync(fd);
  });

  posixIt('a FIFO, without waiting', () => {
    const path = tmp();
    execFileSync('mkfifo', [path]);
    for (const prot of [PROT_READ, RW]) {
      assert.throws(() => new Mmap(path, 10, prot), { code: 'ERR_MMAPIPC_UNSUPPORTED', path });
    }
  });

  it('a device', () => {
    assert.throws(() => new Mmap(os.devNull, 10), { code: 'ERR_MMAPIPC_UNSUPPORTED' });
  });

  it('a closed descriptor', () => {
    const fd = fs.openSync(make('x'), 'r');
    fs.closeSync(fd);
    assert.throws(() => new Mmap(fd), { code: 'EBADF', syscall: 'dup' });
  });

  it('a descriptor without the access that the mapping needs', () => {
    const path = make('abc');
    const reader = fs.openSync(path, 'r');
    const writer = fs.openSync(path, 'a');
    const refused = { code: isWindows ? 'EPERM' : 'EACCES', syscall: 'mmap' };
    assert.throws(() => new Mmap(reader, 0, RW), refused);
    assert.throws(() => new Mmap(writer), refused);
    fs.closeSync(reader);
    fs.closeSync(writer);
  });

  posixIt('a file without permission, as fs does', () => {
    const path = make('secret');
    fs.chmodSync(path, 0o400);
    const body = (mmapipc, file, uid) => {
      if (uid !== null) process.setuid(uid);
      try {
        new mmapipc.Mmap(file, 0, 3);
      } catch (error) {
        console.log(error.code, error.syscall, error.path === file);
      }
    };
    const uid = process.getuid() === 0 ? 65534 : null;
    if (uid !== null) fs.chownSync(path, uid, uid);
    fs.chmodSync(dirname(path), 0o755);
    assert.equal(runFunction(body, [path, uid]).stdout, 'EACCES open true\n');
  });

  it('a path with a file as a directory, and a path that is too long, as fs does', () => {
    const code = isWindows ? 'ENOENT' : 'ENOTDIR';
    assert.throws(() => new Mmap(`${make('x')}/y`), { code, syscall: 'open' });
    const long = isWindows ? 'ENOENT' : 'ENAMETOOLONG';
    assert.throws(() => fs.openSync('x'.repeat(5000)), { code: long });
    assert.throws(() => new Mmap('x'.repeat(5000)), { code: long, syscall: 'open' });
  });

  it('a size that the process cannot address', () => {
    const path = make('x');
    assert.throws(
      () => new Mmap(path, Number.MAX_SAFE_INTEGER, RW),
      (error) => ['ENOMEM', 'EFBIG', 'EOVERFLOW'].includes(error.code),
    );
    assert.equal(fs.statSync(path).size, 1);
  });

  it('leaves no descriptor and no mapping behind', () => {
    const path = make('abc');
    const attempts = [
      () => new Mmap(path, 10),
      () => new Mmap(os.tmpdir()),
      () => new Mmap(os.devNull, 10),
      () => new Mmap(path, Number.MAX_SAFE_INTEGER, RW),
    ];
    for (const attempt of attempts) assert.throws(attempt);
    const before = holdings();
    for (let i = 0; i < 100; i++) for (const attempt of attempts) assert.throws(attempt);
    assert.deepEqual(holdings().fds, before.fds);
    assert.ok(holdings().maps <= before.maps + 60);
  });

  describe('a wrong argument', () => {
    const path = '/nowhere';
    const cases = [
      [[{ file: path, readonly: true }], /unknown option 'readonly'; did you mean 'readOnly'\?/],
      [[{ file: path, ofset: 1 }], /unknown option 'ofset'; did you mean 'offset'\?/],
      [[{ file: path, colour: 1 }], /unknown option 'colour' \(known: file, size/],
      [[{ path }], /"path" is not an option of Mmap; use "file"/],
      [[{ file: path, prot: PROT_READ, readOnly: false }], /"readOnly" contradicts "prot"/],
      [[{ file: path, protect: true, readOnly: false }], /"protect" is for read-only mappings/],
      [[{ file: path, create: 'exclusive', size: 1 }], /needs readOnly: false/],
      [[{ file: path, create: 'exclusive', readOnly: false }], /needs "size"/],
      [
        [{ file: 0, create: 'exclusive', readOnly: false, size: 1 }],
        /the file descriptor names one that exists/,
      ],
      [[{ file: path, create: 'yes' }], /must be true, false or 'exclusive'/],
      [[''], /must not be an empty string/],
      [['a\0b'], /must not contain null bytes/],
    ];
    for (const [args, message] of cases) {
      it(`${JSON.stringify(args)} gives ${message}`, () => {
        assert.throws(() => new Mmap(...args), {
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_VALUE',
          message,
        });
      });
    }

    it('is reported with the expected types', () => {
      for (const value of [undefined, null, true, 1n, Symbol('x'), () => {}, [], {}, new Map()]) {
        assert.throws(() => new Mmap(value), {
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_TYPE',
          message: /"file".* must be a path \(string\), a file: URL, a file descriptor/,
        });
      }
      assert.throws(() => new Mmap('/x', '10'), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: `The "length" argument must be of type number. Received type string ('10')`,
      });
    });

    it('is reported with the valid range of a number', () => {
      const inRange = (args) =>
        assert.throws(() => new Mmap(...args), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
      inRange(['/x', -1]);
      inRange(['/x', 1.5]);
      inRange(['/x', NaN]);
      inRange(['/x', Infinity]);
      inRange(['/x', 2 ** 53]);
      inRange(['/x', 1, 0]);
      inRange(['/x', 1, 4]);
      inRange(['/x', 1, PROT_READ, 0]);
      inRange(['/x', 1, PROT_READ, MAP_SHARED | MAP_PRIVATE]);
      inRange(['/x', 1, PROT_READ, MAP_SHARED, -1]);
      inRange(['/x', 2, PROT_READ, MAP_SHARED, Number.MAX_SAFE_INTEGER - 1]);
      inRange([-1]);
      inRange([2 ** 31]);
      inRange([{ file: '/x', mode: 0o10000 }]);
    });
  });
});
