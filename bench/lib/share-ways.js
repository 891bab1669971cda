/*
 * Setting one value and getting it again, in each way in which other processes or threads can see it.
 * Each way is a function that returns (a promise of) a function of a value that returns the value, or
 * undefined if the way is absent.
 */
'use strict';

const fs = require('node:fs');
const v8 = require('node:v8');

const { Mmap, Share } = require('../..');
const { answer, start } = require('./children');
const { makeCodec } = require('../../lib/codec/codec');
const { temporary } = require('./files');
const { peer } = require('./peers');
const { startRedis } = require('./redis');

const SMALL = 4096; /* bytes */
const LARGE = 4 * 2 ** 20;

/* The measure for all others: to bytes, and back. */
function json() {
  return (value) => {
    const bytes = Buffer.from(JSON.stringify(value), 'latin1');
    return JSON.parse(bytes.latin1Slice(0, bytes.length));
  };
}

/* A codec of mmapipc, into memory of this process and out of it. */
function bare(codec) {
  const { encode, decode } = boundTo(makeCodec(codec));
  const scratch = Buffer.alloc(LARGE);
  return (value) => {
    const { type, bytes, length } = encode(value, scratch);
    return decode(type, bytes, length);
  };
}

const boundTo = (codec) => ({
  encode: (value, room) => codec.encode(value, room),
  decode: (type, bytes, length) => codec.decode(type, bytes, length),
});

function share(codec, capacity = LARGE) {
  const shared = new Share(capacity, { codec });
  return (value) => {
    shared.set(value);
    return shared.get();
  };
}

/* As a user would write it: the length and UTF-8 in a mapped file, under the lock of another package. */
function lockedFile() {
  const fsExt = peer('fs-ext');
  if (fsExt === undefined) return undefined;
  const file = temporary('value', { inMemory: true });
  const { buffer } = new Mmap({ file, size: SMALL, readOnly: false });
  const fd = fs.openSync(file, 'r+');
  return (value) => {
    fsExt.flockSync(fd, 'ex');
    buffer.writeUInt32LE(buffer.write(JSON.stringify(value), 4), 0);
    fsExt.flockSync(fd, 'un');
    fsExt.flockSync(fd, 'sh');
    const text = buffer.toString('utf8', 4, 4 + buffer.readUInt32LE(0));
    fsExt.flockSync(fd, 'un');
    return JSON.parse(text);
  };
}

/* For threads of one process only, and without a lock. */
function threads() {
  const memory = new SharedArrayBuffer(SMALL);
  const bytes = new Uint8Array(memory);
  return (value) => {
    const encoded = v8.serialize(value);
    bytes.set(encoded);
    return v8.deserialize(Buffer.from(bytes.subarray(0, encoded.length)));
  };
}

function lmdb() {
  const package_ = peer('lmdb');
  if (package_ === undefined) return undefined;
  const path = temporary('data.mdb', { inMemory: true });
  const database = package_.open({ path, noSync: true });
  return (value) => {
    database.putSync('value', value);
    return database.get('value');
  };
}

/* To a child process, which sends it back. */
async function message() {
  const child = start('echo.js');
  await answer(child);
  let settle;
  child.on('message', (value) => settle(value));
  return (value) =>
    new Promise((resolve) => {
      settle = resolve;
      child.send(value);
    });
}

async function redis() {
  const Redis = peer('ioredis');
  const path = Redis === undefined ? undefined : await startRedis();
  if (path === undefined) return undefined;
  const client = new Redis({ path });
  return async (value) => {
    await client.set('value', JSON.stringify(value));
    return JSON.parse(await client.get('value'));
  };
}

const racers = {
  get(handle) {
    const shared = Share.attach(handle, { codec: 'json' });
    return () => shared.get();
  },
};

module.exports = { bare, json, lmdb, lockedFile, message, racers, redis, share, threads };
