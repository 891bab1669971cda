/*
 * One SharedMap in many processes and threads: no torn value, no lost count, even if some are killed.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { amount } = require('./support/amounts');
const { ROOT, runFunction } = require('./support/child');
const { maps } = require('./support/maps');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { isWhole } = require('./fixtures/map-tasks');

const TASKS = path.join(__dirname, 'fixtures', 'map-tasks.js');
const CLUSTER = path.join(__dirname, 'fixtures', 'map-cluster.js');
const KILLS = amount(20, 200);
const countThere = (self, file, ...args) => self.require(file).count(...args);
const countAsyncThere = (self, file, ...args) => self.require(file).countAsync(...args);
const churnThere = (self, file, ...args) => self.require(file).churn(...args);

describe('SharedMap among processes and threads', function () {
  if (!isLinux) return;
  this.timeout(120000);
  const { make, attach } = maps();
  const start = peers();

  for (const [way, times] of [
    ['increment', 20000],
    ['count', 5000],
    ['update', 3000],
    ['compareAndSet', 3000],
    ['text', 2000],
  ]) {
    it(`2 processes and 2 threads that count with ${way} lose no count`, async () => {
      const map = make();
      const kinds = ['process', 'process', 'thread', 'thread'];
      const party = await Promise.all(kinds.map((kind) => start[kind]()));
      const key = `counter by ${way}`;
      await Promise.all(
        party.map((peer) => peer.run(countThere, TASKS, map.handle, way, key, times)),
      );
      assert.equal(Number(map.get(key)), 4 * times);
    });
  }

  it('4 processes that count with updateAsync lose no count', async () => {
    const map = make();
    const party = await Promise.all([1, 2, 3, 4].map(() => start.process()));
    await Promise.all(party.map((peer) => peer.run(countAsyncThere, TASKS, map.handle, 'a', 200)));
    assert.equal(map.get('a'), 800);
  });

  it('cluster workers share by inherit', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [CLUSTER, '3', '500'], {
      encoding: 'utf8',
    });
    assert.deepEqual(JSON.parse(stdout || stderr), {
      hits: 1500,
      'worker 1': 'done',
      'worker 2': 'done',
      'worker 3': 'done',
    });
  });

  it('a child that gets the handle sees all entries, and its changes are seen here', () => {
    const map = make().set('a', { n: 1 });
    const { status, stderr } = runFunction(
      ({ SharedMap }, handle) => {
        const there = SharedMap.attach(handle);
        there.set('b', there.get('a').n + 1);
        there.delete('a');
      },
      [map.handle],
    );
    assert.equal(status, 0, stderr);
    assert.deepEqual([...map], [['b', 2]]);
  });

  it('readers see only whole values, and iterations each entry once, while 2 processes write', async () => {
    const map = make(8 * 2 ** 20, { evict: 'lru' });
    map.set('stays', 'stays:0:');
    const party = await Promise.all([start.process(), start.process()]);
    const writing = Promise.all(
      party.map((peer, i) => peer.run(churnThere, TASKS, map.handle, i + 1, amount(20000, 200000))),
    );
    let isOver = false;
    writing.then(() => (isOver = true));
    let rounds = 0;
    while (!isOver || rounds === 0) {
      const seen = new Set();
      for (const [key, value] of map) {
        assert.ok(isWhole(key, value), key);
        seen.add(key);
      }
      for (const key of map
        .getMany([...seen])
        .flatMap((value, i) => (value === undefined ? [] : [[...seen][i]]))) {
        assert.ok(seen.has(key));
      }
      for (let i = 0; i < 500; i++) {
        const value = map.get(`key ${i}`);
        assert.ok(value === undefined || isWhole(`key ${i}`, value));
      }
      assert.equal(map.get('stays'), 'stays:0:');
      rounds++;
      await new Promise(setImmediate);
    }
    await writing;
  });

  it(`${KILLS} killed writers lose no acknowledged count, tear no value, and hold up no one`, async () => {
    const map = make(4 * 2 ** 20);
    const code = `
      const { SharedMap } = require(${JSON.stringify(ROOT)});
      const map = SharedMap.attach(process.argv[1]);
      const pid = process.pid;
      for (let i = 1; ; i++) {
        map.increment('sum');
        map.set('own ' + pid, i);
        map.set('key ' + (i % 50), 'x'.repeat(i % 3000) + ':' + (i % 3000));
        if (i % 7 === 0) map.delete('key ' + (i % 49));
        if (i === 1) process.stdout.write('.');
      }`;
    const pids = [];
    for (let i = 0; i < KILLS; i++) {
      const child = spawn(process.execPath, ['-e', code, map.handle], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await sleep(i % 15);
      child.kill('SIGKILL');
      await once(child, 'exit');
      pids.push(child.pid);
      map.set('mine', i);
      map.increment('mine');
    }
    const owns = pids.map((pid) => map.get(`own ${pid}`));
    const acknowledged = owns.reduce((sum, n) => sum + n, 0);
    const sum = map.get('sum');
    assert.ok(sum >= acknowledged && sum <= acknowledged + KILLS, `${sum} of ${acknowledged}`);
    for (const [key, value] of map.entries({ prefix: 'key ' })) {
      const [text, size] = value.split(':');
      assert.equal(text.length, Number(size), key);
    }
    assert.equal(map.get('mine'), KILLS);
    map.clear();
    assert.deepEqual([map.size, map.stats().locked], [0, 0]);
  });

  it('worker.terminate() in the middle of writes leaves a map that works', async () => {
    const map = make();
    for (let i = 0; i < 10; i++) {
      const peer = await start.thread();
      peer.run(churnThere, TASKS, map.handle, i + 1, 10 ** 9);
      await sleep(30);
      await peer.end();
      map.set('a', i);
      assert.equal(map.get('a'), i);
      for (const [key, value] of map.entries({ prefix: 'key ' })) assert.ok(isWhole(key, value));
    }
  });

  it('a stopped writer holds up no reader', async () => {
    const map = make();
    const peer = await start.process({ of: 'SharedMap', handle: map.handle });
    const pid = await peer.run(() => process.pid);
    peer.run(churnThere, TASKS, map.handle, 1, 10 ** 9);
    for (let i = 0; i < 20; i++) {
      await sleep(5);
      process.kill(pid, 'SIGSTOP');
      for (const [key, value] of map) assert.ok(isWhole(key, value));
      process.kill(pid, 'SIGCONT');
    }
  });

  it('the lock is one for all, and does not hold up get() and set()', async () => {
    const map = make();
    const other = attach(map);
    const guard = map.lock();
    const peer = await start.process({ of: 'SharedMap', handle: map.handle });
    assert.equal(await peer.isFree(), false);
    assert.equal(other.tryLock(), null);
    await peer.run((self) => void self.map.set('a', 1));
    assert.equal(other.get('a'), 1);
    assert.throws(() => map.close(), { code: 'ERR_MMAPIPC_LOCKED' });
    guard.release();
    assert.equal(await peer.isFree(), true);
    assert.equal(
      map.withLock(() => map.increment('a')),
      2,
    );
    assert.equal(await map.withLockAsync(async () => map.increment('a')), 3);
  });

  it("'recovered' is emitted when the holder of the lock has died", async () => {
    const map = make();
    const peer = await start.process({ of: 'SharedMap', handle: map.handle });
    await peer.lock();
    await peer.end();
    const recovered = once(map, 'recovered');
    assert.equal(
      map.withLock((guard) => guard.recovered),
      true,
    );
    await recovered;
  });
});
