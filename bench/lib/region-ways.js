/*
 * One lock + unlock of memory without a file, in each way there is, and in each way of the peers.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { Mmap, Share } = require('../..');
const { temporary } = require('./files');
const { pairOn } = require('./lock-pairs');
const { peer } = require('./peers');

const SIZE = 4096;
const SHARED_MUTEX = '@markusjx/shared_mutex';
const CAS = 'compareExchange twice';
const FILE_LOCKS = ['fs-ext', 'fs-native-extensions'];

const nothing = () => undefined;

/* name -> a function of an object with a lock */
const CALLS = {
  'lock().release()': (object) => () => object.lock().release(),
  'lock(); unlock()': (object) => () => {
    object.lock();
    object.unlock();
  },
  'withLock(fn)': (object) => () => object.withLock(nothing),
  'tryLock().release()': (object) => () => object.tryLock().release(),
};
const OBJECTS = { Mmap: () => new Mmap({ size: SIZE }), Share: () => new Share(SIZE) };

const OURS = Object.keys(OBJECTS).flatMap((kind) =>
  Object.keys(CALLS).map((call) => `${kind}: ${call}`),
);

/*
 * The locks of the peers: what all processes open, and how it is removed once all processes have it open,
 * or when this process ends.
 */
const PLACES = {
  file: {
    make() {
      const file = temporary('lock', { inMemory: true });
      fs.writeFileSync(file, Buffer.alloc(SIZE));
      return file;
    },
    forget: (file) => fs.rmSync(file, { force: true }),
  },
  semaphore: {
    make() {
      const name = path.basename(path.dirname(temporary('lock', { inMemory: true })));
      process.on('exit', () => PLACES.semaphore.forget(name));
      return name;
    },
    forget: (name) => fs.rmSync(`/dev/shm/sem.${name}`, { force: true }),
  },
};

/* Closing would complain about a removed name, so this process ends before that. */
function openMutex(name) {
  const { sharedMutex } = peer(SHARED_MUTEX);
  process.on('exit', () => process.kill(process.pid, 'SIGKILL'));
  return new sharedMutex(name);
}

const PEERS = {
  ...Object.fromEntries(
    FILE_LOCKS.map((name) => [name, { place: PLACES.file, open: (file) => pairOn(name, file) }]),
  ),
  [SHARED_MUTEX]: {
    place: PLACES.semaphore,
    open(name) {
      const mutex = openMutex(name);
      return () => {
        mutex.lock_blocking();
        mutex.unlock();
      };
    },
  },
};

function compareExchangeTwice() {
  const word = new Int32Array(new SharedArrayBuffer(4));
  return () => {
    Atomics.compareExchange(word, 0, 0, 1);
    Atomics.compareExchange(word, 0, 1, 0);
  };
}

/* The function to measure on a free lock; undefined: the package is absent. */
function freePair(name) {
  if (name === CAS) return compareExchangeTwice();
  if (name in PEERS) {
    const { place, open } = PEERS[name];
    return peer(name) === undefined ? undefined : open(place.make());
  }
  const [kind, call] = name.split(': ');
  return CALLS[call](OBJECTS[kind]());
}

module.exports = { CAS, FILE_LOCKS, OURS, PEERS, SHARED_MUTEX, freePair, openMutex };
