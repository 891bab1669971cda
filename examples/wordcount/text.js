/*
 * Creates a large text file with a known number of words, fast: it writes one block of invented lines
 * again and again. The same size gives the same text.
 */
'use strict';

const fs = require('node:fs/promises');

const BLOCK = 1_000_000; /* bytes, at least */
const WORDS = 'a be sea moon river harbour lighthouse weather-beaten constellation'.split(' ');
const GAPS = [...Array(12).fill(' '), '  ', '\t', '\n', '\r\n', '\n\n'];

/* A block that ends with a newline, and its counts, taken while it is created. */
function makeBlock() {
  const parts = [];
  let [words, lines, bytes, state] = [0, 0, 0, 1];
  const pick = (list) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)];
  };
  while (bytes < BLOCK) {
    const word = pick(WORDS);
    const gap = bytes + 100 < BLOCK ? pick(GAPS) : '\n';
    parts.push(word, gap);
    bytes += word.length + gap.length;
    words += 1;
    lines += gap.split('\n').length - 1;
  }
  return { block: Buffer.from(parts.join('')), words, lines };
}

/* Writes at least `bytes` bytes to a new file; resolves with its counts. */
async function makeText(file, bytes, onProgress) {
  const { block, words, lines } = makeBlock();
  const blocks = Math.ceil(bytes / block.length);
  const handle = await fs.open(file, 'wx', 0o600);
  try {
    for (let i = 0; i < blocks; i++) {
      await handle.writeFile(block);
      onProgress(block.length);
    }
  } finally {
    await handle.close();
  }
  return { words: words * blocks, lines: lines * blocks, bytes: block.length * blocks };
}

module.exports = { makeText };
