/*
 * Locks of ranges of a file, and shared ones.
 */
'use strict';

const assert = require('node:assert/strict');

const { PROT_READ } = require('..');
const { ACCESS, DEADLOCK, TIMEOUT } = require('./lock-contract/errors');
const { mappings } = require('./support/opened');
const { peers, sleep } = require('./support/peer');
const { linuxIt, posixIt, windowsIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const SIZE = 10000;
const SOON = 10000; /* ms: not stuck */
const RANGES = {
  whole: {},
  'range A': { offset: 1000, length: 500 },
  'range B, which overlaps A': { offset: 1400, length: 500 },
  'range C, which begins where B ends': { offset: 1900, length: 500 },
};

/* [what, options] of each lock there is. */
const LOCKS = [false, true].flatMap((shared) =>
  Object.entries(RANGES).map(([name, range]) => [
    `${shared ? 'shared' : 'exclusive'} ${name}`,
    { shared, ...range },
  ]),
);
const PAIRS = LOCKS.flatMap((held) => LOCKS.map((tried) => [held, tried]));

/* The rule: they exclude each other when they overlap and one is exclusive. */
function excludes(a, b) {
  const { offset: from = 0, length: n = Infinity } = a;
  const { offset: start = 0, length: m = Infinity } = b;
  return !(a.shared && b.shared) && from < start + m && start < from + n;
}

const line = (tried, isRefused, held) =>
  `${tried} ${isRefused ? 'refused' : 'acquired'} while ${held} is held`;
const expected = PAIRS.map(([[what, held], [other, tried]]) =>
  line(other, excludes(held, tried), what),
);

describe('the lock of a file, shared and of ranges', function () {
  this.timeout(30000);
  const { open, create, same } = mappings(scratch(), SIZE);
  const start = peers({ reuse: true });
  const peerOf = ({ file }, kind = 'process') => start[kind]({ file, readOnly: false });

  const isFree = (map, options) => {
    const guard = same(map).tryLock(options);
    guard?.release();
    return guard !== null;
  };
  async function held(options) {
    const map = create();
    const peer = await peerOf(map);
    await peer.lock(options);
    return { map, peer };
  }

  describe('excludes another exactly when they overlap and one is exclusive', () => {
    /* The outcome of every pair; isRefused(options) tries the other side. */
    async function table(map, isRefused) {
      const outcome = [];
      for (const [[what, held_], [other, tried]] of PAIRS) {
        const guard = map.lock(held_);
        outcome.push(line(other, await isRefused(tried), what));
        guard.release();
      }
      return outcome;
    }

    it(`between two objects of one thread, in ${PAIRS.length} pairs`, async () => {
      const map = create();
      const other = same(map);
      const isRefused = (tried) => {
        const guard = other.tryLock(tried);
        guard?.release();
        return guard === null;
      };
      assert.deepEqual(await table(map, isRefused), expected);
    });

    for (const kind of ['thread', 'process']) {
      it(`between this ${kind} and another, in ${PAIRS.length} pairs`, async () => {
        const map = create();
        const peer = await peerOf(map, kind);
        const isRefused = async (tried) => !(await peer.isFree(tried));
        assert.deepEqual(await table(map, isRefused), expected);
      });
    }

    it('lock() of another object of the thread throws DEADLOCK for those pairs', async () => {
      const map = create();
      const other = same(map);
      const isRefused = (tried) => {
        try {
          other.lock(tried).release();
          return false;
        } catch ({ code }) {
          return assert.equal(code, DEADLOCK.code) ?? true;
        }
      };
      assert.deepEqual(await table(map, isRefused), expected);
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
    const later = same(map, { offset: 5000 });
    map.lock({ offset: 5000, length: 100 });
    assert.throws(() => later.lock({ offset: 99, length: 1 }), DEADLOCK);
    assert.equal(later.tryLock({ offset: 0, length: 1 }), null);
    later.lock({ offset: 100, length: 1 });
    map.unlock();
    map.lock({ offset: 5000, length: 100 });
    assert.equal(isFree(map, { offset: 5100, length: 1 }), false);
    assert.equal(isFree(map, { offset: 5101 }), true);
  });

  it('goes to the end of the mapping without a length, or with one that is too long', () => {
    const map = create();
    const half = same(map, { size: 5000 });
    for (const range of [{ offset: 4000 }, { offset: 4000, length: 1e6 }]) {
      const guard = half.lock(range);
      assert.equal(isFree(map, { offset: 4999, length: 1 }), false);
      assert.equal(isFree(map, { offset: 5000 }), true);
      assert.equal(isFree(map, { length: 4000 }), true);
      assert.equal(isFree(map), false);
      guard.release();
    }
    half.lock({ length: 5000 });
    assert.equal(isFree(map, { offset: 5000 }), true);
  });

  it('lockAsync() of one object keeps its order, whatever the ranges', async () => {
    const { map, peer } = await held();
    const order = [];
    const all = Array.from({ length: 20 }, (_, i) =>
      map.withLockAsync(
        () => {
          assert.equal(map.locked, true);
          order.push(i);
        },
        i % 2 ? { shared: true } : { offset: i, length: 10 },
      ),
    );
    await peer.unlock();
    await Promise.all(all);
    assert.deepEqual(
      order,
      all.map((_, i) => i),
    );
  });

  it('TIMEOUT ends a wait for a range, and for a shared lock', async () => {
    const { map } = await held();
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
    const { map, peer } = await held();
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
    const { map, peer } = await held({ offset: 0, length: 10 });
    const others = [];
    for (let i = 1; i < 4; i++) {
      const other = await peerOf(map);
      await other.lock({ offset: i * 100, length: 10 });
      others.push(other.source.pid);
    }
    const isOneOf =
      (...pids) =>
      ({ code, holder }) =>
        code === TIMEOUT.code && pids.includes(holder?.pid);
    const first = { offset: 0, length: 10 };
    const byFirst = isOneOf(undefined, peer.source.pid);
    assert.throws(() => map.lock({ ...first, timeout: 0 }), byFirst);
    const last = { offset: 300, length: 1, timeout: 0 };
    assert.throws(() => map.lock(last), isOneOf(undefined, others[2]));
    for (let i = 0; i < 10; i++) {
      await assert.rejects(map.lockAsync({ ...first, timeout: 20 }), byFirst);
    }
  });

  describe('an exclusive range on a read-only mapping', () => {
    const exclusive = { shared: false, offset: 50, length: 5 };

    posixIt('throws ACCESS, held by another or not, and harms nothing', async () => {
      const free = create();
      const { map: locked } = await held();
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
        const { map: other, peer } = await held({ shared: true, offset: 0, length: 1 });
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
