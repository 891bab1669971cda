/*
 * One of several processes that scan the same file. It keeps the file until it is killed.
 *
 *     scanner.js <way> <file>        (forked by mmap.js)
 */
'use strict';

const fs = require('node:fs');

const { Mmap } = require('../..');
const { proportional } = require('./memory');

const CACHE_LINE = 64;

const WAYS = {
  nothing: () => Buffer.alloc(0),
  mapped: (file) => new Mmap({ file }).buffer,
  read: (file) => fs.promises.readFile(file),
};

let bytes; /* kept, so that the measured memory is not collected */

async function main([way, file]) {
  bytes = await WAYS[way](file);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += CACHE_LINE) sum = (sum + bytes[i]) | 0;
  process.on('message', () => process.send({ memory: proportional() }));
  process.send({ sum });
}

process.on('disconnect', () => process.exit(0));
process.on('error', () => process.exit(1)); /* the parent has ended */
main(process.argv.slice(2));
