/*
 * Systems without memfds (seccomp), /proc, open file description locks, file locks, a writable
 * /dev/shm or space for a file. Each case is a fallback, or an error that names the cause.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT, runFunction } = require('./support/child');
const { needsCommand, needsMounts, runWithMount } = require('./support/mounts');
const { scratch } = require('./support/scratch');

const strace = (inject) => ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=${inject}`];

/* In the child: creates a Share, uses it in another process and by inherit, prints what is left. */
function useMemory({ Share, Mmap, inspect }, root) {
  const { spawnSync } = require('node:child_process');
  const { readdirSync } = require('node:fs');
  const share = new Share(100);
  share.set('of the parent');
  const code = `
    const { Share } = require(${JSON.stringify(root)});
    const share = Share.attach(${JSON.stringify(share.handle)});
    console.log(share.get()); share.set('of the child');`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  const one = new Mmap({ inherit: 'one', size: 10 });
  one.write('abc');
  const same = new Mmap({ inherit: 'one', size: 10 }).readString(0, 3);
  const result = {
    kind: share.handle.replace(/:.*/, ''),
    child: stdout.trim() || stderr,
    parent: share.get(),
    same,
    state: inspect(share.handle).state,
  };
  share.close();
  const folder = `${process.env.MMAPIPC_DIR}/mmapipc-${process.geteuid()}`;
  result.afterClose = readdirSync(folder).filter((name) => !name.includes('.mmapipc-')).length;
  console.log(JSON.stringify(result));
}

/* In the child: prints the descriptors left by collected objects whose handles were never read. */
async function forget({ Share }) {
  require('node:v8').setFlagsFromString('--expose-gc');
  const gc = require('node:vm').runInNewContext('gc');
  const count = () => require('node:fs').readdirSync('/proc/self/fd').length;
  const before = count();
  for (let i = 0; i < 50; i++) new Share(100).set(i);
  for (let i = 0; i < 10; i++) {
    gc();
    await new Promise((done) => setTimeout(done, 10));
  }
  console.log(JSON.stringify({ left: count() - before }));
}

/* In the child: prints the error of an open with these options. */
function refusal({ Share }, options) {
  try {
    new Share(100, options).close();
    console.log(JSON.stringify({ code: 'none' }));
  } catch ({ code, syscall, message, path: at }) {
    console.log(JSON.stringify({ code, syscall, message, path: at }));
  }
}

function outputOf({ stdout, stderr }) {
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout.trim().split('\n').pop());
}

describe('a system with limits', function () {
  this.timeout(120000);
  const tmp = scratch();
  before(needsMounts);
  before(needsCommand('strace', 'strace'));

  function directory() {
    const folder = tmp();
    fs.mkdirSync(folder);
    return folder;
  }

  const WORKS = {
    kind: 'file',
    child: 'of the parent',
    parent: 'of the child',
    same: 'abc',
    state: 'ok',
    afterClose: 0,
  };

  it('without memfd_create, handles work across processes, and no file is left', () => {
    const MMAPIPC_DIR = directory();
    const command = strace('memfd_create:error=EPERM');
    const result = outputOf(runFunction(useMemory, [ROOT], { command, env: { MMAPIPC_DIR } }));
    assert.deepEqual(result, WORKS);
    /* The process ended with an open object: the next open of any name removes its file. */
    runFunction(({ Share }) => new Share(10, { name: 'next' }).close(), [], {
      env: { MMAPIPC_DIR },
    });
    assert.deepEqual(fs.readdirSync(path.join(MMAPIPC_DIR, `mmapipc-${process.geteuid()}`)), []);
  });

  it('without memfd_create, collected objects close their descriptors if no handle was read', () => {
    const MMAPIPC_DIR = directory();
    const command = strace('memfd_create:error=EPERM');
    const { left } = outputOf(runFunction(forget, [], { command, env: { MMAPIPC_DIR } }));
    assert.ok(left <= 4, `${left} descriptors left by 50 objects`);
  });

  it('without /proc, anonymous memory, names and paths work', () => {
    const MMAPIPC_DIR = directory();
    const mount = 'export MMAPIPC_DIR="$0"; umount -l /proc';
    const result = outputOf(runWithMount(mount, MMAPIPC_DIR, useMemory, [ROOT]));
    assert.deepEqual(result, WORKS);
    for (const options of [{ name: 'x' }, { path: path.join(MMAPIPC_DIR, 'file') }]) {
      const other = runWithMount(mount, MMAPIPC_DIR, refusal, [options]);
      assert.equal(outputOf(other).code, 'none');
    }
  });

  it('without /proc, a handle of a memfd throws an error that names /proc', () => {
    const options = { handle: `memfd:${'1'.repeat(32)}:1:1` };
    const {
      code,
      message,
      path: at,
    } = outputOf(runWithMount('umount -l /proc', tmp(), refusal, [options]));
    assert.equal(code, 'ENOENT');
    assert.match(message, /mount \/proc/);
    assert.equal(at, undefined);
  });

  it('a read-only names directory throws an error that names MMAPIPC_DIR', () => {
    const folder = directory();
    const mount = 'export MMAPIPC_DIR="$0"; mount -t tmpfs -o ro none "$0"';
    const { code, syscall, message } = outputOf(
      runWithMount(mount, folder, refusal, [{ name: 'x' }]),
    );
    assert.deepEqual([code, syscall], ['EROFS', 'mkdir']);
    assert.match(message, /set MMAPIPC_DIR/);
  });

  it('a MMAPIPC_DIR that is a file throws an error that names it', () => {
    const MMAPIPC_DIR = __filename;
    const result = runFunction(refusal, [{ name: 'x' }], { env: { MMAPIPC_DIR } });
    const { code, message } = outputOf(result);
    assert.equal(code, 'ENOTDIR');
    assert.ok(message.includes(`${MMAPIPC_DIR} is not a directory`), message);
  });

  it('without file locks, opening a path throws ENOLCK of flock, and removes the new file', () => {
    const file = tmp();
    const { code, syscall } = outputOf(
      runFunction(refusal, [{ path: file }], { command: strace('flock:error=ENOLCK') }),
    );
    assert.deepEqual([code, syscall, fs.existsSync(file)], ['ENOLCK', 'flock', false]);
  });

  it('a limit on file sizes throws EFBIG with the refused call and the limit', () => {
    const file = tmp();
    const command = ['prlimit', '--fsize=10000'];
    const anonymous = outputOf(runFunction(refusal, [{}], { command }));
    assert.deepEqual([anonymous.code, anonymous.syscall], ['EFBIG', 'ftruncate']);
    assert.match(anonymous.message, /RLIMIT_FSIZE/);
    const atPath = outputOf(runFunction(refusal, [{ path: file }], { command }));
    assert.deepEqual([atPath.code, atPath.syscall], ['EFBIG', 'fallocate']);
    assert.equal(fs.existsSync(file), false);
  });
});
