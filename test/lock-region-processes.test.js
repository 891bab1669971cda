/*
 * The lock of a region in processes: deaths that only it notices, a holder that is stopped, other
 * process namespaces, and fairness.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');

const { inspect: look } = require('..');
const { TIMEOUT, setUp, subjects } = require('./lock-contract/subjects');
const { amount } = require('./support/amounts');
const { ROOT } = require('./support/child');
const { runLockers } = require('./support/lockers');
const { isLinux } = require('./support/platform');

const WORKERS = amount(12, 100);
const FAIR = amount(1000, 10000); /* ms */
const LONGEST = 10000; /* ms: what each of eight is promised */

/* For before(): process namespaces, or one line; under CI a failure. */
function needsNamespaces() {
  if (spawnSync('unshare', ['-pf', 'true']).status === 0) return;
  if (process.env.CI) throw new Error('CI must be able to make process namespaces (unshare -pf)');
  console.log('      (no process namespaces here: unshare -pf is refused)');
  this.skip();
}

describe('the lock of a region in processes', function () {
  if (!isLinux) return;
  this.timeout(120000);
  const { create, peerOf, held, assertFreed } = setUp(subjects.region);

  it('a death is reported again when the process that it was reported to dies before release()', async () => {
    const map = create();
    const [first, second] = [await peerOf(map), await peerOf(map)];
    const lockThere = (self) => self.map.lock().recovered;
    assert.equal(await first.run(lockThere), false);
    await first.end();
    assert.equal(await second.run(lockThere), true);
    await second.end();
    const guard = await map.lockAsync();
    assert.equal(guard.recovered, true);
    guard.release();
    assert.equal(await (await peerOf(map)).run(lockThere), false);
  });

  it('a zombie, whose parent has not reaped it, is dead', async () => {
    const map = create();
    const script = `const { Mmap } = require(${JSON.stringify(ROOT)});
      globalThis.map = Mmap.attach(${JSON.stringify(map.handle)});
      map.lock();
      require('node:fs').writeSync(1, String(process.pid));
      setInterval(() => {}, 1000);`;
    const line = 'NODE=$1; SCRIPT=$2; "$NODE" -e "$SCRIPT" & exec sleep 60';
    const parent = spawn('sh', ['-c', line, 'sh', process.execPath, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const pid = Number((await once(parent.stdout, 'data'))[0]);
      assert.equal(map.tryLock(), null);
      process.kill(pid, 'SIGKILL');
      assertFreed(map);
      assert.match(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'), /\) Z /);
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'close');
    }
  });

  it(`${WORKERS} threads that load the addon, hold or await it, and end leave nothing`, async () => {
    const map = create();
    const holdAndEnd = async (self, where, i) => {
      self.other = self.open(where);
      if (i % 3) await self.map.lockAsync();
      self.other.lockAsync({ timeout: Infinity }).catch(() => {});
      if (i % 2) process.exit(0);
      self.note('goes on');
    };
    const run = async (i) => {
      const thread = await peerOf(map, 'thread');
      thread.run(holdAndEnd, subjects.region.where(map), i);
      await Promise.race([thread.ended, thread.note()]);
      await thread.end();
    };
    for (let i = 0; i < WORKERS; i += 2) await Promise.all([run(i), run(i + 1)]);
    assertFreed(map);
    const { writers, lock } = look(map.handle);
    assert.deepEqual([writers, lock], [1, { holder: null, waiters: 0 }]);
  });

  it('a stopped process keeps it: the waits of others end by their timeouts', async () => {
    const { object: map, peer: holder } = await held();
    const waiters = [await peerOf(map), await peerOf(map), await peerOf(map, 'thread')];
    holder.source.kill('SIGSTOP');
    const wait = async (self, timeout, call) => {
      const since = performance.now();
      const error = await (async () => self.map[call]({ timeout }))().catch((reason) => reason);
      return [error.code, performance.now() - since >= timeout - 2];
    };
    const timeouts = [700, 1500, 2300, 3000];
    const calls = ['lock', 'lockAsync', 'lock', 'lockAsync'];
    const run = (timeout, i) =>
      waiters[i] ? waiters[i].run(wait, timeout, calls[i]) : wait({ map }, timeout, calls[i]);
    const results = await Promise.all(timeouts.map(run));
    assert.deepEqual(results, Array(4).fill([TIMEOUT.code, true]));
    const { lock } = look(map.handle);
    assert.deepEqual([lock.holder.pid, lock.holder.alive], [holder.source.pid, true]);
    assert.throws(() => map.lock({ timeout: 5 }), TIMEOUT);
    holder.source.kill('SIGCONT');
    await holder.unlock();
    assertFreed(map, false);
  });

  it('each of eight processes that always want it acquires it within 10 s', async () => {
    const ends = await runLockers(create(), Array(8).fill(['fair', FAIR]));
    const all = ends.map(([how, output]) => (assert.equal(how, 0), JSON.parse(output)));
    const worst = Math.max(...all.map((one) => one.worst));
    const served = all.map((one) => one.served);
    const [least, most] = [Math.min(...served), Math.max(...served)];
    console.log(`      worst wait ${worst.toFixed(0)} ms; served ${least} to ${most} times`);
    assert.ok(worst < LONGEST, `${worst} ms`);
    assert.ok(least > 0);
  });

  describe('in another process namespace', () => {
    before(needsNamespaces);

    /* Runs a script on `map` as process 1 of a namespace: { line, child, end() }, its first output. */
    async function inNamespace(script) {
      const code = `const map = require(${JSON.stringify(ROOT)}).Mmap.open({ name: 'spaces' });
        const print = (text) => require('node:fs').writeSync(1, String(text));
        ${script}
        setInterval(() => map.read(0, 1), 1000);`;
      const command = ['-pf', '--kill-child', process.execPath, '-e', code];
      const child = spawn('unshare', command, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = await once(child.stdout, 'data');
      const end = () => child.kill('SIGKILL') && once(child, 'close');
      return { line: `${line}`, child, end };
    }

    it('a holder in it is alive for those outside until it dies', async () => {
      const map = create({ name: 'spaces' });
      const { line, end } = await inNamespace('map.lock(); print(process.pid);');
      assert.equal(line, '1');
      assert.equal(map.tryLock(), null);
      assert.throws(
        () => map.lock({ timeout: 300 }),
        ({ code, holder }) => code === TIMEOUT.code && holder.pid === 1 && holder.alive,
      );
      await end();
      assertFreed(map);
    });

    it('a holder outside is alive for those in it, whatever its number means there', async () => {
      const map = create({ name: 'spaces' });
      map.lock();
      const { line, child, end } = await inNamespace(`
        try { map.lock({ timeout: 300 }) } catch ({ code }) { print(code + ' ' + map.tryLock()) }
        map.lock({ timeout: 30000 });
        print('held');`);
      assert.equal(line, `${TIMEOUT.code} null`);
      map.unlock();
      await once(child.stdout, 'data');
      assert.equal(map.tryLock(), null);
      await end();
      assertFreed(map);
    });
  });
});
