/*
 * The first inputs of cell_fuzz.c: a good cell with each word changed to a limit.
 */
'use strict';

const EDGES = [0n, 1n, 5n, 64n, 65n, 100n, 1000n, 1001n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 2n];
const FAR = [2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, -1n];

/* The bytes of an input, in the format of parse() in cell_fuzz.c. */
function input({ how = 5, begin = 9n, commit = 9n, event = 0, lock = 0, slots = [], text = '' }) {
  const head = Buffer.alloc(25 + 4 * 16);
  head[0] = how;
  head.writeBigUInt64LE(BigInt.asUintN(64, begin), 1);
  head.writeBigUInt64LE(BigInt.asUintN(64, commit), 9);
  head.writeUInt32LE(event, 17);
  head.writeUInt32LE(lock, 21);
  for (let i = 0; i < 4; i++) {
    const { length = 5n, type = 5, checksum = 0 } = slots[i] ?? {};
    head.writeBigUInt64LE(BigInt.asUintN(64, length), 25 + 16 * i);
    head.writeUInt32LE(type, 33 + 16 * i);
    head.writeUInt32LE(checksum, 37 + 16 * i);
  }
  return Buffer.concat([head, Buffer.from(text)]);
}

const edges = [...EDGES, ...FAR];
const text = 'a value of some bytes. '.repeat(10);
const all = (slot) => [slot, slot, slot, slot];

module.exports = [
  ...Array.from({ length: 64 }, (_, how) => input({ how, text })),
  ...edges.flatMap((edge) => [
    input({ commit: edge, text }),
    input({ begin: edge, text }),
    input({ begin: edge, commit: edge, text }),
    input({ how: 13, begin: 3n, commit: edge, text }),
    input({ slots: all({ length: edge }), text }),
    input({ slots: all({ length: edge, type: 256 + 5 }), text }),
  ]),
  ...[0, 255, 256, 257, 511, 512, 65536, 2 ** 32 - 1].map((type) =>
    input({ slots: all({ type }), text }),
  ),
  ...[1, 2, 2 ** 30 - 1, 2 ** 30, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1].flatMap((lock) => [
    input({ how: 21, lock, text }),
    input({ event: lock, text }),
  ]),
];
