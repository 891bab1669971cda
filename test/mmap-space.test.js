/*
 * File systems that are full, and file systems on which mappings do not share memory.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { needsCommand, needsMounts, runWithMount, tmpfs } = require('./support/mounts');
const { scratch } = require('./support/scratch');

describe('a full file system', function () {
  this.timeout(60000);
  const tmp = scratch();
  before(needsMounts);

  /* Runs the function with a tmpfs of this size; its output, parsed as JSON. */
  function onTmpfs(size, fn) {
    const folder = tmp();
    fs.mkdirSync(folder);
    const { stdout, stderr, status, signal } = runWithMount(tmpfs(size), folder, fn, [folder]);
    assert.deepEqual([status, signal], [0, null], stderr);
    return JSON.parse(stdout);
  }

  it('makes the constructor throw ENOSPC, leaving no new file and no allocated space', () => {
    const seen = onTmpfs('1m', ({ Mmap }, folder) => {
      const { existsSync, readdirSync, statfsSync } = require('node:fs');
      const free = statfsSync(folder).bfree;
      const path = `${folder}/new`;
      const errors = [];
      for (let i = 0; i < 50; i++) {
        try {
          new Mmap(path, 2 << 20, 3);
        } catch (error) {
          errors.push(`${error.code} ${error.syscall} ${error.path === path}`);
        }
      }
      const result = {
        errors: [...new Set(errors)],
        count: errors.length,
        left: existsSync(path),
        same: statfsSync(folder).bfree === free,
        fds: readdirSync('/proc/self/fd').length < 40,
      };
      console.log(JSON.stringify(result));
    });
    assert.deepEqual(seen, {
      errors: ['ENOSPC fallocate true'],
      count: 50,
      left: false,
      same: true,
      fds: true,
    });
  });

  it('leaves a file that cannot be extended unchanged, also after several steps', () => {
    const seen = onTmpfs('40m', ({ Mmap }, folder) => {
      const { readFileSync, statSync, statfsSync, writeFileSync } = require('node:fs');
      const path = `${folder}/old`;
      writeFileSync(path, 'content');
      const free = statfsSync(folder).bfree;
      let code;
      try {
        new Mmap(path, 64 << 20, 3);
      } catch (error) {
        code = error.code;
      }
      const result = {
        code,
        size: statSync(path).size,
        content: readFileSync(path, 'utf8'),
        same: statfsSync(folder).bfree === free,
      };
      console.log(JSON.stringify(result));
    });
    assert.deepEqual(seen, { code: 'ENOSPC', size: 7, content: 'content', same: true });
  });

  it('accepts stores into every byte of a mapping that was opened', () => {
    const seen = onTmpfs('1m', ({ Mmap }, folder) => {
      const map = new Mmap(`${folder}/a`, 700000, 3);
      let refused;
      try {
        new Mmap(`${folder}/b`, 700000, 3);
      } catch (error) {
        refused = error.code;
      }
      map.buffer.fill(7);
      console.log(JSON.stringify({ refused, last: map.buffer[699999] }));
    });
    assert.deepEqual(seen, { refused: 'ENOSPC', last: 7 });
  });

  /* A sparse file of 8 MiB on 1 MiB: stores were lost in private zeros, with a misleading error. */
  it('refuses a size whose holes cannot be allocated; without a size, the next call throws ENOSPC', () => {
    const seen = onTmpfs('1m', ({ Mmap }, folder) => {
      const { statfsSync, truncateSync, writeFileSync } = require('node:fs');
      const file = `${folder}/sparse`;
      const free = statfsSync(folder).bfree;
      writeFileSync(file, '');
      truncateSync(file, 8 << 20);
      const codeOf = (fn) => {
        try {
          return fn() && 'no error';
        } catch (error) {
          return `${error.code} ${error.syscall} ${error.path === file}`;
        }
      };
      const all = codeOf(() => new Mmap({ file, size: 8 << 20, readOnly: false }));
      const part = codeOf(() => new Mmap({ file, size: 4 << 20, offset: 4096, readOnly: false }));
      truncateSync(file, 0);
      truncateSync(file, 8 << 20);
      const untouched = statfsSync(folder).bfree === free;
      const fits = new Mmap({ file, size: 65536, offset: 4 << 20, readOnly: false });
      writeFileSync(`${folder}/rest`, Buffer.alloc(statfsSync(folder).bfree * 4096));
      fits.buffer.fill(1);
      const whole = new Mmap({ file, readOnly: false });
      whole.buffer[7 << 20] = 1;
      const lost = [() => whole.write('x'), () => whole.read(0, 1), () => whole.buffer].map(codeOf);
      const copied = codeOf(() => new Mmap({ file, readOnly: false }).write(Buffer.alloc(8 << 20)));
      const other = codeOf(() => fits.read());
      console.log(JSON.stringify({ all, part, untouched, lost, copied, other }));
    });
    assert.deepEqual(seen, {
      all: 'ENOSPC fallocate true',
      part: 'ENOSPC fallocate true',
      untouched: true,
      lost: ['ENOSPC mmap true', 'ENOSPC mmap true', 'ENOSPC mmap true'],
      copied: 'ENOSPC mmap true',
      other: 'no error',
    });
  });

  it('allocates space by writing when fallocate is not supported', () => {
    /* ramfs has no fallocate and no limit: write_zeros() in os/file_linux.c allocates. */
    const folder = tmp();
    fs.mkdirSync(folder);
    const body = ({ Mmap }, where) => {
      const path = `${where}/file`;
      require('node:fs').writeFileSync(path, 'abc');
      const map = new Mmap(path, 300000, 3);
      const ok = map.readString(0, 3) === 'abc' && map.read(3).every((byte) => byte === 0);
      console.log(ok, require('node:fs').statSync(path).size);
    };
    const { stdout, stderr } = runWithMount('mount -t ramfs none "$0"', folder, body, [folder]);
    assert.equal(stdout, 'true 300000\n', stderr);
  });
});

describe('a FUSE file system', function () {
  const tmp = scratch();
  before(needsMounts);
  before(needsCommand('bindfs', 'bindfs'));

  it('refuses shared writable mappings without anyFilesystem, and allows others', () => {
    const below = tmp();
    const folder = tmp();
    fs.mkdirSync(below);
    fs.mkdirSync(folder);
    fs.writeFileSync(`${below}/file`, 'hello');
    const body = ({ Mmap }, where) => {
      const file = `${where}/file`;
      const codes = [];
      for (const options of [
        { file, readOnly: false },
        { file: `${where}/new`, size: 10, readOnly: false },
      ]) {
        try {
          new Mmap(options);
        } catch (error) {
          codes.push(error.code);
        }
      }
      const reader = new Mmap({ file });
      const own = new Mmap({ file, readOnly: false, private: true });
      own.write('HELLO');
      const insisting = new Mmap({ file, readOnly: false, anyFilesystem: true });
      insisting.write('J');
      insisting.flush();
      codes.push(reader.size, own.readString(), require('node:fs').readdirSync(where).length);
      console.log(JSON.stringify(codes));
    };
    const { stdout, stderr } = runWithMount(`bindfs "${below}" "$0"`, folder, body, [folder]);
    assert.deepEqual(
      JSON.parse(stdout || 'null'),
      ['ERR_MMAPIPC_FILESYSTEM', 'ERR_MMAPIPC_FILESYSTEM', 5, 'HELLO', 1],
      stderr,
    );
    assert.equal(fs.readFileSync(`${below}/file`, 'utf8'), 'Jello');
  });
});
