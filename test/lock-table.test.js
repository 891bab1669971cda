/*
 * Which locks exclude which: every pair, between two objects of one thread, two threads and two
 * processes.
 */
'use strict';

const assert = require('node:assert/strict');

const { Mmap } = require('..');
const { peers } = require('./support/peer');
const { scratch } = require('./support/scratch');

const SIZE = 10000;
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

const expected = PAIRS.map(
  ([[what, held], [other, tried]]) =>
    `${other} ${excludes(held, tried) ? 'refused' : 'given'} while ${what} is held`,
);

describe('locks exclude each other exactly when they overlap and one is exclusive', function () {
  this.timeout(30000);
  const tmp = scratch();
  const start = peers();

  const tryOne = (self, options) => {
    const guard = self.map.tryLock(options);
    guard?.release();
    return guard !== null;
  };

  /* The outcome of every pair, one side here and the other behind `ask`. */
  async function table(map, ask) {
    const outcome = [];
    for (const [[what, held], [other, tried]] of PAIRS) {
      const guard = map.lock(held);
      const given = await ask(tried);
      guard.release();
      outcome.push(`${other} ${given ? 'given' : 'refused'} while ${what} is held`);
    }
    return outcome;
  }

  const options = () => ({ file: tmp(), size: SIZE, readOnly: false });

  it(`between two objects of one thread, in ${PAIRS.length} pairs`, async () => {
    const opts = options();
    const [map, other] = [new Mmap(opts), new Mmap(opts)];
    assert.deepEqual(await table(map, (tried) => tryOne({ map: other }, tried)), expected);
    map.close();
    other.close();
  });

  for (const kind of ['thread', 'process']) {
    it(`between this ${kind} and another, in ${PAIRS.length} pairs`, async () => {
      const opts = options();
      const map = new Mmap(opts);
      const peer = await start[kind](opts);
      assert.deepEqual(await table(map, (tried) => peer.run(tryOne, tried)), expected);
      map.close();
    });
  }

  it(`lock() of another object says DEADLOCK at once for those pairs, and takes the rest`, () => {
    const opts = options();
    const [map, other] = [new Mmap(opts), new Mmap(opts)];
    const outcome = PAIRS.map(([[what, held], [tried, wanted]]) => {
      const guard = map.lock(held);
      let given = 'given';
      try {
        other.lock(wanted).release();
      } catch (error) {
        assert.equal(error.code, 'ERR_MMAPIPC_DEADLOCK');
        given = 'refused';
      }
      guard.release();
      return `${tried} ${given} while ${what} is held`;
    });
    assert.deepEqual(outcome, expected);
    map.close();
    other.close();
  });
});
