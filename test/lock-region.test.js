/*
 * The lock of a region: the contract of every lock, by which ways the same region is found, and which
 * attachments have no lock. Deaths are in lock-region-ends.test.js.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { Mmap, PROT_READ, PROT_WRITE, MAP_ANON, MAP_SHARED } = require('..');
const { layout } = require('../lib/native/binding');
const { contract } = require('./lock-contract');
const { ACCESS, DISPOSE, TIMEOUT, UNSUPPORTED } = require('./lock-contract/subjects');
const { setUp, subjects } = require('./lock-contract/subjects');
const { isLinux } = require('./support/platform');

const SIZE = 100;

contract('region');

describe('the lock of a region', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { create, same, keep, peerOf, held } = setUp(subjects.region);
  const open = (...args) => keep(new Mmap(...args));

  const ways = {
    '{ size }, and attach()': () => {
      const map = create();
      return [map, keep(Mmap.attach(map.handle))];
    },
    '{ handle }': () => {
      const map = create();
      return [same(map), same(map)];
    },
    '{ inherit }': () => [create({ inherit: 'x' }), open({ inherit: 'x' })],
    '{ name }': () => [create({ name: 'x' }), keep(Mmap.open({ name: 'x' }))],
    "a name with MAP_ANON, as IPC::Mmap's": () =>
      [SIZE, 0].map((size) => open('x', size, PROT_READ | PROT_WRITE, MAP_ANON | MAP_SHARED)),
  };
  for (const [way, make] of Object.entries(ways)) {
    it(`of ${way} is one for all objects and processes`, async () => {
      const [map, other] = make();
      const peer = await peerOf(map);
      const guard = map.lock();
      assert.deepEqual([map.locked, other.locked, guard.recovered], [true, false, false]);
      assert.equal(other.tryLock(), null);
      assert.equal(await peer.isFree(), false);
      map.unlock();
      await peer.lock();
      for (const each of [map, other]) {
        assert.equal(each.tryLock(), null);
        assert.throws(() => each.lock({ timeout: 5 }), TIMEOUT);
        await assert.rejects(each.lockAsync({ timeout: 5 }), TIMEOUT);
      }
      await peer.unlock();
      (await other.lockAsync()).release();
      map.lock();
      create().lock();
    });
  }

  it('of a read-only attachment throws ACCESS, and acquires nothing', async () => {
    const map = create();
    create({ name: 'ro' });
    for (const reader of [same(map, { readOnly: true }), open({ name: 'ro', readOnly: true })]) {
      for (const call of ['lock', 'tryLock']) assert.throws(() => reader[call](), ACCESS);
      assert.throws(() => reader.withLock(assert.fail), ACCESS);
      await assert.rejects(reader.lockAsync(), ACCESS);
      await assert.rejects(reader.withLockAsync(assert.fail), ACCESS);
      assert.equal(reader.locked, false);
    }
    map.lock();
    assert.equal(same(map, { readOnly: true }).readString(0, 1), '\0');
  });

  it('of private memory throws UNSUPPORTED', async () => {
    const map = create({ private: true });
    for (const call of ['lock', 'tryLock', 'unlock']) assert.throws(() => map[call](), UNSUPPORTED);
    await assert.rejects(map.lockAsync(), UNSUPPORTED);
    assert.equal(map.locked, false);
  });

  it('autolock needs an attachment that can lock', () => {
    const map = create();
    for (const extra of [{ readOnly: true }, { private: true }]) {
      assert.throws(() => same(map, { autolock: true, ...extra }), {
        code: 'ERR_INVALID_ARG_VALUE',
      });
    }
  });

  it('dispose closes the object even when its word was overwritten meanwhile', () => {
    const map = create();
    const fd = fs.openSync(`/proc/self/fd/${map.handle.split(':')[3]}`, 'r+');
    const { offset } = layout.region.fields.lock;
    map.lock();
    fs.writeSync(fd, Buffer.from([1, 2, 3, 0]), 0, 4, offset);
    assert.throws(() => map[DISPOSE](), { code: 'ERR_MMAPIPC_CORRUPT' });
    assert.equal(map.closed, true);
    fs.closeSync(fd);
  });

  it('TIMEOUT names a thread by its own number', async () => {
    const { object: map } = await held(undefined, 'thread');
    assert.throws(
      () => map.lock({ timeout: 0 }),
      ({ holder }) => holder.pid === process.pid && holder.thread !== process.pid,
    );
  });
});
