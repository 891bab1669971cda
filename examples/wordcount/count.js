/*
 * Counts words and lines in bytes, as `wc` does in the C locale: a word is a run of bytes that are not
 * ASCII whitespace, and a line ends with a newline. This file does not know files or processes.
 */
'use strict';

const NEWLINE = 10;

/* 1 for whitespace, 0 for the bytes of words. */
const SPACE = new Uint8Array(256);
for (const character of ' \t\n\v\f\r') SPACE[character.charCodeAt(0)] = 1;

const isSpace = (byte) => SPACE[byte] === 1;

/*
 * The words that begin in `bytes`, and the lines that end in it. `afterSpace`: whether the byte before
 * the first one is whitespace, or there is none; the result has it for the next slice. No branch depends
 * on whether a byte is whitespace, because no processor can predict that in text.
 */
function count(bytes, afterSpace) {
  let words = 0;
  let lines = 0;
  let before = afterSpace ? 1 : 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    const space = SPACE[byte];
    words += before & ~space;
    lines += byte === NEWLINE ? 1 : 0;
    before = space;
  }
  return { words, lines, afterSpace: before === 1 };
}

/* The first byte of the share of worker `index` of `workers`. The share ends where the next one begins. */
const shareStart = (size, index, workers) => Math.floor((size / workers) * index);

/* [start, end) of one worker's share. */
function share(size, index, workers) {
  const end = index + 1 === workers ? size : shareStart(size, index + 1, workers);
  return { start: shareStart(size, index, workers), end };
}

module.exports = { count, isSpace, share };
