/*
 * Part of the contract: calls that block until another process or thread releases the lock.
 */
'use strict';

const assert = require('node:assert/strict');

const { inspect } = require('../..');
const { sleep } = require('../support/peer');
const { linuxIt } = require('../support/platform');
const { TIMEOUT } = require('./subjects');

module.exports = ({ subject, create, same, held, peerOf }) => {
  it('is one for all objects, processes and threads', async () => {
    for (const kind of ['process', 'thread']) {
      const object = create();
      const peer = await peerOf(object, kind);
      const other = same(object);
      object.lock();
      assert.equal(await peer.isFree(), false);
      const there = peer.lock();
      await sleep(30);
      object.unlock();
      await there;
      for (const each of [object, other]) {
        assert.equal(each.tryLock(), null);
        assert.throws(() => each.lock({ timeout: 5 }), TIMEOUT);
        await assert.rejects(each.lockAsync({ timeout: 5 }), TIMEOUT);
      }
      peer.unlock(30);
      object.lock().release();
      (await other.lockAsync()).release();
      assert.equal(await peer.isFree(), true);
    }
  });

  it('lock() throws TIMEOUT after its timeout, never before; it may be a fraction or 0', async () => {
    const { object } = await held();
    for (const timeout of [0, 0.4, 50.5, 120]) {
      const since = performance.now();
      assert.throws(() => object.lock({ timeout }), TIMEOUT);
      const took = performance.now() - since;
      assert.ok(took >= timeout, `${took} ms for ${timeout}`);
      assert.equal(object.locked, false);
    }
    assert.equal(object.tryLock(), null);
  });

  linuxIt('TIMEOUT names the process that holds it, in message and holder', async () => {
    const { object, peer } = await held();
    const { pid } = peer.source;
    await sleep(60);
    const check = ({ code, message, holder }) => {
      assert.deepEqual([code, holder.pid], [TIMEOUT.code, pid]);
      assert.ok(message.includes(`${pid}`), message);
      if (!subject.recovers) return true;
      assert.deepEqual([holder.thread, holder.alive], [pid, true]);
      assert.ok(holder.heldMs >= 50, `${holder.heldMs}`);
      assert.ok(message.includes(`${holder.heldMs} ms`), message);
      return true;
    };
    for (const timeout of [0, 20]) {
      assert.throws(() => object.lock({ timeout }), check);
      await assert.rejects(object.lockAsync({ timeout }), check);
    }
  });

  it('takes the timeout of the object, of 10 s by default, and Infinity', async () => {
    const { object, peer } = await held();
    const short = same(object, { timeout: 20 });
    assert.throws(() => short.lock(), TIMEOUT);
    assert.throws(() => short.withLock(assert.fail), TIMEOUT);
    await assert.rejects(short.lockAsync(), TIMEOUT);
    const endless = same(object, { timeout: Infinity });
    for (const [each, options] of [[object], [endless], [object, { timeout: Infinity }]]) {
      peer.unlock(80);
      each.lock(options).release();
      await peer.lock();
    }
  });

  it('leaves nothing held or waiting after timeouts', async () => {
    const { object, peer } = await held();
    for (let i = 0; i < 20; i++) assert.throws(() => object.lock({ timeout: 3 }), TIMEOUT);
    if (subject.recovers) {
      const { holder, waiters } = inspect(object.handle).lock;
      assert.deepEqual([holder.pid, waiters], [peer.source.pid, 0]);
    }
    await peer.unlock();
    if (subject.recovers) assert.equal(inspect(object.handle).lock.holder, null);
    assert.equal(await peer.isFree(), true);
  });
};
