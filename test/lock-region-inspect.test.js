/*
 * The holder of the lock of a region, and its waiters, as inspect() and the command show them.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { inspect: look } = require('..');
const { SOON, setUp, subjects } = require('./lock-contract/subjects');
const { ROOT } = require('./support/child');
const { sleep } = require('./support/peer');

const { isLinux } = require('./support/platform');

const COMMAND = path.join(ROOT, require('../package.json').bin);

describe('the lock of a region, inspected', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { create, same, peerOf, held } = setUp(subjects.region);

  /* What the command prints of the lock, as text and as JSON. */
  function command(map) {
    const run = (...args) =>
      spawnSync(process.execPath, [COMMAND, 'inspect', ...args], { encoding: 'utf8' });
    const { status, stdout } = run(map.handle);
    assert.equal(status, 0);
    const { lock } = JSON.parse(run(map.handle, '--json').stdout);
    return { line: /^lock +(.*)$/m.exec(stdout)[1], lock };
  }

  async function waitersAre(map, count) {
    const until = performance.now() + SOON;
    while (look(map.handle).lock.waiters !== count) {
      assert.ok(performance.now() < until, JSON.stringify(look(map.handle).lock));
      await sleep(1);
    }
  }

  it('shows no holder before lock() and after unlock()', () => {
    const map = create();
    const free = { holder: null, waiters: 0 };
    assert.deepEqual(look(map.handle).lock, free);
    map.lock();
    assert.equal(look(map.handle).lock.holder.pid, process.pid);
    map.unlock();
    assert.deepEqual(look(map.handle).lock, free);
    assert.deepEqual(command(map), { line: 'free', lock: free });
  });

  it('shows the process and thread of the holder, since when, and that it is alive, also while stopped', async () => {
    const map = create({ name: 'it' });
    const peer = await peerOf(map);
    const { pid } = peer.source;
    const before = Date.now();
    await peer.lock();
    const after = Date.now();
    for (const stop of [false, true]) {
      if (stop) peer.source.kill('SIGSTOP');
      const { holder } = look({ name: 'it' }).lock;
      assert.deepEqual([holder.pid, holder.thread, holder.alive], [pid, pid, true]);
      assert.ok(+holder.since >= before - 100 && +holder.since <= after + 100, `${holder.since}`);
      assert.ok(holder.heldMs >= 0 && holder.heldMs <= Date.now() - before + 100);
      const row = look({ name: 'it' }).participants.find(({ number }) => number === holder.number);
      assert.equal(row.pid, pid);
    }
    const { stdout } = spawnSync(process.execPath, [COMMAND, 'inspect', '--name', 'it'], {
      encoding: 'utf8',
    });
    assert.match(stdout, new RegExp(`^lock +held by pid ${pid}, thread ${pid} `, 'm'));
    assert.equal(map.tryLock(), null);
  });

  it('shows a thread by its own number', async () => {
    const { object: map } = await held(undefined, 'thread');
    const { holder } = look(map.handle).lock;
    assert.equal(holder.pid, process.pid);
    assert.notEqual(holder.thread, process.pid);
  });

  it('counts waiters, blocked and by promise, in all processes; not those that gave up or died', async () => {
    const map = create();
    map.lock();
    const others = [await peerOf(map), await peerOf(map), await peerOf(map, 'thread')];
    const block = (self) => self.map.lock({ timeout: 60000 }).release();
    const wait = async (self) => (await self.map.lockAsync({ timeout: 60000 })).release();
    const got = others.map((peer, i) => peer.run(i === 1 ? block : wait));
    await waitersAre(map, 3);
    const controller = new AbortController();
    const mine = same(map).lockAsync({ signal: controller.signal });
    await waitersAre(map, 4);
    const { line, lock } = command(map);
    assert.match(line, new RegExp(`^held by pid ${process.pid}, .*, [1-4] waiting$`));
    assert.equal(lock.holder.pid, process.pid);
    controller.abort();
    await assert.rejects(mine, { code: 'ABORT_ERR' });
    await others[0].end();
    await waitersAre(map, 2);
    map.unlock();
    await Promise.all(got.slice(1));
    assert.deepEqual(look(map.handle).lock, { holder: null, waiters: 0 });
  });

  it('shows a dead holder until the lock is acquired again', async () => {
    const { object: map, peer } = await held();
    await peer.end();
    const { holder } = look(map.handle).lock;
    assert.deepEqual([holder.pid, holder.alive], [peer.source.pid, false]);
    const { line, lock } = command(map);
    assert.match(line, /dead/);
    assert.equal(lock.holder.alive, false);
    assert.equal(map.lock().recovered, true);
    assert.equal(look(map.handle).lock.holder.pid, process.pid);
    assert.equal(look(map.handle).lock.holder.alive, true);
  });
});
