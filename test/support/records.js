/*
 * Values for tests of records, by fast-check: of few shapes, so that most shapes are known after a while.
 */
'use strict';

const fc = require('fast-check');

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ minLength: 60, maxLength: 140 }),
  fc.constantFrom('', 'é', 'ж', '\ud800', 'a'.repeat(600), 'é'.repeat(70), 'ж'.repeat(70)),
);

const leaf = fc.oneof(
  text,
  fc.integer(),
  fc.nat(200),
  fc.double(),
  fc.constantFrom(null, true, false, -0, NaN, -1, 2 ** 31, -(2 ** 31) - 1),
);

const keys = ['id', 'name', 'é', '', 'toString', 'a "key"', 'constructor', 'k1', 'k2'];

/* An object with some of the keys, in any order; its values may be undefined. */
const objectOf = (value) =>
  fc
    .tuple(
      fc.shuffledSubarray(keys, { maxLength: 4 }),
      fc.array(value, { minLength: 4, maxLength: 4 }),
    )
    .map(([names, values]) => {
      const object = {};
      names.forEach((name, at) => (object[name] = values[at]));
      return object;
    });

/* A tree with these leaves: an object or array. */
const treeOf = (leaves) =>
  fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaves, tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 5 }),
    object: objectOf(fc.oneof({ weight: 9, arbitrary: tie('value') }, fc.constant(undefined))),
    root: fc.oneof(tie('list'), tie('object')),
  })).root;

const recordable = treeOf(leaf);

/* Rarely something that a record cannot hold; and the same part at two places, or a cycle. */
const odd = fc.oneof(
  fc.constantFrom(10n, [undefined], [, 1]), // eslint-disable-line no-sparse-arrays
  fc.date(),
  fc.constant(0).map(() => new Map([[1, { id: 1 }]])),
  fc.constant(0).map(() => Object.assign([1], { id: 1 })),
  fc.constant(0).map(
    () =>
      new (class Own {
        id = 1;
      })(),
  ),
  fc.constant(0).map(() => JSON.parse('{"__proto__": 1}')),
  fc.constant(0).map(() => ({ 5: 1, id: 2 })),
);

const wild = fc
  .tuple(treeOf(fc.oneof({ weight: 30, arbitrary: leaf }, odd)), fc.nat(20), fc.nat(20))
  .map(([root, from, to]) => {
    if (from > 5) return root;
    const all = containers(root);
    const target = all[to % all.length];
    const part = all[from % all.length];
    if (Array.isArray(target)) target.push(part);
    else target.k2 = part;
    return root;
  });

function containers(root) {
  const found = new Set([root]);
  for (const one of found) {
    for (const inner of Object.values(one)) {
      if (typeof inner === 'object' && inner !== null && !(inner instanceof Date)) found.add(inner);
    }
  }
  return [...found];
}

module.exports = { recordable, wild };
