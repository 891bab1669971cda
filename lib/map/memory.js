/*
 * The memory that JS and C of this thread share for the calls of SharedMap (src/base/layout.h): a frame
 * of fields with a short key, and behind it scratch memory for the bytes of a value.
 *
 * A call is: the key, the other fields, the call of C, the results. Nothing between these may run code
 * of the user, which could use the frame for another call.
 */
'use strict';

const binding = require('../native/binding');
const { TYPE } = require('../codec/types');

const { size: FRAME, fields } = binding.layout.map;
const { LEASE } = binding.numbers.mapType;

const memory = binding.mapMemory();
const SCRATCH = memory.byteLength - FRAME - 8; /* C writes a zero behind a string */
const scratch = Buffer.from(memory, FRAME, SCRATCH);
const doubles = new Float64Array(memory, 0, FRAME / 8);
const words = new Uint32Array(memory, 0, FRAME / 4);
const status = new Int32Array(memory, fields.status.offset, 1);
const keyBytes = new Uint8Array(memory, fields.key.offset, FRAME - fields.key.offset);
const keyUnits = new Uint16Array(memory, fields.key.offset, keyBytes.length / 2);

/* The index of a field in `doubles` or `words`. */
const at = (name) => fields[name].offset / (fields[name].type === 'double' ? 8 : 4);

const KEY_LENGTH = at('key_length');
const IS_WIDE = at('is_wide');
const GIVEN = 2 ** 32 - 1;
const SHORT = 24; /* characters; C reads a longer key faster than the loop below writes it */

/* Latin-1 and UTF-16 of JSON too: C makes the string, which costs less than another call for it. */
words[at('latin1')] = (1 << TYPE.LATIN1) | (1 << TYPE.JSON_ASCII);
words[at('utf16')] = 1 << TYPE.UTF16;

/* Puts the key into the frame. Returns false for a long key, which must be passed to the call. */
function putKey(key) {
  const { length } = key;
  if (length > SHORT) {
    words[KEY_LENGTH] = GIVEN;
    return false;
  }
  let all = 0;
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i);
    all |= unit;
    keyBytes[i] = unit;
  }
  words[KEY_LENGTH] = length;
  words[IS_WIDE] = 0;
  if (all > 255) putWide(key);
  return true;
}

/* The same for a key that consists of two parts. */
function putParts(prefix, key) {
  const start = prefix.length;
  const length = start + key.length;
  if (length > SHORT) {
    words[KEY_LENGTH] = GIVEN;
    return false;
  }
  let all = 0;
  for (let i = 0; i < start; i++) {
    const unit = prefix.charCodeAt(i);
    all |= unit;
    keyBytes[i] = unit;
  }
  for (let i = start; i < length; i++) {
    const unit = key.charCodeAt(i - start);
    all |= unit;
    keyBytes[i] = unit;
  }
  words[KEY_LENGTH] = length;
  words[IS_WIDE] = 0;
  if (all > 255) putWide(prefix + key);
  return true;
}

function putWide(key) {
  for (let i = 0; i < key.length; i++) keyUnits[i] = key.charCodeAt(i);
  words[KEY_LENGTH] = 2 * key.length;
  words[IS_WIDE] = 1;
}

module.exports = {
  BUCKET: at('bucket'),
  BUCKET_VERSION: at('bucket_version'),
  CREATED: at('created'),
  CURSOR: at('cursor'),
  EXPECTED: at('expected'),
  HANDLE: at('handle'),
  INITIAL: at('initial'),
  KEEP_TTL: at('keep_ttl'),
  KEYS: at('keys'),
  LEASE,
  LEASES: at('leases'),
  LENGTH: at('length'),
  MS: at('ms'),
  NUMBER: at('number'),
  SCRATCH,
  SHORT,
  TTL: at('ttl'),
  TYPE: at('type'),
  VERSION: at('version'),
  WHEN: at('when'),
  doubles,
  putKey,
  putParts,
  scratch,
  status,
  words,
};
