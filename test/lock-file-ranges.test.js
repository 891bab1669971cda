/*
 * Locks of ranges of a file, and shared ones.
 */
'use strict';

const assert = require('node:assert/strict');

const { Mmap, PROT_READ } = require('..');
const { ACCESS, DEADLOCK, SOON, TIMEOUT, setUp, subjects } = require('./lock-contract/subjects');
const { sleep } = require('./support/peer');
const { linuxIt, posixIt, windowsIt } = require('./support/platform');

/* The whole file; two ranges that overlap; one that begins where the second ends. */
const [FROM, LENGTH] = [100, 50];
const RANGES = [0, 40, 90].map((at) => ({ offset: FROM + at, length: LENGTH }));
const LOCKS = [false, true].flatMap((shared) => [{}, ...RANGES].map((one) => ({ shared, ...one })));

/* The rule: two exclude each other when they overlap and one is exclusive. */
function excludes(a, b) {
  const { offset: from = 0, length: n = Infinity } = a;
  const { offset: start = 0, length: m = Infinity } = b;
  return !(a.shared && b.shared) && from < start + m && start < from + n;
}
const PAIRS = LOCKS.flatMap((one) =>
  LOCKS.map((tried) => ({ one, tried, isRefused: excludes(one, tried) })),
);

describe('the lock of a file, shared and of ranges', function () {
  this.timeout(30000);
  const { create, same, keep, peerOf, held, isFree } = setUp(subjects.file);
  const open = (options) => keep(new Mmap(options));

  describe('excludes another exactly when they overlap and one is exclusive', () => {
    /* That isRefused(options), which tries the other side, is true of the right ones. */
    async function check(map, isRefused) {
      const outcome = [];
      for (const { one, tried } of PAIRS) {
        const guard = map.lock(one);
        outcome.push({ one, tried, isRefused: await isRefused(tried) });
        guard.release();
      }
      assert.deepEqual(outcome, PAIRS);
    }

    it(`between two objects of one thread, in ${PAIRS.length} pairs`, async () => {
      const map = create();
      const other = same(map);
      await check(map, (tried) => {
        const guard = other.tryLock(tried);
        guard?.release();
        return guard === null;
      });
    });

    for (const kind of ['thread', 'process']) {
      it(`between this ${kind} and another, in ${PAIRS.length} pairs`, async () => {
        const map = create();
        const peer = await peerOf(map, kind);
        await check(map, async (tried) => !(await peer.isFree(tried)));
      });
    }

    it('lock() of another object of the thread throws DEADLOCK for those pairs', async () => {
      const map = create();
      const other = same(map);
      await check(map, (tried) => {
        try {
          other.lock(tried).release();
          return false;
        } catch ({ code }) {
          return code === DEADLOCK.code;
        }
      });
    });
  });

  it('one object holds one lock at a time, also of disjoint ranges', () => {
    const map = create();
    map.lock({ offset: 0, length: 10 });
    assert.throws(() => map.lock({ offset: 20, length: 10 }), DEADLOCK);
    assert.throws(() => map.lock({ offset: 0, length: 10, timeout: 0 }), DEADLOCK);
    assert.equal(map.tryLock({ offset: 20, length: 10 }), null);
    map.unlock();
    map.lock({ shared: true });
    assert.throws(() => map.lock({ shared: true }), DEADLOCK);
    assert.equal(map.tryLock({ shared: true }), null);
  });

  it('several objects hold it shared, and all must release it for an exclusive one', async () => {
    const map = create();
    const maps = [map, same(map), same(map)];
    for (const each of maps) each.lock({ shared: true });
    const other = same(map);
    assert.equal(other.tryLock(), null);
    assert.throws(() => other.lock(), DEADLOCK);
    maps[0].unlock();
    maps[1].unlock();
    assert.equal(other.tryLock(), null);
    maps[2].unlock();
    other.lock().release();
    const shared = { shared: true };
    const nested = map.withLock(() => other.withLock(() => 1, shared), shared);
    assert.equal(nested, 1);
    const sharing = await other.lockAsync({ ...shared, offset: 5, length: 5, timeout: 0 });
    map.lock({ ...shared, offset: 5, length: 5 });
    sharing.release();
  });

  it('is shared by default on a read-only mapping, and exclusive with shared: false', () => {
    const map = create();
    const [one, two] = [open(map.file), open({ file: map.file, prot: PROT_READ })];
    one.lock();
    two.lock();
    assert.equal(map.tryLock(), null);
    assert.notEqual(map.tryLock({ shared: true }), null);
    map.unlock();
    two.unlock();
    one.unlock();
    one.lock({ shared: false });
    assert.equal(two.tryLock(), null);
    assert.equal(map.tryLock({ shared: true }), null);
  });

  it('an offset counts from where the mapping begins in the file', () => {
    const map = create();
    const later = same(map, { offset: 200 });
    map.lock({ offset: 200, length: 100 });
    assert.throws(() => later.lock({ offset: 99, length: 1 }), DEADLOCK);
    assert.equal(later.tryLock({ offset: 0, length: 1 }), null);
    later.lock({ offset: 100, length: 1 });
    map.unlock();
    map.lock({ offset: 200, length: 100 });
    assert.equal(isFree(map, { offset: 300, length: 1 }), false);
    assert.equal(isFree(map, { offset: 301 }), true);
  });

  it('goes to the end of the mapping without a length, or with one that is too long', () => {
    const map = create();
    const half = same(map, { size: 200 });
    for (const range of [{ offset: 150 }, { offset: 150, length: 1e6 }]) {
      const guard = half.lock(range);
      const tries = [{ offset: 199, length: 1 }, { offset: 200 }, { length: 150 }, undefined];
      const found = tries.map((tried) => isFree(map, tried));
      assert.deepEqual(found, [false, true, true, false]);
      guard.release();
    }
    half.lock({ length: 200 });
    assert.equal(isFree(map, { offset: 200 }), true);
  });

  it('lockAsync() of one object keeps its order, whatever the ranges', async () => {
    const { object: map, peer } = await held();
    const expected = Array.from({ length: 20 }, (_, i) => i);
    const order = [];
    const all = expected.map((i) =>
      map.withLockAsync(() => order.push(i), i % 2 ? { shared: true } : { offset: i, length: 10 }),
    );
    await peer.unlock();
    await Promise.all(all);
    assert.deepEqual(order, expected);
  });

  it('TIMEOUT ends a wait for a range, and for a shared lock', async () => {
    const { object: map } = await held();
    assert.throws(() => map.lock({ shared: true, timeout: 10 }), TIMEOUT);
    assert.throws(() => map.lock({ offset: 5, length: 1, timeout: 10 }), TIMEOUT);
  });

  it('is free when the process or thread that holds it is killed', async () => {
    const map = create();
    for (const kind of ['process', 'thread']) {
      for (const options of [{ shared: true }, { offset: 5, length: 5 }]) {
        const holder = await peerOf(map, kind);
        await holder.lock(options);
        assert.equal(map.tryLock(), null);
        await holder.end();
        map.lock({ timeout: SOON }).release();
      }
    }
  });

  it('a range that a killed process waited for is free', async () => {
    const { object: map, peer } = await held();
    const child = await peerOf(map);
    await child.run((self) => {
      for (const range of [{}, { offset: 1, length: 2 }]) {
        self.open({ file: self.map.file, readOnly: false }).lockAsync(range);
      }
    });
    await child.end();
    await peer.unlock();
    map.lock({ timeout: SOON });
  });

  it('autolock is shared for reads of a read-only mapping', async () => {
    const map = create({ autolock: true, timeout: 20 });
    const reader = open({ file: map.file, autolock: true, timeout: 20 });
    const peer = await peerOf(map);
    await peer.lock();
    assert.throws(() => reader.read(), TIMEOUT);
    await peer.unlock();
    await peer.lock({ shared: true });
    reader.read();
    assert.throws(() => map.read(), TIMEOUT);
  });

  linuxIt('TIMEOUT names no holder of another range, and never this process', async () => {
    const { object: map, peer } = await held({ offset: 0, length: 10 });
    const others = [];
    for (let i = 1; i < 4; i++) {
      const other = await peerOf(map);
      await other.lock({ offset: i * 50, length: 10 });
      others.push(other.source.pid);
    }
    const isOneOf =
      (...pids) =>
      ({ code, holder }) =>
        code === TIMEOUT.code && pids.includes(holder?.pid);
    const first = { offset: 0, length: 10 };
    const byFirst = isOneOf(undefined, peer.source.pid);
    assert.throws(() => map.lock({ ...first, timeout: 0 }), byFirst);
    const last = { offset: 150, length: 1, timeout: 0 };
    assert.throws(() => map.lock(last), isOneOf(undefined, others[2]));
    for (let i = 0; i < 10; i++) {
      await assert.rejects(map.lockAsync({ ...first, timeout: 20 }), byFirst);
    }
  });

  describe('an exclusive range on a read-only mapping', () => {
    const exclusive = { shared: false, offset: 50, length: 5 };

    posixIt('throws ACCESS, held by another or not, and harms nothing', async () => {
      const free = create();
      const { object: locked } = await held();
      for (const { file } of [free, locked]) {
        const map = open({ file, timeout: 100 });
        for (const call of ['lock', 'tryLock']) assert.throws(() => map[call](exclusive), ACCESS);
        assert.throws(() => map.withLock(assert.fail, exclusive), ACCESS);
        await assert.rejects(map.lockAsync(exclusive), ACCESS);
        assert.equal(map.locked, false);
      }
      assert.equal(isFree(free), true);
      open(free.file).lock({ offset: 1, length: 2 });
    });

    /* It threw between stopping the wait and starting it again. */
    posixIt('leaves a pending wait as it was', async () => {
      for (const call of ['lock', 'tryLock']) {
        const { object: other, peer } = await held({ shared: true, offset: 0, length: 1 });
        const map = open(other.file);
        const wait = map.lockAsync({ shared: false, timeout: 3000 });
        await sleep(10);
        assert.throws(() => map[call](exclusive), ACCESS);
        await peer.unlock();
        (await wait).release();
      }
    });

    windowsIt('needs no right to write', () => {
      const { file } = create();
      const [map, other] = [open(file), open(file)];
      map.lock({ shared: false, offset: 2, length: 5 });
      assert.equal(other.tryLock({ shared: true, offset: 6, length: 1 }), null);
      other.lock({ shared: true, offset: 7, length: 1 }).release();
    });
  });
});
