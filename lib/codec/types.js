/*
 * The type of a value: the byte that is stored with it. The numbers are a format between processes of all
 * versions, and never change their meaning.
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
  'BIGINT', // int64, little endian; a larger one as a sign and hexadecimal digits
  'BUFFER',
  'JSON_ASCII', // text of ASCII only, which is decoded faster
  'JSON_UTF8',
  'V8',
  'CUSTOM',
  'RECORD', // plain data (record-format.js)
];

const TYPE = Object.freeze(Object.fromEntries(NAMES.map((name, number) => [name, number])));

/* The codecs that write a type. */
function writerOf(name) {
  if (name === 'CUSTOM') return "'custom'";
  if (name === 'RECORD') return "'auto'";
  return name.startsWith('JSON') ? "'json' or 'auto'" : "'auto' or 'v8'";
}
const WRITERS = NAMES.map(writerOf);

/* The codecs by their numbers in the header of a Share; 0: the region names none. */
const CODECS = [undefined, 'auto', 'v8', 'json', 'custom'];

/*
 * Whether a Share with this codec may use a region that was created with codec number `found`. 'auto' and
 * 'v8' read each other's values. Both read the values of 'json', but 'json' does not read theirs, so they
 * may attach to a 'json' region read-only.
 */
function goesWith(name, found, readOnly) {
  const made = CODECS[found];
  if (found === 0 || name === made) return true;
  const isAny = name === 'auto' || name === 'v8';
  return isAny && (made === 'auto' || made === 'v8' || (made === 'json' && readOnly));
}

module.exports = { CODECS, TYPE, WRITERS, goesWith };
