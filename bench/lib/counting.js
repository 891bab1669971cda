/*
 * A counter in shared memory that several processes increment under one lock, by a plain store: it is
 * exact if the lock is one.
 */
'use strict';

const fs = require('node:fs');

const { Mmap } = require('../..');
const { peer } = require('./peers');
const { SHARED_MUTEX, openMutex } = require('./region-ways');

/* of { map, place, words }: what takes the lock, increments, and gives it back */
const WAYS = {
  'lock(); unlock()':
    ({ map, words }) =>
    () => {
      map.lock();
      words[0]++;
      map.unlock();
    },
  'lock().release()':
    ({ map, words }) =>
    () => {
      const guard = map.lock();
      words[0]++;
      guard.release();
    },
  'fs-ext'({ place, words }) {
    const { flockSync } = peer('fs-ext');
    const fd = fs.openSync(place, 'r+');
    return () => {
      flockSync(fd, 'ex');
      words[0]++;
      flockSync(fd, 'un');
    };
  },
  'fs-native-extensions'({ place, words }) {
    const { waitForLockSync, unlock } = peer('fs-native-extensions');
    const fd = fs.openSync(place, 'r+');
    return () => {
      waitForLockSync(fd);
      words[0]++;
      unlock(fd);
    };
  },
  [SHARED_MUTEX]({ place, words }) {
    const mutex = openMutex(place);
    return () => {
      mutex.lock_blocking();
      words[0]++;
      mutex.unlock();
    };
  },
};

const wordsOf = ({ buffer }) => new Uint32Array(buffer.buffer, buffer.byteOffset, 1);

/* Work that no optimiser leaves out, some nanoseconds a step. */
function busy(steps) {
  let state = 1;
  for (let i = 0; i < steps; i++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

const racers = {
  count(way, handle, place) {
    const map = new Mmap({ handle });
    return WAYS[way]({ map, place, words: wordsOf(map) });
  },
  /* without a handle: the same work without a lock */
  section(steps, handle) {
    const map = handle === undefined ? undefined : new Mmap({ handle });
    let kept = 0;
    const locked = () => {
      const guard = map.lock();
      kept ^= busy(steps);
      guard.release();
      return kept;
    };
    const bare = () => (kept ^= busy(steps));
    return map === undefined ? bare : locked;
  },
};

module.exports = { WAYS, busy, racers, wordsOf };
