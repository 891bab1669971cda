/*
 * What `inherit` does below programs that start others: it creates wherever nothing above uses
 * mmapipc, whether or not there is an IPC channel, and throws where something above does. Everything
 * runs below a process that has not loaded mmapipc, as this one has.
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

/* As it is where no process above has loaded mmapipc. */
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

describe('inherit below supervisors', function () {
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

  it('works under node --watch, and again after a change', async () => {
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

  it('throws in a thread when the one that started it has loaded mmapipc, or one above that', () => {
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

  it('a second copy of the package in the same thread decides as the first', () => {
    const again = 'load(); forget(); load(); forget(); open()';
    assert.deepEqual(printed(again), ['created']);
    assert.deepEqual(printed(`load(); await child('${again}')`), [NOT_INHERITED]);
    assert.deepEqual(printed(`load(); await thread('${again}')`), [NOT_INHERITED]);
  });

  it('creates in the main thread though a thread with the same environment loaded mmapipc before', () => {
    assert.deepEqual(printed("await thread('load()', { env: SHARE_ENV }); open()"), ['created']);
  });

  it('creates in a child with an environment of its own, and in one that was only spawned', () => {
    assert.deepEqual(printed("load(); await child('open()', { env: {} })"), ['created']);
    assert.deepEqual(printed("load(); await spawned('open()')"), ['created']);
  });

  it('creates below a shell, and where a mark does not name the parent', () => {
    assert.deepEqual(printed("load(); await belowShell('open()')"), ['created']);
    for (const mark of ['1:0', 'rubbish 7:0']) {
      assert.deepEqual(printed('open()', { env: { MMAPIPC_PARENT: mark } }), ['created'], mark);
    }
  });

  it('throws in a cluster worker whose primary has not loaded mmapipc (pm2 cluster mode)', () => {
    assert.deepEqual(printed("await worker('open(); process.exit()')"), [NOT_INHERITED]);
  });
});
