/*
 * Long waits for the lock of a region, in which the kernel watches the owner: deaths, threads that end,
 * waits that are ended.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const { inspect: look } = require('..');
const { SOON, TIMEOUT, setUp, subjects } = require('./lock-contract/subjects');
const { isLinux } = require('./support/platform');

const LONG = 200; /* ms; an owner is watched after 50 */
const WAITERS = 4;

const waitThere = async (self, how) => {
  self.note('waits');
  self.guard = await self.map[how]({ timeout: 60000 });
  return self.guard.recovered;
};
const releaseThere = (self) => self.guard.release();

/* Waits until the function returns this. */
async function soon(get, expected) {
  const until = Date.now() + SOON;
  while (get() !== expected && Date.now() < until) await sleep(1);
  assert.equal(get(), expected);
}

const countThreads = () => fs.readdirSync('/proc/self/task').length;

describe('long waits for the lock of a region', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { create, same, held, peerOf, assertFreed } = setUp(subjects.region);

  for (const how of ['lock', 'lockAsync']) {
    it(`${how}(): of several waiters one gets the lock of a killed owner, and the others after it`, async () => {
      const { object, peer } = await held();
      const waiters = await Promise.all(Array.from({ length: WAITERS }, () => peerOf(object)));
      const waits = waiters.map((waiter) => waiter.run(waitThere, how));
      await Promise.all(waiters.map((waiter) => waiter.note()));
      await sleep(LONG);
      await peer.end('SIGKILL');
      const reports = [];
      for (let rest = WAITERS; rest > 0; rest--) {
        const { at, recovered } = await Promise.race(
          waits.map(async (wait, i) => ({ at: i, recovered: await wait })),
        );
        reports.push(recovered);
        waits[at] = new Promise(() => {});
        await sleep(LONG); /* the others wait for a new owner by now */
        await waiters[at].run(releaseThere);
      }
      assert.deepEqual(reports, [true, false, false, false]);
      assertFreed(object, false);
    });

    it(`${how}(): each of several owners is killed after a long time`, async () => {
      const { object, peer } = await held();
      const waiters = await Promise.all(Array.from({ length: WAITERS }, () => peerOf(object)));
      const waits = waiters.map(async (waiter, at) => {
        assert.equal(await waiter.run(waitThere, how), true);
        return at;
      });
      await sleep(LONG);
      await peer.end('SIGKILL');
      for (let rest = WAITERS; rest > 0; rest--) {
        const at = await Promise.race(waits);
        waits[at] = new Promise(() => {});
        await sleep(LONG / 4);
        await waiters[at].end('SIGKILL');
      }
      assertFreed(object);
    });
  }

  it('a thread that ends while it holds the lock is noticed by its own process', async () => {
    const object = create();
    for (const end of [(thread) => thread.end(), (thread) => thread.run(() => process.exit(0))]) {
      const thread = await peerOf(object, 'thread');
      await thread.lock();
      const wait = object.lockAsync({ timeout: 60000 });
      await sleep(LONG);
      end(thread);
      await thread.ended;
      const guard = await wait;
      assert.equal(guard.recovered, true);
      guard.release();
    }
  });

  it('a thread is terminated, or exits, during a long wait', async () => {
    const { object, peer } = await held();
    const before = countThreads();
    for (const how of ['lock', 'lockAsync']) {
      const thread = await peerOf(object, 'thread');
      thread.run(waitThere, how);
      await thread.note();
      await sleep(LONG);
      await thread.end();
    }
    await soon(countThreads, before);
    await peer.unlock();
    assertFreed(object, false);
  });

  it('a wait that is aborted or times out no longer counts as a waiter', async () => {
    const { object, peer } = await held();
    const waiters = (count) => soon(() => look(object.handle).lock.waiters, count);
    const abort = new AbortController();
    const other = same(object);
    const waits = [
      assert.rejects(other.lockAsync({ signal: abort.signal, timeout: 60000 }), {
        name: 'AbortError',
      }),
      assert.rejects(object.lockAsync({ timeout: 5 * LONG }), TIMEOUT),
    ];
    await waiters(2);
    abort.abort();
    await Promise.all(waits);
    await waiters(0);
    await peer.unlock();
    assertFreed(object, false);
  });

  it('objects of one process share one watch, and the last one ends it', async () => {
    const { object, peer } = await held();
    const others = Array.from({ length: 5 }, () => same(object));
    const all = [object, ...others];
    const before = countThreads();
    const waits = all.map((one) => one.lockAsync({ timeout: 60000 }).catch((error) => error.code));
    const more = all.length + 1; /* the waiter of each, and the watch */
    await soon(countThreads, before + more);
    await sleep(LONG);
    assert.equal(countThreads(), before + more);
    for (const one of all.slice(1)) one.close();
    assert.equal(countThreads(), before + 2);
    await peer.end('SIGKILL');
    const guard = await waits[0];
    assert.equal(guard.recovered, true);
    guard.release();
    assert.deepEqual(await Promise.all(waits.slice(1)), Array(5).fill('ERR_MMAPIPC_CLOSED'));
    object.close();
    assert.equal(countThreads(), before);
  });
});
