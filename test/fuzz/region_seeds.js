/*
 * The first inputs of region_fuzz.c: a good header with each field changed to a limit, in a file of
 * each size; and headers as bytes.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/* The fields of a header, in the order of region_fuzz.c. */
const LAYOUT = path.join(__dirname, '../../src/base/layout.h');
const [ROWS] = /#define MIPC_REGION_ROWS[^]*?\n\n/.exec(fs.readFileSync(LAYOUT, 'utf8'));
const FIELDS = ROWS.match(/ X\(\w+,/g).length;

const SIZES = 8;
const EDGES = [0n, 1n, 2n, 4096n, 65536n, 70000n, 2n ** 30n, 2n ** 31n, 2n ** 32n, 2n ** 63n, -1n];

/* A good header with one field changed. */
function change(field, value) {
  const bytes = Buffer.alloc(9);
  bytes[0] = field;
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
  return bytes;
}

function raw(magic, version) {
  const bytes = Buffer.alloc(96);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(version, 4);
  return bytes;
}

const sizes = Array.from({ length: SIZES }, (_, i) => i << 1);
const fields = Array.from({ length: FIELDS }, (_, i) => i);

module.exports = [
  ...sizes.map((size) => Buffer.from([size])),
  ...fields.flatMap((field) =>
    EDGES.map((edge) => Buffer.concat([Buffer.from([16]), change(field, edge)])),
  ),
  ...[0x6d697063, 0x6370696d, 0x464c457f].flatMap((magic) =>
    [0, 1, 2].map((version) => Buffer.concat([Buffer.from([1]), raw(magic, version)])),
  ),
];
