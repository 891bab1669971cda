/*
 * Each system call of an open refused in turn (strace injects the errors): a named error or a
 * fallback; no descriptor, mapping, file or byte is left.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { runFunction } = require('./support/child');
const { needsCommand } = require('./support/mounts');
const { scratch } = require('./support/scratch');

/* In the child: opens, prints the result and what is left. */
function attempt({ Mmap }, options, viaDescriptor) {
  const { existsSync, openSync, readFileSync, readdirSync, statSync } = require('node:fs');
  const { file } = options;
  const given = viaDescriptor ? { ...options, file: openSync(file, 'r+') } : options;
  /* The least of several counts, as Node's threads open and close system files briefly. */
  const count = () =>
    Math.min(...Array.from({ length: 9 }, () => readdirSync('/proc/self/fd').length));
  const fds = count();
  let result;
  try {
    const map = new Mmap(given);
    map.flush();
    map.resident();
    map.lockMemory();
    result = `size ${map.size}, first ${map.readString(0, 1)}`;
    map.close();
  } catch (error) {
    result = `${error.code} ${error.syscall}`;
  }
  const left = [];
  if (count() !== fds) left.push('descriptor');
  if (readFileSync('/proc/self/maps', 'utf8').includes(file)) left.push('mapping');
  console.log(result, existsSync(file) ? statSync(file).size : 'gone', left.join() || 'clean');
}

describe('a refused system call', function () {
  this.timeout(60000);
  const tmp = scratch();
  before(needsCommand('strace', 'strace'));

  /*
   * [what, errors injected, result]. The mapping `new` creates a file of 100,000 bytes, `old` extends
   * one of 3 bytes, `read` maps those 3 read-only, `fd` extends it through a descriptor.
   */
  const SIZE = 100000;
  const OK = `size ${SIZE}, first`;
  const cases = [
    ['new', ['openat:error=EMFILE:when=1'], 'EMFILE open gone clean'],
    ['new', ['openat:error=ENOMEM:when=2'], 'ENOMEM open gone clean'],
    ['new', ['openat:error=EINTR:when=1'], `${OK} \0 ${SIZE} clean`],
    ['new', ['newfstatat,fstat:error=EIO:when=1'], 'EIO fstat gone clean'],
    ['new', ['fstatfs:error=EIO:when=1'], `${OK} \0 ${SIZE} clean`],
    ['new', ['mmap:error=ENOMEM:when=1'], 'ENOMEM mmap gone clean'],
    ['new', ['fallocate:error=ENOSPC:when=1'], 'ENOSPC fallocate gone clean'],
    ['new', ['fallocate:error=ENOSPC:when=2'], 'ENOSPC fallocate gone clean'],
    ['new', ['fallocate:error=EINTR:when=1'], `${OK} \0 ${SIZE} clean`],
    ['old', ['fallocate:error=EFBIG:when=1'], 'EFBIG fallocate 3 clean'],
    ['old', ['fallocate:error=EDQUOT:when=2'], 'EDQUOT fallocate 3 clean'],
    ['old', ['fallocate:error=EOPNOTSUPP'], `${OK} a ${SIZE} clean`],
    ['old', ['fallocate:error=EOPNOTSUPP', 'pwritev2:error=EINTR:when=1'], `${OK} a ${SIZE} clean`],
    [
      'old',
      ['fallocate:error=EOPNOTSUPP', 'pwritev2:error=ENOSPC:when=2'],
      'ENOSPC fallocate 3 clean',
    ],
    [
      'old',
      ['fallocate:error=EOPNOTSUPP', 'pwritev2:error=ENOSYS', 'pwrite64:error=ENOSPC:when=2'],
      'ENOSPC fallocate 3 clean',
    ],
    ['old', ['fallocate:error=ENOSPC:when=3'], 'ENOSPC fallocate 3 clean'],
    ['old', ['msync:error=EIO:when=1'], `EIO msync ${SIZE}`],
    ['old', ['mincore:error=EAGAIN:when=1'], `EAGAIN mincore ${SIZE}`],
    ['old', ['mlock:error=ENOMEM:when=1'], `ENOMEM mlock ${SIZE}`],
    ['read', ['openat:error=ENFILE:when=1'], 'ENFILE open 3 clean'],
    ['read', ['mmap:error=EAGAIN:when=1'], 'EAGAIN mmap 3 clean'],
    ['read', ['mmap:error=ENOMEM:when=2'], 'size 3, first a 3 clean'],
    ['fd', ['fcntl:error=EMFILE:when=1'], 'EMFILE dup 3 clean'],
    ['fd', ['mmap:error=ENOMEM:when=1'], 'ENOMEM mmap 3 clean'],
    ['fd', ['fallocate:error=ENOSPC:when=1'], 'ENOSPC fallocate 3 clean'],
  ];

  for (const [what, injections, expected] of cases) {
    it(`${what}: ${injections.join(' and ')} gives ${expected.replace('\0', 'zero')}`, () => {
      const file = tmp();
      if (what !== 'new') fs.writeFileSync(file, 'abc');
      const options =
        what === 'read' ? { file } : { file, size: SIZE, readOnly: false, mode: 0o644 };
      /* Only calls on this file, except those that take only an address. */
      const byAddress = /^(msync|mincore|mlock)/.test(injections[0]);
      const command = [
        ...['strace', '-f', '-qq', '-o', '/dev/null'],
        ...(byAddress ? [] : ['-P', file]),
        ...injections.flatMap((rule) => ['-e', `inject=${rule}`]),
      ];
      const { stdout, stderr } = runFunction(attempt, [options, what === 'fd'], { command });
      const result = stdout.trimEnd();
      if (byAddress) assert.equal(result.slice(0, expected.length), expected, stderr);
      else assert.equal(result, expected, stderr);
    });
  }
});
