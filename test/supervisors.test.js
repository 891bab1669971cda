/*
 * `inherit` in processes that other programs start: it creates the region if no ancestor uses
 * mmapipc, with or without an IPC channel, and throws if one does. As this process has loaded
 * mmapipc, everything runs below one that has not.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { ROOT } = require('./support/child');
const { isLinux } = require('./support/platform');

const APP = path.join(__dirname, 'fixtures', 'counting-app.js');
const ANCESTOR = path.join(__dirname, 'fixtures', 'ancestor.js');
const NOT_INHERITED = 'ERR_MMAPIPC_NOT_INHERITED';

/* The environment below a process without mmapipc. */
function environment(more) {
  const names = Object.keys(process.env).filter((name) => /^MMAPIPC_(PARENT|INHERIT_)/.test(name));
  return { ...process.env, ...Object.fromEntries(names.map((name) => [name, undefined])), ...more };
}

/* The lines that `code` prints, run by fixtures/ancestor.js. */
function printed(code, { env } = {}) {
  const { stdout, stderr } = spawnSync(process.execPath, [ANCESTOR, code], {
    encoding: 'utf8',
    env: environment(env),
    timeout: 20000,
  });
  assert.equal(stderr, '');
  return stdout.trim().split('\n');
}

describe('inherit under supervisors', function () {
  if (!isLinux) return;
  this.timeout(60000);

  it('works in a child forked by a process without mmapipc', () => {
    const { stdout } = spawnSync(
      process.execPath,
      ['-e', `require('node:child_process').fork(${JSON.stringify(APP)})`],
      { encoding: 'utf8', env: environment(), timeout: 20000 },
    );
    assert.equal(stdout, 'counted 1000\n');
  });

  it('works under node --watch, also after a restart', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mmapipc-watch-'));
    const copy = path.join(folder, 'app.js');
    fs.copyFileSync(APP, copy);
    const watch = spawn(process.execPath, ['--watch', copy], {
      env: environment({ MMAPIPC_APP: ROOT }),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      let text = '';
      const until = async (wanted) => {
        while (!wanted.test(text)) text += (await once(watch.stdout, 'data'))[0];
      };
      await until(/counted|ERR_/);
      fs.appendFileSync(copy, '// changed\n');
      await until(/(counted|ERR_)[^]*(counted|ERR_)/);
      assert.equal(text.match(/counted 1000/g)?.length, 2, text);
    } finally {
      watch.kill();
      await once(watch, 'exit');
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('creates in a thread whose parent thread has not loaded mmapipc', () => {
    assert.deepEqual(printed("await thread('open()')"), ['created']);
    assert.deepEqual(printed("await child('await thread(`open()`)')"), ['created']);
  });

  it('throws in a thread when its parent thread, or one above, has loaded mmapipc', () => {
    assert.deepEqual(printed("load(); await thread('open()')"), [NOT_INHERITED]);
    assert.deepEqual(printed("load(); await thread('await thread(`open()`)')"), [NOT_INHERITED]);
  });

  it('throws in a forked child when the parent has loaded mmapipc', () => {
    assert.deepEqual(printed("load(); await child('open()')"), [NOT_INHERITED]);
    assert.deepEqual(printed("load(); await child('process.disconnect(); open()')"), [
      NOT_INHERITED,
    ]);
    assert.deepEqual(printed("await child('open()'); load()"), ['created']);
  });

  it('behaves the same in a second copy of the package in the thread', () => {
    const again = 'load(); forget(); load(); forget(); open()';
    assert.deepEqual(printed(again), ['created']);
    assert.deepEqual(printed(`load(); await child('${again}')`), [NOT_INHERITED]);
    assert.deepEqual(printed(`load(); await thread('${again}')`), [NOT_INHERITED]);
  });

  it('creates in the main thread after a thread with the same environment loaded mmapipc', () => {
    assert.deepEqual(printed("await thread('load()', { env: SHARE_ENV }); open()"), ['created']);
  });

  it('creates in a child with a separate environment, and in a spawned child', () => {
    assert.deepEqual(printed("load(); await child('open()', { env: {} })"), ['created']);
    assert.deepEqual(printed("load(); await spawned('open()')"), ['created']);
  });

  it('creates below a shell, and when the mark does not name the parent', () => {
    assert.deepEqual(printed("load(); await belowShell('open()')"), ['created']);
    for (const mark of ['1:0', 'rubbish 7:0']) {
      assert.deepEqual(printed('open()', { env: { MMAPIPC_PARENT: mark } }), ['created'], mark);
    }
  });

  it('throws in a cluster worker whose primary has not loaded mmapipc (pm2 cluster mode)', () => {
    assert.deepEqual(printed("await worker('open(); process.exit()')"), [NOT_INHERITED]);
  });
});
