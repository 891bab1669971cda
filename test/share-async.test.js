/*
 * The guards of lockAsync, and the calls of a Share that wait without blocking the thread.
 */
'use strict';

const assert = require('node:assert/strict');

const { sleep } = require('./support/peer');
const { DISPOSE, shares, within } = require('./support/shares');

const DEADLOCK = { name: 'MmapipcError', code: 'ERR_MMAPIPC_DEADLOCK' };
const NOT_LOCKED = { name: 'MmapipcError', code: 'ERR_MMAPIPC_NOT_LOCKED' };
const CLOSED = { name: 'MmapipcError', code: 'ERR_MMAPIPC_CLOSED' };

describe('Share: the guard of lockAsync', () => {
  const { make, attach } = shares();

  it('has get, set, update, clear, compareAndSet, which act under its lock', async () => {
    const share = make();
    const guard = await share.lockAsync();
    assert.equal(guard.get(), undefined);
    assert.equal(guard.set(1), 1);
    assert.equal(
      guard.update((old) => old + 1),
      2,
    );
    assert.equal(guard.compareAndSet(1, 9), false);
    assert.equal(guard.compareAndSet(2, 3), true);
    assert.equal(guard.get(), 3);
    guard.clear();
    assert.deepEqual([share.get(), share.version, share.locked], [undefined, 4, true]);
    assert.throws(() => guard.compareAndSet('1', 1), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => guard.set(undefined), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => guard.update(5), { code: 'ERR_INVALID_ARG_TYPE' });
    guard.release();
    assert.equal(share.locked, false);
  });

  it('has the same methods after lock() and withLock()', () => {
    const share = make();
    const guard = share.lock();
    guard.set(1);
    guard.release();
    share.withLock((one) => one.update((old) => old + 1));
    assert.equal(share.get(), 2);
  });

  it('throws ERR_MMAPIPC_NOT_LOCKED after release(), even if another object is locked', async () => {
    const share = make();
    const guard = await share.lockAsync();
    guard.release();
    guard.release();
    const second = await share.lockAsync();
    for (const call of [
      () => guard.get(),
      () => guard.set(1),
      () => guard.update(() => 1),
      () => guard.clear(),
      () => guard.compareAndSet(0, 1),
    ]) {
      assert.throws(call, NOT_LOCKED);
    }
    guard.release();
    assert.equal(share.locked, true);
    second.set(1);
    second[DISPOSE]();
    assert.equal(share.locked, false);
  });

  it('throws ERR_MMAPIPC_NOT_LOCKED from update() if fn releases it, and stores nothing', async () => {
    const share = make();
    const guard = await share.lockAsync();
    const fn = () => {
      guard.release();
      return 1;
    };
    assert.throws(() => guard.update(fn), NOT_LOCKED);
    assert.equal(share.version, 0);
  });

  it('makes synchronous calls of its object throw ERR_MMAPIPC_DEADLOCK', async () => {
    const share = make();
    const guard = await share.lockAsync();
    for (const call of [
      () => share.set(1),
      () => share.update(() => 1),
      () => share.clear(),
      () => share.compareAndSet(0, 1),
      () => share.lock(),
    ]) {
      assert.throws(call, DEADLOCK);
    }
    assert.equal(share.tryLock(), null);
    assert.throws(() => share.unlock(), NOT_LOCKED);
    assert.equal(share.get(), undefined);
    guard.release();
    share.set(1);
  });

  it('makes setAsync() and updateAsync() wait, in the order of the calls', async () => {
    const share = make();
    const guard = await share.lockAsync();
    const order = [];
    const all = [1, 2, 3].map((value) => share.setAsync(value).then((v) => order.push([value, v])));
    all.push(share.updateAsync((old) => `${old}!`).then((value) => order.push(value)));
    await sleep(20);
    assert.deepEqual(order, []);
    guard.set('guard');
    guard.release();
    await within(5000, Promise.all(all));
    assert.deepEqual(order.slice(0, 3), [
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    assert.equal(share.get(), '3!');
  });

  it('loses none of 100 concurrent increments with withLockAsync()', async () => {
    const share = make();
    share.set(0);
    const add = async (guard) => {
      const old = guard.get();
      await null;
      guard.set(old + 1);
    };
    await within(10000, Promise.all(Array.from({ length: 100 }, () => share.withLockAsync(add))));
    assert.equal(share.get(), 100);
  });

  it('loses no increment of two objects, each with its guards', async () => {
    const one = make();
    const two = attach(one);
    one.set(0);
    const add = (guard) => guard.update((old) => old + 1);
    const all = Array.from({ length: 100 }, (_, i) => [one, two][i % 2].withLockAsync(add));
    await within(10000, Promise.all(all));
    assert.equal(two.get(), 100);
  });
});

describe('Share: setAsync and updateAsync', () => {
  const { make, attach } = shares();

  it('setAsync() resolves with the new version', async () => {
    const share = make();
    assert.equal(await share.setAsync('a'), 1);
    assert.equal(await share.setAsync('b'), 2);
    assert.equal(share.get(), 'b');
  });

  it('setAsync() stores the value as it is at the time of the call', async () => {
    const share = make(200000);
    const guard = await share.lockAsync();
    const value = { a: 1 };
    const bytes = Buffer.from('abc');
    const large = Buffer.alloc(100000, 'a');
    const all = [share.setAsync(value), share.setAsync(bytes), share.setAsync(large)];
    value.a = 2;
    bytes.fill('x');
    large.fill('x');
    share.peek();
    const seen = [];
    const watch = share.watch();
    const third = (async () => {
      for await (const one of watch) if (one.length === 100000) return one;
      return undefined;
    })();
    guard.release();
    for (const promise of all) seen.push(await promise);
    assert.deepEqual(seen, [1, 2, 3]);
    assert.equal((await within(5000, third))[0], 97);
    const again = await share.lockAsync();
    const small = share.setAsync(value);
    value.a = 3;
    again.release();
    await small;
    assert.deepEqual(share.get(), { a: 2 });
  });

  it('setAsync() inside lock() stores immediately', async () => {
    const share = make();
    share.lock();
    const promise = share.setAsync(1);
    assert.equal(share.version, 1);
    share.unlock();
    assert.equal(await promise, 1);
  });

  it('all errors are rejections, and none is thrown', async () => {
    const share = make(10);
    for (const [call, error] of [
      [() => share.setAsync(undefined), { name: 'TypeError' }],
      [() => share.setAsync('x'.repeat(11)), { code: 'ERR_MMAPIPC_TOO_LARGE' }],
      [() => share.updateAsync(5), { code: 'ERR_INVALID_ARG_TYPE' }],
      [() => share.updateAsync(() => {}), { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' }],
      [() => share.updateAsync(async () => {}), { code: 'ERR_INVALID_RETURN_VALUE' }],
      [() => share.updateAsync(async () => () => 1), { code: 'ERR_INVALID_ARG_TYPE' }],
      [() => share.changed(5), { name: 'TypeError' }],
    ]) {
      await assert.rejects(call(), error);
    }
    assert.equal(share.version, 0);
  });

  it('updateAsync() awaits fn without the lock, and resolves with the new value', async () => {
    const share = make();
    share.set(1);
    const value = await share.updateAsync(async (old) => {
      assert.equal(share.locked, false);
      await sleep(1);
      return old + 1;
    });
    assert.deepEqual([value, share.get()], [2, 2]);
  });

  it('updateAsync() runs fn again, on a fresh copy, if another writer was faster', async () => {
    const share = make();
    const other = attach(share);
    share.set({ list: [] });
    let runs = 0;
    const value = await share.updateAsync(async (old) => {
      old.list.push(`run ${++runs}`);
      if (runs < 3) other.update(({ list }) => ({ list: [...list, `other ${runs}`] }));
      return old;
    });
    assert.equal(runs, 3);
    assert.deepEqual(value, { list: ['other 1', 'other 2', 'run 3'] });
    assert.deepEqual(share.get(), value);
  });

  it('updateAsync() rejects with the error of fn, and stores nothing', async () => {
    const share = make();
    const error = new Error('mine');
    share.set(1);
    const fail = async () => {
      throw error;
    };
    assert.equal(await share.updateAsync(fail).catch((reason) => reason), error);
    assert.deepEqual([share.get(), share.version], [1, 1]);
  });

  it('100 concurrent updateAsync() lose no increment', async () => {
    const share = make();
    share.set(0);
    const add = async (old) => {
      await null;
      return old + 1;
    };
    await within(15000, Promise.all(Array.from({ length: 100 }, () => share.updateAsync(add))));
    assert.equal(share.get(), 100);
  });

  it('close() rejects pending calls with ERR_MMAPIPC_CLOSED', async () => {
    const one = make();
    const two = attach(one);
    const guard = one.lock();
    const pending = [
      two.setAsync(1),
      two.updateAsync(() => 1),
      two.lockAsync(),
      two.withLockAsync(() => 1),
      two.changed(),
      two.changed({ timeout: 60000 }),
    ];
    const next = two.watch().next();
    const results = Promise.allSettled(pending);
    await sleep(10);
    two.close();
    for (const { status, reason } of await within(5000, results)) {
      assert.deepEqual([status, reason?.code], ['rejected', CLOSED.code]);
    }
    assert.equal((await next).done, true);
    guard.release();
    assert.equal(one.version, 0);
  });

  it('updateAsync() rejects with ERR_MMAPIPC_CLOSED if the Share is closed while fn runs', async () => {
    const share = make();
    const promise = share.updateAsync(async () => {
      share.close();
      return 1;
    });
    await assert.rejects(promise, CLOSED);
  });
});
