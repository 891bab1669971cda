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

/* The codecs by their numbers in the header of a Share; 0: the region says nothing. */
const CODECS = [undefined, 'auto', 'v8', 'json', 'custom'];

/*
 * Whether a Share with this codec may use a region made with codec number `found`. 'auto' and 'v8' read
 * and write the same; both read what 'json' writes, but its other participants could not read what they
 * write, so only read-only.
 */
function goesWith(name, found, readOnly) {
  const made = CODECS[found];
  if (found === 0 || name === made) return true;
  const isAny = name === 'auto' || name === 'v8';
  return isAny && (made === 'auto' || made === 'v8' || (made === 'json' && readOnly));
}

module.exports = { CODECS, TYPE, WRITERS, goesWith };
