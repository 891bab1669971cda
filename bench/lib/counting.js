/*
 * A counter in shared memory that several processes increment under one lock, with plain stores. It is
 * exact if the lock works.
 */
'use strict';

const fs = require('node:fs');

const { Mmap } = require('../..');
const { peer } = require('./peers');
const { SHARED_MUTEX, openMutex } = require('./region-ways');

/* name -> a function of { map, place, work } that returns what to call: it takes the lock, does the work,
 * and releases the lock */
const WAYS = {
  'lock(); unlock()':
    ({ map, work }) =>
    () => {
      map.lock();
      work();
      map.unlock();
    },
  'lock().release()':
    ({ map, work }) =>
    () => {
      const guard = map.lock();
      work();
      guard.release();
    },
  'fs-ext'({ place, work }) {
    const { flockSync } = peer('fs-ext');
    const fd = fs.openSync(place, 'r+');
    return () => {
      flockSync(fd, 'ex');
      work();
      flockSync(fd, 'un');
    };
  },
  'fs-native-extensions'({ place, work }) {
    const { waitForLockSync, unlock } = peer('fs-native-extensions');
    const fd = fs.openSync(place, 'r+');
    return () => {
      waitForLockSync(fd);
      work();
      unlock(fd);
    };
  },
  [SHARED_MUTEX]({ place, work }) {
    const mutex = openMutex(place);
    return () => {
      mutex.lock_blocking();
      work();
      mutex.unlock();
    };
  },
};

const wordsOf = ({ buffer }) => new Uint32Array(buffer.buffer, buffer.byteOffset, 1);

/* Work that the compiler cannot remove, some nanoseconds a step. */
function busy(steps) {
  let state = 1;
  for (let i = 0; i < steps; i++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

const racers = {
  count(way, handle, place) {
    const map = new Mmap({ handle });
    const words = wordsOf(map);
    return WAYS[way]({ map, place, work: () => words[0]++ });
  },
  /* without a way: the same work without a lock */
  section(steps, way, handle, place) {
    let kept = 0;
    const work = () => (kept ^= busy(steps));
    return way === undefined ? work : WAYS[way]({ map: new Mmap({ handle }), place, work });
  },
};

module.exports = { WAYS, busy, racers, wordsOf };
