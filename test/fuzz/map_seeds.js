/*
 * The first inputs of map_fuzz.c: each operation on a whole map, and on maps with one or some words
 * of each table changed in each way.
 */
'use strict';

const TABLES = 7;
const WAYS = 8;
const OPERATIONS = 16;
const VALUES = [0n, 1n, 2n, 255n, 4096n, 2n ** 32n - 1n, 2n ** 36n, 2n ** 62n, 2n ** 64n - 1n];

/* The bytes of an input, in the format of map_fuzz.c. */
function input({ kind, words = [], operations }) {
  const parts = words.map(({ table, way, place, value }) => {
    const part = Buffer.alloc(11);
    part[0] = table | (way << 3);
    part.writeUInt16LE(place, 1);
    part.writeBigUInt64LE(value, 3);
    return part;
  });
  return Buffer.concat([
    Buffer.from([kind, words.length]),
    ...parts,
    Buffer.from(operations.flat()),
  ]);
}

const all = Array.from({ length: OPERATIONS }, (_, what) => [what, what * 5]);
const more = all.map(([what, id]) => [what | 80, id + 1]);

const inputs = [];
for (let kind = 0; kind < 4; kind++) {
  inputs.push(input({ kind, operations: all }), input({ kind, operations: more }));
  for (let table = 0; table < TABLES; table++) {
    for (let way = 0; way < WAYS; way++) {
      const words = VALUES.map((value, i) => ({ table, way, place: i * (i + way), value }));
      inputs.push(input({ kind, words, operations: all }));
      inputs.push(input({ kind, words: [words[(table + way) % 9]], operations: more }));
    }
  }
}

module.exports = inputs;
