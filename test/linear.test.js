/*
 * The judge of recorded histories (support/linear.js): it rejects what no plain variable could have done, and
 * accepts all else. Each line of a history is one process; time runs to the right.
 */
'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');

const { ABSENT, MODEL, check, minimal, show } = require('./support/linear');

/*
 * Reads lines such as '[set 1 = 1]  [get = 1]': an operation lasts from its '[' to its ']'; one that ends
 * with '~' is pending.
 */
const history = (...lines) =>
  lines.flatMap((line, who) =>
    [...line.matchAll(/\[(\w+)([\d ]*)(?:= (\d+) *)?([\]~])/g)].map((found) => {
      const [all, kind, values, result, end] = found;
      const [a = 0, b = 0] = values.trim().split(/ +/).filter(Boolean).map(Number);
      const responded = end === '~' ? Infinity : found.index + all.length;
      return { who, kind, a, b, result: Number(result), invoked: found.index, responded };
    }),
  );

const BAD = {
  'a read of a value that was never set': ['[set 1 = 1]  [get = 2]'],
  'an older value after a newer one was seen by another process': [
    '[set 1 = 1] [ set 2                                = 1]',
    '                     [get = 2]',
    '                                [get = 1]',
  ],
  'a cached value after another process has seen the new one': [
    '[set 1 = 1]             [set 2 = 1]',
    '            [get = 1]                            [get = 1]',
    '                                      [get = 2]',
  ],
  'a lost set': ['[set 1 = 1]', '            [get = 0]'],
  'a lost count': ['[increment 1 = 1]', '   [increment 1 = 1]', '                     [get = 1]'],
  'a count that goes back': [
    '[increment 1 = 1]             [get = 2]  [get = 1]',
    '   [increment 1 = 2]',
  ],
  'a double add': ['[add 1 = 1]', '  [add 2 = 1]'],
  'an add over an entry': ['[set 1 = 1]  [add 2 = 1]'],
  'a double delete': ['[set 1 = 1]  [delete = 1]', '              [delete = 1]'],
  'a deleted value that returns': ['[set 1 = 1]  [delete = 1]  [get = 1]'],
  'an entry that one process has seen deleted and another one still sees': [
    '[set 1 = 1] [delete                                = 1]',
    '                     [has = 0]',
    '                                [has = 1]',
  ],
  'two that have both replaced one version': [
    '[set 1 = 1]  [cas 1 2 = 1]',
    '               [cas 1 3 = 1]',
  ],
  'a compareAndSet that fails without reason': ['[set 1 = 1]  [cas 1 2 = 0]'],
  'two that take one value': ['[set 1 = 1]  [take = 1]', '               [take = 1]'],
  'an update that was built on an old value': [
    '[set 1 = 1]  [swap 2 = 1]',
    '                          [swap 3 = 1]',
  ],
  'an order that each process sees differently': [
    '[set 1      = 1]',
    '[set 2      = 1]',
    '                  [get = 1]   [get = 2]',
    '                  [get = 2]   [get = 1]',
  ],
  'a pending set that was seen and then taken back': [
    '[set 1 = 1] [set 2 ~',
    '                      [get = 2]  [get = 1]',
  ],
  'a pending set that takes effect before its call': ['           [set 1 ~', '[get = 1]'],
  'a pending count that counts twice': ['[increment 1 ~', '                [get = 1] [get = 2]'],
};

const GOOD = {
  'of nothing': [],
  'one after the other': ['[set 1 = 1]  [get = 1]  [delete = 1]  [get = 0]  [delete = 0]'],
  'reads that overlap a set, each side of it': [
    '[set 1 = 1]   [set 2                 = 1]',
    '                 [get = 1]  [get = 2]',
  ],
  'counts that overlap, in the other order': [
    '[increment 1       = 2]',
    '   [increment 1 = 1]',
    '                            [get = 2]',
  ],
  'an add that fails beside the one that does not': ['[add 1 = 0]', '  [add 2 = 1]'],
  'a pending set that nobody sees': [
    '[set 1 = 1] [set 2 ~',
    '                     [get = 1] [get = 1]',
  ],
  'a pending set that is seen at once': [
    '[set 1 = 1] [set 2 ~',
    '                     [get = 2] [get = 2]',
  ],
  'a pending set that takes effect late': [
    '[set 1 = 1] [set 2 ~',
    '                     [get = 1] [get = 2]',
  ],
  'a pending count that counts once': ['[increment 1 ~', '                [get = 0] [get = 1]'],
  'a pending compareAndSet that has failed': ['[cas 3 2 ~', '  [set 1 = 1]  [get = 1]'],
  'an operation that begins in the moment in which another one ends': [
    '[set 1 = 1]',
    '           [get = 0]',
  ],
};

describe('the judge of histories', () => {
  for (const [title, lines] of Object.entries(BAD)) {
    it(`rejects ${title}`, () => assert.notEqual(check(history(...lines)), undefined));
  }

  for (const [title, lines] of Object.entries(GOOD)) {
    it(`accepts a history ${title}`, () => assert.equal(check(history(...lines)), undefined));
  }

  it('names the operation that fits nowhere, and shows the history', () => {
    const ops = history('[set 1 = 1]  [get = 2]  [get = 1]');
    assert.deepEqual(check(ops), { order: [ops[0]], stuck: ops[1] });
    assert.match(show(ops), /set\(1\) = 1\n.*get\(\) = 2/);
  });

  it('leaves out the reads without which a history is wrong too', () => {
    const ops = history(
      '[get = 0] [set 1 = 1] [get = 1] [set 2 = 1] [add 3 = 0] [get = 1] [get = 2]',
    );
    assert.deepEqual(minimal(ops), [ops[1], ops[3], ops[5]]);
  });

  /* Operations with their moments, of which the results follow: a history that is right. */
  const operation = fc.record({
    kind: fc.constantFrom(...Object.keys(MODEL)),
    a: fc.integer({ min: 1, max: 4 }),
    b: fc.integer({ min: 1, max: 4 }),
    before: fc.integer({ min: 0, max: 40 }),
    after: fc.integer({ min: 0, max: 40 }),
    isKilled: fc.boolean(),
  });
  const happened = (plan) => {
    let state = ABSENT;
    return plan.map(({ kind, a, b, before, after, isKilled }, i) => {
      let result;
      [result, state] = MODEL[kind](state, a, b);
      const responded = isKilled && after > 30 ? Infinity : 10 * i + after;
      return { kind, a, b, result, invoked: 10 * i - before, responded };
    });
  };
  const plans = fc.array(operation, { maxLength: 24 });

  it('accepts whatever a plain variable has done', () => {
    fc.assert(fc.property(plans, (plan) => check(happened(plan)) === undefined));
  });

  /* All orders of a few operations, without any cleverness. */
  function isPossible(ops, state = ABSENT) {
    if (ops.every((op) => op.responded === Infinity)) return true;
    return ops.some((op, i) => {
      if (ops.some((other) => other.responded < op.invoked)) return false;
      const [result, after] = MODEL[op.kind](state, op.a, op.b);
      if (op.responded !== Infinity && result !== op.result) return false;
      return isPossible(ops.toSpliced(i, 1), after);
    });
  }

  it('decides as a search through all orders does, if a result is wrong', () => {
    const few = fc.array(operation, { minLength: 1, maxLength: 6 });
    const wrong = fc.tuple(few, fc.nat(), fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(wrong, ([plan, at, result]) => {
        const ops = happened(plan);
        ops[at % ops.length].result = result;
        return (check(ops) === undefined) === isPossible(ops);
      }),
      { numRuns: 500 },
    );
  });
});
