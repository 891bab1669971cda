/*
 * Arbitraries of fast-check for the arguments of pack and unpack: values that fit a template, bytes.
 */
'use strict';

const fc = require('fast-check');

const { parse, walk } = require('./pack-model');
const { pick, oneOf, FLOATS, STRINGS } = require('./pack-templates');

/* The limit for the work of a template. */
const HEAVY = 2000;

const SMALL = 300;

const around = (n) => [2n ** n - 1n, 2n ** n, 2n ** n + 1n, -(2n ** n), -(2n ** n) - 1n];
const BIGINTS = [
  ...[7n, 8n, 15n, 16n, 31n, 32n, 53n, 63n, 64n].flatMap(around),
  ...[0n, 0x7ffn, 0x800n, 0xd800n, 0xffffn, 0x10ffffn, 2n ** 56n, 2n ** 130n, -(2n ** 80n)],
  2n ** 80n + 2n ** 27n + 1n /* as a double, the last bit decides */,
];
const NUMBERS = [
  ...BIGINTS.map(Number),
  ...[
    -0, 0.5, -0.5, 1.5, -1.5, 1e30, -1e30, 5e-324, 1e-310, 1e-45, 7e-46, 3.5e38, 3.4028234664e38,
    0.1,
  ],
  ...[Infinity, -Infinity, NaN, Number.MAX_VALUE, 2 ** 64 - 2048, 2 ** 63 - 1024],
];

const number = pick(
  [16, fc.integer({ min: -SMALL, max: SMALL })],
  [5, oneOf(...NUMBERS)],
  [3, oneOf(...BIGINTS)],
  [2, fc.integer()],
  [2, fc.double()],
  [1, fc.float()],
  [2, fc.maxSafeInteger()],
  [2, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })],
  [2, fc.bigInt({ min: 0n, max: 2n ** 200n })],
);

const chunk = pick(
  [4, fc.uint8Array({ maxLength: 16 })],
  [3, fc.stringMatching(/^[0-9a-f]{0,9}$/)],
  [2, fc.stringMatching(/^[0-9]? [a-z]{0,4}[ \0\n]{0,3}$/)],
  [1, fc.stringMatching(/^[01]{0,20}$/)],
).map((data) => Buffer.from(data, 'latin1'));

const string = pick(
  [12, chunk],
  [1, fc.uint8Array({ minLength: 40, maxLength: 150 }).map((data) => Buffer.from(data))],
);

/* Characters of 2 to 4 bytes, and some overlong ones. */
const utf8 = fc
  .array(oneOf('\xc3\xa9', '\xc2\x80', '\xe2\x82\xac', '\xf0\x9f\x98\x80', '\xe0\x81\x81', 'a'), {
    maxLength: 5,
  })
  .map((letters) => Buffer.from(letters.join(''), 'latin1'));

const uuencoded = fc.uint8Array({ maxLength: 30 }).map((data) => {
  const length = String.fromCharCode(32 + data.length);
  return Buffer.from(`${length}${Buffer.from(data).toString('base64').toUpperCase()}\n`);
});

const short = fc
  .array(pick([8, chunk], [2, utf8], [1, uuencoded]), { maxLength: 5 })
  .map((chunks) => Buffer.concat(chunks).subarray(0, 96));
const long = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.nat(40))
  .map(([data, times]) => Buffer.alloc(data.length * times, data));
const bytes = pick([19, short], [1, long]);

/* The raw material of valuesFor(). */
const supply = {
  numbers: fc.array(number, { minLength: 1, maxLength: 6 }),
  strings: fc.array(string, { minLength: 1, maxLength: 4 }),
  extra: fc.nat(5) /* the number of values for '*' */,
};

/* For '.': never far, as Perl would make gigabytes of zeros. */
function position(value) {
  if (!Number.isFinite(Number(value))) return value;
  const near = Number(value) % 20;
  return value > -SMALL + 20 ? Math.abs(near) : near;
}

/* A number that suits most fields of that letter. `i` is its index in the values. */
function fitted(letter, given, i) {
  if (FLOATS.includes(letter)) return given;
  if (letter === '.') return position(given);
  let value = given;
  if (typeof value === 'number' && !Number.isFinite(value) && i % 4 !== 3) value = 7;
  if ('wUWJQ'.includes(letter) && value < 0 && value > -SMALL + 20) value = -value;
  if ('wUW'.includes(letter) && value < -SMALL && i % 4 !== 3) value = -value;
  if ('WU'.includes(letter) && value > SMALL && i % 4 !== 3) {
    value = typeof value === 'bigint' ? value & 0xffn : value % 256;
  }
  return value;
}

/* The number of values that a template takes if '*' takes `extra`, and the result of walk() for it. */
function wanted(items, extra) {
  let need = 0;
  let walked = walk(items, 0);
  for (let round = 0; round < 6 && walked.missing > 0 && walked.work < HEAVY; round++) {
    need += walked.missing;
    walked = walk(items, need);
  }
  if (extra > 0) {
    const more = walk(items, need + extra);
    if (more.missing === 0 && more.left === 0 && !more.refused) {
      return { need: need + extra, walked: more };
    }
  }
  return { need, walked };
}

/* Values for a template, as many as it takes, or `delta` more: { items, values, letters, walked },
 * with the letter that takes each. */
function valuesFor(template, { numbers, strings, extra, delta = 0 }) {
  const items = parse(template);
  let { need, walked } = wanted(items, /[*/]/.test(template) ? extra : 0);
  if (delta !== 0 && need + delta >= 0) {
    need += delta;
    walked = walk(items, need);
  }
  const letters = [...walked.taken];
  while (letters.length < Math.min(need, HEAVY)) letters.push('C'); /* too many, or never reached */
  const values = letters.map((letter, i) => {
    if (!STRINGS.includes(letter)) return fitted(letter, numbers[i % numbers.length], i);
    const data = strings[i % strings.length];
    return i % 3 === 2 ? data : data.toString('latin1');
  });
  return { items, values, letters, walked };
}

module.exports = { supply, bytes, valuesFor, HEAVY };
