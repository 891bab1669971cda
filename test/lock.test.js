/*
 * The lock of a mapping on its file, in one thread: taking, refusing and giving back, ranges and
 * options. Closing, collection and autolock are in lock-life.test.js.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { inspect } = require('node:util');

const { PROT_READ, PROT_WRITE } = require('..');
const { mappings } = require('./support/opened');
const { linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;
const SIZE = 10000;
const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });
const DEADLOCK = error('DEADLOCK');
const NOT_LOCKED = error('NOT_LOCKED');

describe('the lock of a mapping', () => {
  const tmp = scratch();
  const { open, create, same } = mappings(tmp, SIZE);

  /* Whether another object gets the lock now. */
  const isFree = (map, options, other = same(map)) => {
    const guard = other.tryLock(options);
    guard?.release();
    return guard !== null;
  };

  describe('lock, tryLock and unlock', () => {
    it('lock() takes it, unlock() gives it back, locked tells', () => {
      const map = create();
      assert.equal(map.locked, false);
      const guard = map.lock();
      assert.equal(map.locked, true);
      assert.equal(guard.recovered, false);
      assert.equal(isFree(map), false);
      assert.equal(map.unlock(), undefined);
      assert.equal(map.locked, false);
      assert.equal(isFree(map), true);
    });

    it('tryLock() gives a guard, or null when it is not free', () => {
      const map = create();
      const other = same(map);
      const guard = map.tryLock();
      assert.equal(typeof guard.release, 'function');
      assert.equal(other.tryLock(), null);
      assert.equal(map.tryLock(), null);
      assert.equal(other.locked, false);
      map.unlock();
      assert.notEqual(other.tryLock({}), null);
      other.unlock();
    });

    it('unlock() of what is not held is NOT_LOCKED', () => {
      const map = create();
      assert.throws(() => map.unlock(), NOT_LOCKED);
      same(map).lock();
      assert.throws(() => map.unlock(), NOT_LOCKED);
      const third = create();
      third.lock().release();
      assert.throws(() => third.unlock(), NOT_LOCKED);
    });

    it('release() may be called again, and frees only what its guard took', () => {
      const map = create();
      const old = map.lock();
      old.release();
      old.release();
      const newer = map.lock();
      old.release();
      old[dispose]();
      assert.equal(map.locked, true);
      assert.equal(isFree(map), false);
      map.unlock();
      const newest = map.tryLock();
      newer.release();
      assert.equal(map.locked, true);
      newest[dispose]();
      assert.equal(map.locked, false);
      assert.equal(isFree(map), true);
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

    it('a shared lock lets others share', () => {
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
      assert.notEqual(other.tryLock(), null);
    });

    it('is shared by default on a read-only mapping, and exclusive when asked for', () => {
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

    posixIt(
      'an exclusive range on a read-only mapping is ERR_MMAPIPC_ACCESS, and harms nothing',
      () => {
        const file = create().file;
        const map = open(file);
        const range = { shared: false, offset: 1, length: 2 };
        assert.throws(() => map.lock(range), error('ACCESS'));
        assert.throws(() => map.tryLock(range), error('ACCESS'));
        assert.throws(() => map.withLock(assert.fail, range), error('ACCESS'));
        assert.equal(map.locked, false);
        assert.equal(isFree(map), true);
        map.lock({ offset: 1, length: 2 });
      },
    );
  });

  describe('is the same for all objects of a file in this thread', () => {
    const others = {
      'the same path': (file) => file,
      'another spelling of the path': (file) => file.replace(/([^/\\]+)$/, './$1'),
      'a hard link': (file) => (fs.linkSync(file, `${file}.link`), `${file}.link`),
    };
    for (const [what, find] of Object.entries(others)) {
      it(`found by ${what}: a lock that could never come is DEADLOCK at once`, () => {
        const map = create();
        const other = open({ file: find(map.file), readOnly: false });
        map.lock();
        assert.throws(() => other.lock(), DEADLOCK);
        assert.throws(() => other.lock({ timeout: 0 }), DEADLOCK);
        assert.throws(() => other.withLock(assert.fail), DEADLOCK);
        assert.equal(other.tryLock(), null);
        map.unlock();
        other.lock();
      });
    }

    posixIt('found by a symbolic link', () => {
      const map = create();
      fs.symlinkSync(map.file, `${map.file}.symlink`);
      const other = open({ file: `${map.file}.symlink`, readOnly: false });
      map.lock();
      assert.throws(() => other.lock(), DEADLOCK);
    });

    it('found by a descriptor, in both directions', () => {
      const map = create();
      const fd = fs.openSync(map.file, 'r+');
      const other = open(fd, 0, RW);
      const third = open(fd, 0, RW);
      fs.closeSync(fd);
      map.lock();
      assert.throws(() => other.lock(), DEADLOCK);
      map.unlock();
      other.lock();
      assert.throws(() => map.lock(), DEADLOCK);
      assert.throws(() => third.lock(), DEADLOCK);
      assert.equal(third.tryLock(), null);
      other.unlock();
      third.lock();
    });

    it('another file is no matter', () => {
      create().lock();
      create().lock();
    });
  });

  describe('of ranges', () => {
    it('counts in bytes of the file, wherever the mapping begins', () => {
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
  });

  describe('takes options', () => {
    const wrong = [
      [{ time: 1 }, 'ERR_INVALID_ARG_VALUE'],
      [{ timeOut: 1 }, 'ERR_INVALID_ARG_VALUE'],
      [{ share: true }, 'ERR_INVALID_ARG_VALUE'],
      [{ timeout: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: null }, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ timeout: NaN }, 'ERR_OUT_OF_RANGE'],
      [{ shared: 1 }, 'ERR_INVALID_ARG_TYPE'],
      [{ offset: '0' }, 'ERR_INVALID_ARG_TYPE'],
      [{ offset: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ offset: SIZE }, 'ERR_OUT_OF_RANGE'],
      [{ offset: 0.5 }, 'ERR_OUT_OF_RANGE'],
      [{ length: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ length: 1.5 }, 'ERR_OUT_OF_RANGE'],
      [{ length: 1n }, 'ERR_INVALID_ARG_TYPE'],
      [5, 'ERR_INVALID_ARG_TYPE'],
      [null, 'ERR_INVALID_ARG_TYPE'],
    ];
    for (const [options, code] of wrong) {
      it(`of which ${inspect(options)} is ${code}`, async () => {
        const map = create();
        assert.throws(() => map.lock(options), { code });
        assert.throws(() => map.tryLock(options), { code: /^ERR_(INVALID_ARG|OUT_OF_RANGE)/ });
        assert.throws(() => map.withLock(assert.fail, options), { code });
        await assert.rejects(map.lockAsync(options), { code });
        await assert.rejects(map.withLockAsync(assert.fail, options), { code });
        assert.equal(map.locked, false);
        assert.equal(isFree(map), true);
      });
    }

    it('of which a misspelt one is told, and a signal or tryLock({ timeout }) where none is', () => {
      const map = create();
      const bad = 'ERR_INVALID_ARG_VALUE';
      assert.throws(() => map.lock({ timout: 1 }), { code: bad, message: /'timeout'/ });
      assert.throws(() => map.lock({ signal: undefined }), { code: bad });
      assert.throws(() => map.tryLock({ timeout: 1 }), { code: bad });
      assert.throws(() => open({ file: map.file, autoLock: true }), { code: bad });
      assert.throws(() => open({ file: map.file, timeout: -1 }), { code: 'ERR_OUT_OF_RANGE' });
    });

    it('withLock() wants a function before it takes anything', async () => {
      const map = create();
      assert.throws(() => map.withLock(), { code: 'ERR_INVALID_ARG_TYPE' });
      await assert.rejects(map.withLockAsync({}), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.equal(map.locked, false);
    });

    it('of which undefined ones count as none', () => {
      const map = create();
      map.lock(undefined).release();
      map.lock({ timeout: undefined, shared: undefined, offset: undefined }).release();
      map.tryLock({}).release();
      assert.equal(map.locked, false);
    });
  });

  describe('withLock', () => {
    it('gives what the function gives, with the lock held only meanwhile', () => {
      const map = create();
      const other = same(map);
      const result = map.withLock((guard) => {
        assert.equal(guard.recovered, false);
        assert.equal(map.locked, true);
        assert.equal(other.tryLock(), null);
        return 42;
      });
      assert.equal(result, 42);
      assert.equal(map.locked, false);
      assert.equal(isFree(map), true);
      assert.equal(
        map.withLock(() => other.withLock(() => 1, { shared: true }), { shared: true }),
        1,
      );
    });

    it('rethrows what the function throws, and frees the lock', () => {
      const map = create();
      const mine = new Error('mine');
      assert.throws(
        () =>
          map.withLock(() => {
            throw mine;
          }),
        (thrown) => thrown === mine,
      );
      assert.equal(isFree(map), true);
    });

    it('refuses a promise with a TypeError, and frees the lock', () => {
      const map = create();
      for (const fn of [async () => {}, () => ({ then() {} })]) {
        assert.throws(() => map.withLock(fn), {
          name: 'TypeError',
          code: 'ERR_INVALID_RETURN_VALUE',
        });
        assert.equal(map.locked, false);
        assert.equal(isFree(map), true);
      }
    });

    it('does not release a lock that the function took in place of its own', () => {
      const map = create();
      map.withLock((guard) => {
        guard.release();
        map.lock();
      });
      assert.equal(map.locked, true);
    });
  });

  describe('opened by a descriptor', () => {
    linuxIt("takes no part in the user's own flock on it", () => {
      const file = tmp();
      fs.writeFileSync(file, 'some bytes');
      const fd = fs.openSync(file, 'r+');
      /* flock(1) on descriptor 3, which is the very same open file. */
      const flock = (how) =>
        spawnSync('flock', ['-n', how, '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status;
      const map = open(fd, 0, RW);
      assert.equal(flock('-x'), 0);
      assert.equal(map.tryLock(), null);
      assert.throws(() => map.lock({ timeout: 30 }), error('TIMEOUT'));
      assert.equal(flock('-u'), 0);
      map.lock();
      assert.equal(flock('-x'), 1);
      flock('-u');
      assert.equal(open(file).tryLock(), null);
      map.unlock();
      assert.equal(flock('-x'), 0);
      assert.equal(flock('-u'), 0);
      fs.closeSync(fd);
      map.lock();
    });
  });
});
