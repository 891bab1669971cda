/*
 * One Share in many processes and threads: no torn value, no lost update, even if some are killed.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { amount } = require('./support/amounts');
const { ROOT, runFunction } = require('./support/child');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { TASKS, kills, tornReads } = require('./support/share-trials');
const { shares } = require('./support/shares');

const KILLS = amount(12, 100);
const CLUSTER = path.join(__dirname, 'fixtures', 'share-cluster.js');
const countThere = (self, file, ...args) => self.require(file).count(...args);
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

describe('Share among processes and threads', function () {
  if (!isLinux) return;
  this.timeout(120000);
  const { make } = shares();
  const start = peers();

  it('4 readers see no torn value and no older version while 2 processes write', () =>
    tornReads(start, amount(1000, 5000)));

  it(`${KILLS} killed processes leave the last value or the one being set, and lose no count`, () =>
    kills(KILLS));

  for (const [how, times] of [
    ['update', 2000],
    ['compareAndSet', 1000],
    ['updateAsync', 100],
    ['guard', 500],
  ]) {
    it(`4 processes that count with ${how} lose no increment`, async () => {
      const share = make(100);
      share.set(0);
      const party = await Promise.all([1, 2, 3, 4].map(() => start.process()));
      await Promise.all(party.map((peer) => peer.run(countThere, TASKS, share.handle, how, times)));
      assert.equal(share.get(), 4 * times);
    });
  }

  it('4 concurrent setAsync() make as many versions, and the last value is one of theirs', async () => {
    const share = make(100);
    share.set(0);
    const party = await Promise.all([1, 2, 3, 4].map(() => start.process()));
    const all = party.map((peer) => peer.run(countThere, TASKS, share.handle, 'setAsync', 250));
    await Promise.all(all);
    assert.equal(share.version, 1001);
    assert.ok(share.get() >= 250 && share.get() <= 1000);
  });

  it('threads and processes that count in one Share lose no increment', async () => {
    const share = make(100);
    share.set(0);
    const kinds = ['thread', 'thread', 'process', 'process'];
    const party = await Promise.all(kinds.map((kind) => start[kind]()));
    const ways = ['update', 'guard', 'compareAndSet', 'update'];
    await Promise.all(
      party.map((peer, i) => peer.run(countThere, TASKS, share.handle, ways[i], 500)),
    );
    assert.equal(share.get(), 2000);
  });

  it('cluster workers share by inherit', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [CLUSTER, '3', '500'], {
      encoding: 'utf8',
    });
    assert.equal(stdout.trim(), '1500', stderr);
  });

  it('children and grandchildren find an inherited Share', () => {
    const share = make(100, { inherit: 'hits' });
    const { status, stderr } = spawnSync(process.execPath, [CLUSTER, 'down', '2']);
    assert.equal(status, 0, String(stderr));
    assert.equal(share.get(), 3);
  });

  it('unrelated processes share by name', () => {
    const body = ({ Share }, value) => {
      const share = new Share(1000, { name: 'meet' });
      console.log(JSON.stringify(share.update((old) => [...(old ?? []), value])));
    };
    const share = make(1000, { name: 'meet' });
    share.set(['here']);
    const { stdout } = runFunction(body, ['one']);
    assert.deepEqual(JSON.parse(stdout), ['here', 'one']);
    assert.deepEqual(JSON.parse(runFunction(body, ['two']).stdout), ['here', 'one', 'two']);
    assert.deepEqual(share.get(), ['here', 'one', 'two']);
  });

  it('a process that ends in any way while it holds the lock does not block others', async () => {
    for (const end of [
      'process.exit()',
      "throw new Error('on purpose')",
      "process.kill(process.pid, 'SIGTERM')",
      'process.abort()',
    ]) {
      const share = make(100);
      const code = `const { Share } = require(${JSON.stringify(ROOT)});
        const share = Share.attach(${JSON.stringify(share.handle)});
        share.lock(); share.set('held'); ${end};`;
      const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
      await once(child, 'exit');
      assert.equal(share.get(), 'held', end);
      share.set('after');
      assert.equal(share.lock().recovered, true);
      share.unlock();
    }
  });

  it('listeners in other processes are notified of a set, and get the newest value', async () => {
    const share = make(100);
    const listen = (self, handle) => {
      self.times = [];
      self.share = self.Share.attach(handle);
      self.share.on('change', () => {
        self.times.push(Number(process.hrtime.bigint() - self.share.get()) / 1000);
      });
    };
    const kinds = ['process', 'thread'];
    const party = await Promise.all(kinds.map((kind) => start[kind]()));
    await Promise.all(party.map((peer) => peer.run(listen, share.handle)));
    for (let i = 0; i < 100; i++) {
      share.set(process.hrtime.bigint());
      await sleep(3);
    }
    const text = [];
    for (const [i, peer] of party.entries()) {
      const times = await peer.run((self) => self.times);
      assert.ok(times.length > 10 && times.length <= 100, `${times.length}`);
      text.push(`${kinds[i]} p50 ${median(times).toFixed(0)} us (${times.length} of 100)`);
    }
    console.log(`      ${text.join(', ')}`);
  });

  it('a listener uses almost no CPU while nothing changes', async () => {
    const share = make(100);
    const idle = async (self, handle, options) => {
      self.share = self.Share.attach(handle, options);
      self.share.on('change', () => {});
      await self.sleep(200);
      const before_ = process.cpuUsage();
      await self.sleep(2000);
      const { user, system } = process.cpuUsage(before_);
      return (user + system) / 2000 / 10; // % of 2 s
    };
    const party = await Promise.all([1, 2].map(() => start.process()));
    const used = await Promise.all([
      party[0].run(idle, share.handle, {}),
      party[1].run(idle, share.handle, { readOnly: true }),
    ]);
    const [writer, reader] = used.map((percent) => `${percent.toFixed(2)} %`);
    console.log(`      ${writer} of a CPU; attached read-only, which polls: ${reader}`);
  });
});
