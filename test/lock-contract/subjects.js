/*
 * What has a lock, and what the contract's parts need to know of it:
 *
 *   title, isFile, isShare
 *   recovers       whether a guard reports that the previous holder died
 *   lends          whether tryLock() of another object acquires what an undelivered wait has won
 *   make(path)     options (support/open.js) of new memory; `path` is that of no file yet
 *   where(object)  options of another object on the same memory, also in another process
 *   use(object)    uses the object, and throws when it does not work
 *   wrong          [options, code] of lock() that only this lock refuses
 */
'use strict';

const assert = require('node:assert/strict');

const { open } = require('../support/open');
const { peers } = require('../support/peer');
const { isLinux } = require('../support/platform');
const { regions } = require('../support/regions');
const { scratch } = require('../support/scratch');

const SIZE = 512; /* what support/lockers.js needs */
const SOON = 10000; /* ms: not stuck */
const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

/* What the calls of a lock throw, for assert.throws() and assert.rejects(). */
const error = (name) => ({ name: 'MmapipcError', code: `ERR_MMAPIPC_${name}` });
const NAMES = ['ACCESS', 'CLOSED', 'DEADLOCK', 'LOCKED', 'NOT_LOCKED', 'TIMEOUT', 'UNSUPPORTED'];
const ERRORS = Object.fromEntries(NAMES.map((name) => [name, error(name)]));

const ranges = [{ shared: true }, { offset: 0 }, { length: 10 }];
const NO_RANGES = ranges.map((options) => [options, 'ERR_MMAPIPC_UNSUPPORTED']);
const write = (map) => assert.equal(map.write('used'), 4);

const file = {
  title: 'a file',
  isFile: true,
  make: (path) => ({ file: path, size: SIZE, readOnly: false }),
  where: (map) => ({ file: map.file, readOnly: false }),
  use: write,
  wrong: [
    [{ offset: '0' }, 'ERR_INVALID_ARG_TYPE'],
    [{ offset: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ offset: SIZE }, 'ERR_OUT_OF_RANGE'],
    [{ offset: 0.5 }, 'ERR_OUT_OF_RANGE'],
    [{ length: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ length: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ length: 1n }, 'ERR_INVALID_ARG_TYPE'],
  ],
};

const region = {
  title: 'a region',
  recovers: true,
  lends: true,
  make: () => ({ size: SIZE }),
  where: ({ handle, name }) => (name === undefined ? { handle } : { name }),
  use: write,
  wrong: NO_RANGES,
};

const share = {
  title: 'a Share',
  isShare: true,
  recovers: true,
  lends: true,
  make: () => ({ of: 'Share', size: SIZE }),
  where: ({ handle }) => ({ of: 'Share', handle }),
  use: (object) => assert.equal(object.update((old = 0) => old + 1) > 0, true),
  wrong: NO_RANGES,
};

/*
 * For a describe(): how its tests make objects and others that hold their locks. Everything is closed
 * after each test.
 *
 *   create(extra), same(object, extra)   an object on new memory; another one on the same
 *   keep(object)                         the object, which a test has opened otherwise
 *   peerOf(object, kind)                 a 'process' or 'thread' that has opened it (support/peer.js)
 *   held(options, kind)                  { object, peer }: the peer holds the lock, by those options
 *   isFree(object, options)              whether another object acquires the lock now
 *   assertFreed(object, isDeath)         that it is free, and a death with it reported once, or never
 */
function setUp(subject) {
  const path = subject.isFile ? scratch() : regions() && (() => undefined);
  const start = peers({ reuse: true });
  let opened = [];
  afterEach(() => {
    for (const object of opened) object[DISPOSE]();
    opened = [];
  });
  const keep = (object) => {
    opened.push(object);
    return object;
  };
  const create = (extra) => keep(open({ ...subject.make(path()), ...extra }));
  const same = (object, extra) => keep(open({ ...subject.where(object), ...extra }));
  const peerOf = (object, kind = 'process') => start[kind](subject.where(object));
  return {
    subject,
    create,
    same,
    keep,
    peerOf,
    async held(options, kind) {
      const object = create();
      const peer = await peerOf(object, kind);
      await peer.lock(options);
      return { object, peer };
    },
    isFree(object, options) {
      const other = open(subject.where(object));
      const isFree = other.tryLock(options) !== null;
      other[DISPOSE]();
      return isFree;
    },
    assertFreed(object, isDeath = subject.recovers === true) {
      for (const expected of [isDeath, false]) {
        const guard = object.lock({ timeout: SOON });
        assert.equal(guard.recovered, expected);
        guard.release();
      }
    },
  };
}

const subjects = isLinux ? { file, region, share } : { file };

module.exports = { ...ERRORS, DISPOSE, SOON, setUp, subjects };
