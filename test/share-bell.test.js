/*
 * How a listener of another process hears of a change: by a bell, which the event loop watches without
 * a thread (src/sync/bell.h). Where there is no bell, a thread watches instead.
 */
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');

const { Mmap, Share } = require('..');
const binding = require('../lib/native/binding');
const { ROOT, runFunction } = require('./support/child');
const { amount } = require('./support/amounts');
const { needsCommand } = require('./support/mounts');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { within } = require('./support/shares');

const ARMED = binding.layout.region.fields.bell_armed.offset;
const SOON = 10000; /* ms: not stuck */
const KILLS = amount(4, 100);

/* In the child: `count` Shares with a listener each, one of which hears of a change by a process below
 * it; how many threads they cost. */
async function listenToMany({ Share: Class }, count, root) {
  const { spawnSync } = require('node:child_process');
  const { readdirSync } = require('node:fs');
  const threads = () => readdirSync('/proc/self/task').length;
  const before = threads();
  const all = Array.from({ length: count }, () => new Class(64));
  let heard = 0;
  for (const share of all) share.on('change', () => heard++);
  const cost = threads() - before;
  const changed = all[count - 1].changed({ timeout: 10000 });
  const code = `
    const { Share } = require(${JSON.stringify(root)});
    Share.attach(${JSON.stringify(all[count - 1].handle)}).set(1);`;
  spawnSync(process.execPath, ['-e', code]);
  const version = await changed;
  await new Promise((done) => setTimeout(done, 50));
  console.log(JSON.stringify({ cost, version, heard }));
  process.exit();
}

/* The number of inotify watches of this process. */
function watches() {
  const texts = fs.readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
    } catch {
      return ''; /* the descriptor of readdirSync() */
    }
  });
  return texts.join('').split('inotify wd:').length - 1;
}

/* Resolves with the number of calls of binding[name] while act() runs. */
async function callsOf(name, act) {
  const real = binding[name];
  let count = 0;
  binding[name] = (...args) => {
    count++;
    return real(...args);
  };
  try {
    await act();
  } finally {
    binding[name] = real;
  }
  return count;
}

function outputOf({ stdout, stderr }) {
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout.trim().split('\n').pop());
}

describe('the bell of a Share', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { process: start } = peers();
  const tmp = scratch();

  it('costs no thread, however many Shares are listened to', () => {
    const result = outputOf(runFunction(listenToMany, [300, ROOT]));
    assert.deepEqual(result, { cost: 0, version: 1, heard: 1 });
  });

  it('stays open between the waits of a loop, and is closed some time after the last one', async () => {
    const share = new Share(64);
    const other = Share.attach(share.handle);
    const before = watches();
    const opened = await callsOf('bellPath', async () => {
      for (let i = 0; i < 5; i++) {
        const next = share.changed();
        other.set(i);
        assert.equal(await within(SOON, next), i + 1);
        assert.equal(watches(), before + 1);
      }
    });
    assert.equal(opened, 1);
    while (watches() > before) await sleep(20);
    const next = share.changed();
    other.set('after');
    assert.equal(await within(SOON, next), 6);
    assert.equal(watches(), before + 1);
    share.close();
    await sleep(0); /* libuv removes no watch while it reads events */
    assert.equal(watches(), before);
    other.close();
  });

  it('serves waits of lockAsync(), too, and is closed some time after the last one', async () => {
    const map = new Mmap({ size: 64 });
    const other = Mmap.attach(map.handle);
    const before = watches();
    const opened = await callsOf('bellPath', async () => {
      for (let i = 0; i < 5; i++) {
        other.lock();
        const wait = map.lockAsync();
        await sleep(20);
        assert.equal(watches(), before + 1);
        other.unlock();
        (await within(SOON, wait)).release();
      }
    });
    assert.ok(opened >= 1 && opened <= 5);
    while (watches() > before) await sleep(20);
    other.lock();
    const wait = map.lockAsync();
    assert.equal(watches(), before + 1);
    map.close();
    await assert.rejects(wait, { code: 'ERR_MMAPIPC_CLOSED' });
    assert.equal(watches(), before);
    other.unlock();
    other.close();
  });

  describe('that the system refuses', () => {
    before(needsCommand('strace', 'strace'));

    for (const [what, rule] of [
      ['inotify has no instances left', 'inotify_init1:error=EMFILE'],
      ['inotify has no watches left', 'inotify_add_watch:error=ENOSPC'],
    ]) {
      it(`is replaced by a thread: ${what}`, () => {
        const command = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=${rule}`];
        const { cost, ...rest } = outputOf(runFunction(listenToMany, [3, ROOT], { command }));
        assert.deepEqual(rest, { version: 1, heard: 1 });
        assert.ok(cost >= 3, `${cost} threads`);
      });
    }
  });

  it('is not needed: a change whose publisher did not ring is heard, too', async () => {
    const path = tmp();
    const share = new Share(64, { path });
    const other = new Share(64, { path });
    const header = new Mmap({ file: path, size: 4096, readOnly: false });
    const heard = once(share, 'change');
    /* As if a publisher had died after it cleared the word, and before it rang. */
    assert.equal(header.buffer.readUInt32LE(ARMED), 1);
    header.buffer.writeUInt32LE(0, ARMED);
    other.set(1);
    assert.deepEqual(await within(SOON, heard), [1]);
    assert.equal(header.buffer.readUInt32LE(ARMED), 1);
    for (const object of [header, other, share]) object.close();
  });

  it(`is not needed after a death: ${KILLS} publishers killed, every last version is heard`, async () => {
    const share = new Share(64);
    let told = 0;
    share.on('change', (version) => (told = version));
    for (let i = 0; i < KILLS; i++) {
      const peer = await start();
      await peer.run((self, handle) => {
        self.share = self.Share.attach(handle);
        const publish = () => {
          const until = performance.now() + 5;
          for (let n = 0; performance.now() < until; n++) self.share.set(n);
          setImmediate(publish);
        };
        publish();
      }, share.handle);
      await sleep(Math.random() * 20);
      peer.end();
      await peer.ended;
      /* No process takes the lock after the death. */
      const heard = async () => {
        while (told !== share.version) await once(share, 'change');
      };
      await within(SOON, heard());
    }
    share.close();
  });
});
