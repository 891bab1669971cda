/*
 * Records to pack and to unpack, the same in every trial: the offset of each in the file, and its
 * values.
 */
'use strict';

const CACHE_LINE = 64;

/* Random numbers from 0 to below 1; the same sequence each time. */
function generator() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const integers = (random, bits) => Math.floor(random() * 2 ** bits);
const signed = (random, bits) => integers(random, bits) - 2 ** (bits - 1);
const fraction = (random) => (random() - 0.5) * 1e6;

/* Made by the decoder, so that the string is flat, and no call has to join its parts first. */
function text(random, most) {
  const length = most / 2 + Math.floor(random() * (most / 2 + 1));
  const letters = Array.from({ length }, () => 97 + Math.floor(random() * 26));
  return Buffer.from(letters).toString('latin1');
}

/* template -> its size in bytes, and the values of a record of it */
const LAYOUTS = {
  lldV: {
    bytes: 20,
    fields: (random) => ({
      a: signed(random, 32),
      b: signed(random, 32),
      c: fraction(random),
      d: integers(random, 32),
    }),
  },
  'l n S d a20': {
    bytes: 36,
    fields: (random) => ({
      a: signed(random, 32),
      b: integers(random, 16),
      c: integers(random, 16),
      d: fraction(random),
      e: text(random, 20),
    }),
  },
};

function place(random, fileSize, bytes) {
  return Math.floor((random() * (fileSize - bytes)) / CACHE_LINE) * CACHE_LINE;
}

/* `count` records { offset, a, b... }, on cache lines all over a file. */
function records(template, count, fileSize) {
  const random = generator();
  const { bytes, fields } = LAYOUTS[template];
  return Array.from({ length: count }, () => ({
    offset: place(random, fileSize, bytes),
    ...fields(random),
  }));
}

/* `count` times { offset, values }; `values`: those of `length` records, in one Array. */
function bulks(template, count, length, fileSize) {
  const random = generator();
  const { bytes, fields } = LAYOUTS[template];
  return Array.from({ length: count }, () => {
    const values = []; /* filled by push, as most arrays are: V8 then knows that it has no holes */
    for (let i = 0; i < length; i++) values.push(...Object.values(fields(random)));
    return { offset: place(random, fileSize, bytes * length), values };
  });
}

/* The values of a record as a list. */
const valuesOf = ({ values, a, b, c, d, e }) =>
  values ?? [a, b, c, d, e].filter((value) => value !== undefined);

module.exports = { records, bulks, valuesOf };
