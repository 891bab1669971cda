/*
 * Part of the contract: lockAsync() and withLockAsync() that acquire the lock.
 */
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const dns = require('node:dns');
const { getEventListeners } = require('node:events');
const fs = require('node:fs');
const { promisify } = require('node:util');

const { sleep } = require('../support/peer');
const { linuxIt } = require('../support/platform');
const { DISPOSE, NOT_LOCKED, TIMEOUT } = require('./errors');

module.exports = ({ subject, create, same, held, isFree }) => {
  it('lockAsync() acquires a free lock, which belongs to its guard', async () => {
    const object = create();
    const guard = await object.lockAsync();
    assert.deepEqual([object.locked, guard.recovered], [true, false]);
    assert.throws(() => object.unlock(), NOT_LOCKED);
    assert.deepEqual([object.locked, isFree(object)], [true, false]);
    guard.release();
    guard.release();
    assert.equal(object.locked, false);
    (await object.lockAsync({ timeout: 0 }))[DISPOSE]();
    const newer = object.lock();
    guard.release();
    assert.equal(object.locked, true);
    newer.release();
  });

  it('lockAsync() resolves when the holder releases it, and the event loop runs meanwhile', async () => {
    const { object, peer } = await held();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const promise = object.lockAsync();
    await sleep(150);
    assert.equal(object.locked, false);
    await peer.unlock();
    await promise;
    clearInterval(timer);
    assert.ok(ticks > 5, `${ticks} ticks`);
    assert.equal(await peer.isFree(), false);
  });

  it('is given to the callers of one object in their order, one at a time', async () => {
    const { object, peer } = await held();
    const order = [];
    let inside = 0;
    const all = Array.from({ length: 50 }, (_, i) =>
      object.withLockAsync(async ({ recovered }) => {
        assert.deepEqual([++inside, recovered], [1, false]);
        order.push(i);
        await (i % 3 ? null : sleep(1));
        inside--;
        return i;
      }),
    );
    await peer.unlock();
    const expected = Array.from({ length: 50 }, (_, i) => i);
    assert.deepEqual(await Promise.all(all), expected);
    assert.deepEqual(order, expected);
    assert.equal(object.locked, false);
  });

  it('is given to all that wait, through 20 objects of one thread, one at a time', async () => {
    const { object, peer } = await held();
    let inside = 0;
    const all = Array.from({ length: 20 }, () =>
      same(object).withLockAsync(async () => {
        assert.equal(++inside, 1);
        await null;
        inside--;
      }),
    );
    await peer.unlock();
    await Promise.all(all);
    assert.equal(await peer.isFree(), true);
  });

  it('withLockAsync() releases it whatever its function does, and rethrows', async () => {
    const object = create();
    const mine = new Error('mine');
    const fail = () => {
      throw mine;
    };
    for (const fn of [fail, async () => fail()]) {
      await assert.rejects(object.withLockAsync(fn), (thrown) => thrown === mine);
      assert.deepEqual([object.locked, isFree(object)], [false, true]);
    }
    assert.deepEqual(await object.withLockAsync(({ recovered }) => [5, recovered]), [5, false]);
    assert.deepEqual([object.locked, isFree(object)], [false, true]);
  });

  it('a signal that aborts after the lock was acquired changes nothing', async () => {
    const object = create();
    const controller = new AbortController();
    const guard = await object.lockAsync({ signal: controller.signal });
    controller.abort();
    assert.equal(object.locked, true);
    guard.release();
  });

  it('leaves no listener on a signal, acquired or not', async () => {
    const { object, peer } = await held();
    const { signal } = new AbortController();
    await assert.rejects(object.lockAsync({ signal, timeout: 5 }), TIMEOUT);
    await assert.rejects(object.lockAsync({ signal, timeout: 0 }), TIMEOUT);
    const waits = [1, 2, 3].map(() => object.withLockAsync(() => {}, { signal }));
    await peer.unlock();
    await Promise.all(waits);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it("8 waits leave libuv's pool to fs, dns and crypto", async () => {
    const { object, peer } = await held();
    const waits = Array.from({ length: 8 }, () => same(object).withLockAsync(() => 1));
    await sleep(20);
    await Promise.all([
      fs.promises.readFile(__filename),
      promisify(crypto.pbkdf2)('a', 'b', 1000, 32, 'sha256'),
      dns.promises.lookup('localhost').catch(() => {}),
    ]);
    assert.equal(object.locked, false);
    await peer.unlock();
    assert.deepEqual(await Promise.all(waits), Array(8).fill(1));
  });

  if (!subject.isFile) return;

  linuxIt('4 waits need 4 threads, and leave none', async () => {
    const count = () => fs.readdirSync('/proc/self/task').length;
    const { object, peer } = await held();
    const before = count();
    const waits = Array.from({ length: 4 }, () => same(object).withLockAsync(() => {}));
    await sleep(20);
    assert.equal(count(), before + 4);
    await peer.unlock();
    await Promise.all(waits);
    while (count() !== before) await sleep(5);
  });
};
