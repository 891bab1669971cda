/*
 * How a value is written: the byte that stands with it. The numbers are a format between processes
 * of any version, and never change their meaning.
 */
'use strict';

const NAMES = [
  'NONE', // nothing set, or cleared
  'NULL',
  'TRUE',
  'FALSE',
  'NUMBER', // float64, little endian
  'LATIN1',
  'UTF16', // little endian
  'BIGINT', // int64, little endian; beyond it a sign and hexadecimal digits
  'BUFFER',
  'JSON_ASCII', // text of ASCII only, which is decoded faster
  'JSON_UTF8',
  'V8',
  'CUSTOM',
];

const TYPE = Object.freeze(Object.fromEntries(NAMES.map((name, number) => [name, number])));

/* Whose hand it is, by the type. */
const WRITERS = NAMES.map((name) =>
  name === 'CUSTOM' ? "'custom'" : name.startsWith('JSON') ? "'json' or 'auto'" : "'auto' or 'v8'",
);

module.exports = { TYPE, WRITERS };
