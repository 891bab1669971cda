/*
 * One operation on one of 1,024 keys of a dictionary, in each way there is: SharedMap, what other languages
 * and packages have, and a Map of one process. Each way resolves with a timer as of measure.js; with
 * undefined if it is absent, or has no such operation.
 */
'use strict';

const path = require('node:path');

const { SharedMap } = require('../..');
const { asyncTimer, timer } = require('./measure');
const { coreTimer } = require('./map-core');
const { nginxTimer } = require('./map-nginx');
const { outsideTimer } = require('./outside');
const { people, person } = require('./objects');
const { peer } = require('./peers');
const { startRedis } = require('./redis');
const { temporary } = require('./files');

const KEYS = 1024;
const CAPACITY = 64 * 1024 * 1024;
const TEXT = 'x'.repeat(100);

/* A key of 16 bytes, as one flat string. */
const keyOf = (index) => Buffer.from(`key:${String(index).padStart(12, '0')}`).latin1Slice();

const keys = Array.from({ length: KEYS }, (_, index) => keyOf(index));

/* operation -> the value of each key before it */
const FILLS = {
  'get-number': () => 1,
  'get-text': () => TEXT,
  'get-object': person,
  'set-number': () => 1,
  'set-text': () => TEXT,
  increment: () => 1,
  'delete-set': () => TEXT,
};

function filled(dictionary, operation) {
  keys.forEach((key, index) => dictionary.set(key, FILLS[operation](index)));
  return dictionary;
}

/* The operations of an object that is shaped like Map. */
const MAP_LIKE = {
  'get-number': (map) => (key) => map.get(key),
  'get-text': (map) => (key) => map.get(key),
  'get-object': (map) => (key) => map.get(key),
  'set-number': (map) => (key) => map.set(key, 7),
  'set-text': (map) => (key) => map.set(key, TEXT),
  'delete-set': (map) => (key) => {
    map.delete(key);
    return map.set(key, TEXT);
  },
};

/* `cache`: as the option of SharedMap. */
function sharedMap(operation, cache) {
  const map = filled(new SharedMap(CAPACITY, { cache }), operation);
  const run = operation === 'increment' ? (key) => map.increment(key) : MAP_LIKE[operation](map);
  return timer(run, keys);
}

function plainMap(operation) {
  const map = filled(new Map(), operation);
  const increment = (key) => map.set(key, map.get(key) + 1);
  return timer(operation === 'increment' ? increment : MAP_LIKE[operation](map), keys);
}

function lmdb(operation) {
  const package_ = peer('lmdb');
  if (package_ === undefined) return undefined;
  const file = temporary('data.mdb', { inMemory: true });
  const database = package_.open({ path: file, noSync: true });
  const dictionary = {
    get: (key) => database.get(key),
    set: (key, value) => database.putSync(key, value),
    delete: (key) => database.removeSync(key),
  };
  database.transactionSync(() => filled(dictionary, operation));
  const increment = (key) => {
    database.transactionSync(() => database.putSync(key, database.get(key) + 1));
  };
  return timer(operation === 'increment' ? increment : MAP_LIKE[operation](dictionary), keys);
}

const REDIS = {
  'get-number': (client) => async (key) => Number(await client.get(key)),
  'get-text': (client) => (key) => client.get(key),
  'get-object': (client) => async (key) => JSON.parse(await client.get(key)),
  'set-number': (client) => (key) => client.set(key, 7),
  'set-text': (client) => (key) => client.set(key, TEXT),
  increment: (client) => (key) => client.incr(key),
  'delete-set': (client) => async (key) => {
    await client.del(key);
    return client.set(key, TEXT);
  },
};

async function redis(operation) {
  const Redis = peer('ioredis');
  const socket = Redis === undefined ? undefined : await startRedis();
  if (socket === undefined) return undefined;
  const client = new Redis({ path: socket });
  const textOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : value);
  const all = keys.flatMap((key, index) => [key, textOf(FILLS[operation](index))]);
  await client.mset(...all);
  return asyncTimer(REDIS[operation](client), keys);
}

const script = (name) => path.join(__dirname, name);

function apcu(operation) {
  process.env.BENCH_OBJECT = JSON.stringify(person(0));
  const settings = ['apc.enable_cli=1', 'apc.shm_size=64M'].flatMap((text) => ['-d', text]);
  return outsideTimer('php', [...settings, script('map-apcu.php'), operation]);
}

const hasObject = (operation) => operation === 'get-object';

function fastMmap(operation) {
  if (hasObject(operation)) return undefined;
  const file = temporary('cache', { inMemory: true });
  return outsideTimer('perl', [script('map-fastmmap.pl'), operation, file]);
}

/* The measure for an object: its text is there already. */
function parseAlone(operation) {
  if (!hasObject(operation)) return undefined;
  const texts = people(KEYS).map((one) => JSON.stringify(one));
  return timer((text) => JSON.parse(text), texts);
}

const WAYS = {
  SharedMap: (operation) => sharedMap(operation, 0),
  'in C': (operation) => (hasObject(operation) ? undefined : coreTimer(operation)),
  'JSON.parse': parseAlone,
  APCu: apcu,
  'ngx.shared.DICT': nginxTimer,
  'Cache::FastMmap': fastMmap,
  lmdb,
  Redis: redis,
  Map: plainMap,
};

/* Reading keys that do not change, with the cache of each process. */
const HOT = {
  number: { fill: 'get-number', read: (map) => (key) => map.get(key) },
  '100 B string': { fill: 'get-text', read: (map) => (key) => map.get(key) },
  'object, peek()': { fill: 'get-object', read: (map) => (key) => map.peek(key) },
};

function hotTimer(name) {
  const { fill, read } = HOT[name];
  const map = filled(new SharedMap(CAPACITY), fill);
  return timer(read(map), keys);
}

/* Numbers that are random enough to choose keys by. */
function chooser(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const racers = {
  get(handle) {
    const map = SharedMap.attach(handle, { cache: 0 });
    const choose = chooser(process.pid);
    return () => map.get(keys[choose() % KEYS]);
  },
  /* One of ten is a set. */
  mixed(handle) {
    const map = SharedMap.attach(handle);
    const choose = chooser(process.pid);
    return () => {
      const chance = choose();
      const key = keys[(chance >>> 4) % KEYS];
      return chance % 10 === 0 ? map.set(key, TEXT) : map.get(key);
    };
  },
};

/* A map for the racers. */
const mapOfTexts = () => filled(new SharedMap(CAPACITY), 'get-text');

module.exports = { HOT, TEXT, WAYS, chooser, hotTimer, keyOf, mapOfTexts, racers };
