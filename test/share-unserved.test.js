/*
 * Listeners and waits of a Share in trouble: the region is damaged, no thread can be started, the
 * object is closed, the thread is terminated.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

const { Share, inspect } = require('..');
const { ROOT, runFunction } = require('./support/child');
const { sleep } = require('./support/peer');
const { isLinux, linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { shares, within } = require('./support/shares');

const SOON = 10000; /* ms: not stuck */
const PAGE = 4096;
const NOBODY = 65534;
const RUNS = 5;
const SHARES = 40;

function overwrite(file, length) {
  const fd = fs.openSync(file, 'r+');
  fs.writeSync(fd, Buffer.alloc(length, 0xee), 0, length, 0);
  fs.closeSync(fd);
}

/* Damage that another program may do to the file of a Share: [title, how, code]. */
const DAMAGES = [
  ['truncated to nothing', (file) => fs.truncateSync(file, 0), 'ERR_MMAPIPC_TRUNCATED'],
  ['truncated after its header', (file) => fs.truncateSync(file, PAGE), 'ERR_MMAPIPC_TRUNCATED'],
  ['overwritten', (file) => overwrite(file, PAGE), 'ERR_MMAPIPC_CORRUPT'],
];

describe("Share: a listener of 'change' that cannot be notified", function () {
  if (!isLinux) return;
  this.timeout(30000);
  const tmp = scratch();
  const { make } = shares();

  /* A Share of a separate file, with a value and a listener, and the path. */
  function listened() {
    const path = tmp();
    const share = make(100, { path });
    share.set(1);
    share.on('change', () => {});
    return { share, path };
  }

  for (const [title, damage, code] of DAMAGES) {
    it(`gets 'error' once when the region is ${title}`, async () => {
      const { share, path } = listened();
      const errors = [];
      share.on('error', (error) => errors.push(error.code));
      damage(path);
      await within(
        SOON,
        once(share, 'error').catch(() => {}),
      );
      /* Longer than the polling interval of the watching thread. */
      await sleep(600);
      assert.deepEqual(errors, [code]);
      await assert.rejects(share.changed(), { code });
    });
  }

  it("gives a warning, and the process continues, without a listener of 'error'", async () => {
    const { path } = listened();
    const warned = once(process, 'warning');
    fs.truncateSync(path, 0);
    const [warning] = await within(SOON, warned);
    assert.deepEqual([warning.name, warning.code], ['MmapipcWarning', 'MMAPIPC_NOT_OBSERVED']);
    assert.match(warning.message, /'change' of a Share is not emitted any more: /);
  });

  it('is released when the Share is closed', () => {
    const share = new Share(100);
    share.close();
    for (const name of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener']) {
      assert.throws(() => share[name]('change', () => {}), { code: 'ERR_MMAPIPC_CLOSED' }, name);
    }
    assert.equal(share.listenerCount('change'), 0);
  });
});

/* Runs in a process that cannot start a thread for most of its Shares. */
async function withoutThreads(mmapipc, file, count) {
  const listeners = [];
  for (let i = 0; i < count; i++) {
    const share = new mmapipc.Share(100);
    listeners.push({ share, told: new Promise((resolve) => share.once('change', resolve)) });
  }
  const waits = listeners.map(({ share }) => share.changed({ since: 0 }));
  const watch = listeners[0].share.watch({ since: 0 })[Symbol.asyncIterator]();
  const first = watch.next();
  for (const { share } of listeners) share.set(1);
  const told = await Promise.all([...listeners.map((each) => each.told), ...waits]);
  const { value } = await first;
  await watch.return();

  const share = new mmapipc.Share(100);
  const other = mmapipc.Share.attach(share.handle);
  const map = new mmapipc.Mmap({ file, size: 64, readOnly: false });
  const sameFile = new mmapipc.Mmap({ file, size: 64, readOnly: false });
  for (const [holder, waiter] of [
    [share, other],
    [map, sameFile],
  ]) {
    const guard = holder.lock();
    setTimeout(() => guard.release(), 30);
    (await waiter.lockAsync()).release();
  }
  const threads = require('fs').readdirSync('/proc/self/task').length;
  console.log(JSON.stringify([told, value, threads]));
}

describe('a process that cannot start threads', function () {
  this.timeout(60000);

  /* The limit counts the threads of a user, and does not apply to root. */
  before(function () {
    /* Its runtime aborts a process that cannot start a thread. */
    if (process.env.ASAN_OPTIONS !== undefined) this.skip();
    const command = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', 'test', '-r', ROOT];
    if (isLinux && spawnSync('setpriv', command.map(String)).status === 0) return;
    if (isLinux && process.env.CI) throw new Error('CI must run as root and have setpriv');
    this.skip();
  });

  it('has working listeners, changed(), watch() and lockAsync() of a Share and of a file', () => {
    const folder = fs.mkdtempSync('/tmp/mmapipc-');
    fs.chmodSync(folder, 0o777);
    try {
      const { status, stdout, stderr } = runFunction(withoutThreads, [`${folder}/file`, SHARES], {
        command: [
          ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
          /* Enough for Node's own threads (11), but not for those of all Shares. */
          ...['sh', '-c', 'exec prlimit --nproc=$(($(ps -L -u $0 -o pid= | wc -l) + 20)) "$@"'],
          String(NOBODY),
        ],
      });
      assert.equal(status, 0, stderr);
      const [told, value, threads] = JSON.parse(stdout);
      assert.deepEqual(told, new Array(2 * SHARES).fill(1));
      assert.equal(value, 1);
      assert.ok(threads < SHARES, `${threads} threads: the limit was not reached`);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe('a thread that is terminated inside a critical section', function () {
  this.timeout(60000);

  for (const section of ['withLock', 'update']) {
    linuxIt(`of ${section}() leaves the lock released and the value complete`, async () => {
      const share = new Share(100);
      share.set('before');
      for (let i = 0; i < RUNS; i++) {
        const worker = new Worker(
          `const { parentPort, workerData } = require('node:worker_threads');
          const share = require(${JSON.stringify(ROOT)}).Share.attach(workerData.handle);
          share[workerData.section](() => {
            parentPort.postMessage('inside');
            for (;;);
          });`,
          { eval: true, workerData: { handle: share.handle, section } },
        );
        await within(SOON, once(worker, 'message'));
        assert.notEqual(inspect(share.handle).lock.holder, null);
        await within(SOON, worker.terminate());
        assert.equal(inspect(share.handle).lock.holder, null);
        share.lock({ timeout: SOON }).release();
        assert.equal(share.get(), 'before');
      }
      share.close();
    });
  }
});
