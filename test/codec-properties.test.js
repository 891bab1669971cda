/*
 * For any value, 'auto' and 'v8' give the result of structuredClone, 'json' that of JSON.
 * fast-check generates the values, and prints the seed of a failure.
 */
'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');

const { freeze, makeCodec } = require('../lib/codec/codec');
const { amount } = require('./support/amounts');
const { assertClone, encoded, room, roundTrip } = require('./support/codecs');

const RUNS = amount(1000, 4000);

const auto = makeCodec();
const v8 = makeCodec('v8');
const json = makeCodec('json');

const anything = fc.anything({
  maxDepth: 3,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});

/* Values that JSON keeps but for a grain of sand. */
const key = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom('__proto__', '0', '17', 'toString'),
);
const { plain } = fc.letrec((tie) => ({
  leaf: fc.oneof(
    {
      weight: 30,
      arbitrary: fc.constantFrom(null, true, 0, 1.5, -7, '', 'x', 'é', '\ud800', 'жук'),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(-0, NaN, Infinity, undefined, 2n ** 65n, new Date(NaN)),
    },
  ),
  list: fc.array(tie('plain'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('plain'), { maxKeys: 4 }),
  plain: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('list'), tie('object')),
}));

/* Puts one part of a value at another place of it: shared references, and cycles. */
const tangled = fc
  .tuple(fc.oneof(anything, plain), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 2 }))
  .map(([value, ties]) => {
    const root = { value };
    for (const [from, to] of ties) {
      const all = containers(root);
      const target = all[to % all.length];
      if (Array.isArray(target)) target.push(all[from % all.length]);
      else target[`tie${from % 5}`] = all[from % all.length];
    }
    return root;
  });

function containers(root) {
  const found = new Set([root]);
  for (const one of found) {
    for (const inner of Object.values(one)) if (isContainer(inner)) found.add(inner);
  }
  return [...found];
}

function isContainer(value) {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || [null, Object.prototype].includes(Object.getPrototypeOf(value));
}

const hasJson = (value) => {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
};

const isSet = (value) => value !== undefined;

const promise = (arbitrary, check) => fc.assert(fc.property(arbitrary, check), { numRuns: RUNS });

describe('any value', function () {
  this.timeout(60000);

  it("returns from 'auto' as from structuredClone", () => {
    for (const arbitrary of [anything.filter(isSet), plain.filter(isSet), tangled]) {
      promise(arbitrary, (value) => assertClone(roundTrip(auto, value), structuredClone(value)));
    }
  });

  it("returns from 'v8' as from structuredClone", () => {
    promise(fc.oneof(anything.filter(isSet), tangled), (value) =>
      assertClone(roundTrip(v8, value), structuredClone(value)),
    );
  });

  it("returns from 'json' as from JSON", () => {
    promise(fc.oneof(anything, plain).filter(hasJson), (value) => {
      assert.deepStrictEqual(roundTrip(json, value), JSON.parse(JSON.stringify(value)));
    });
  });

  it("set with 'json' is readable with 'auto', and vice versa if it is plain", () => {
    promise(plain.filter(hasJson), (value) => {
      const { type, bytes, length } = encoded(json, value);
      assert.deepStrictEqual(auto.decode(type, bytes, length), JSON.parse(JSON.stringify(value)));
    });
  });

  it('is not changed by being set', () => {
    promise(tangled, (value) => {
      const before = structuredClone(value);
      auto.encode(value, room);
      assertClone(structuredClone(value), before);
    });
  });

  it('is frozen completely or not at all', () => {
    promise(tangled, (value) => {
      const all = containers(value).filter((one) => Object.keys(one).length > 0);
      const done = freeze(value);
      assert.ok(all.every((one) => Object.isFrozen(one) === done));
    });
  });
});
