/*
 * Strings and JSON text as bytes. Writers put them into the room that is given, or, where it is too
 * small, into a fresh Buffer, and note type, bytes and length in `encoded`, which they return.
 */
'use strict';

const { TYPE } = require('./types');

const { latin1Slice, latin1Write, ucs2Slice, ucs2Write, utf8Slice, utf8Write } = Buffer.prototype;

/* Memory for that many bytes. */
function placeFor(length, room) {
  return length <= room.length ? room : Buffer.allocUnsafeSlow(length);
}

function note(encoded, type, bytes, length) {
  encoded.type = type;
  encoded.bytes = bytes;
  encoded.length = length;
  return encoded;
}

const BRIEF = 512;

/* For a long text, V8 counts the bytes faster than it writes UTF-8, and most are ASCII. */
function writeJson(text, room, encoded) {
  if (text.length <= BRIEF && 3 * text.length <= room.length) {
    return noteJson(encoded, text, room, utf8Write.call(room, text, 0));
  }
  const length = Buffer.byteLength(text);
  const isAscii = length === text.length;
  if (isAscii && length > room.length) {
    return noteJson(encoded, text, Buffer.from(text, 'latin1'), length); // faster than two steps
  }
  const bytes = placeFor(length, room);
  (isAscii ? latin1Write : utf8Write).call(bytes, text, 0, length);
  return noteJson(encoded, text, bytes, length);
}

function noteJson(encoded, text, bytes, length) {
  return note(encoded, length === text.length ? TYPE.JSON_ASCII : TYPE.JSON_UTF8, bytes, length);
}

/* Throws a SyntaxError for what is no JSON. */
function readJson(type, bytes, length) {
  return JSON.parse(
    type === TYPE.JSON_ASCII
      ? latin1Slice.call(bytes, 0, length)
      : utf8Slice.call(bytes, 0, length),
  );
}

function writeString(text, room, encoded) {
  if (isLatin1(text)) {
    const bytes = placeFor(text.length, room);
    latin1Write.call(bytes, text, 0, text.length);
    return note(encoded, TYPE.LATIN1, bytes, text.length);
  }
  const length = 2 * text.length;
  const bytes = placeFor(length, room);
  ucs2Write.call(bytes, text, 0, length);
  return note(encoded, TYPE.UTF16, bytes, length);
}

const readLatin1 = (bytes, length) => latin1Slice.call(bytes, 0, length);
const readUtf16 = (bytes, length) => ucs2Slice.call(bytes, 0, length);

const SHORT = 24;
const WIDE = /[\u0100-\uffff]/;

/* A look at each character of a short one; the expression knows at once of V8's one-byte strings. */
function isLatin1(text) {
  if (text.length > SHORT) return !WIDE.test(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return false;
  return true;
}

module.exports = { note, placeFor, readJson, readLatin1, readUtf16, writeJson, writeString };
