/*
 * Strings and JSON text as bytes. Writers put the bytes into the given scratch memory, or into a new
 * Buffer if that is too small. They store type, bytes and length in `encoded`, and return it.
 */
'use strict';

const { TYPE } = require('./types');

const { parse } = JSON;
const { latin1Slice, latin1Write, ucs2Slice, ucs2Write, utf8Slice, utf8Write } = Buffer.prototype;

/* Memory for `length` bytes. */
function bytesFor(length, scratch) {
  return length <= scratch.length ? scratch : Buffer.allocUnsafeSlow(length);
}

function note(encoded, type, bytes, length) {
  encoded.type = type;
  encoded.bytes = bytes;
  encoded.length = length;
  return encoded;
}

const BRIEF = 512;

/* For a long text, V8 counts the bytes faster than it writes UTF-8, and most texts are ASCII. */
function writeJson(text, scratch, encoded) {
  if (text.length <= BRIEF && 3 * text.length <= scratch.length) {
    return noteJson(encoded, text, scratch, utf8Write.call(scratch, text, 0));
  }
  const length = Buffer.byteLength(text);
  const isAscii = length === text.length;
  if (isAscii && length > scratch.length) {
    return noteJson(encoded, text, Buffer.from(text, 'latin1'), length); // faster than two steps
  }
  const bytes = bytesFor(length, scratch);
  (isAscii ? latin1Write : utf8Write).call(bytes, text, 0, length);
  return noteJson(encoded, text, bytes, length);
}

function noteJson(encoded, text, bytes, length) {
  return note(encoded, length === text.length ? TYPE.JSON_ASCII : TYPE.JSON_UTF8, bytes, length);
}

/* Throws a SyntaxError if the text is not JSON. */
function readJson(type, bytes, length) {
  return parse(
    type === TYPE.JSON_ASCII
      ? latin1Slice.call(bytes, 0, length)
      : utf8Slice.call(bytes, 0, length),
  );
}

function writeString(text, scratch, encoded) {
  if (isLatin1(text)) {
    const bytes = bytesFor(text.length, scratch);
    latin1Write.call(bytes, text, 0, text.length);
    return note(encoded, TYPE.LATIN1, bytes, text.length);
  }
  const length = 2 * text.length;
  const bytes = bytesFor(length, scratch);
  ucs2Write.call(bytes, text, 0, length);
  return note(encoded, TYPE.UTF16, bytes, length);
}

const readLatin1 = (bytes, length) => latin1Slice.call(bytes, 0, length);
const readUtf16 = (bytes, length) => ucs2Slice.call(bytes, 0, length);

const SHORT = 24;
const WIDE = /[\u0100-\uffff]/;

/* A loop is faster for a short text; the expression returns at once for V8's one-byte strings. */
function isLatin1(text) {
  if (text.length > SHORT) return !WIDE.test(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return false;
  return true;
}

module.exports = {
  bytesFor,
  isLatin1,
  note,
  readJson,
  readLatin1,
  readUtf16,
  writeJson,
  writeString,
};
