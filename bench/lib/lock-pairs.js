/*
 * One exclusive lock + unlock of a whole file, in the shortest way of each package.
 */
'use strict';

const fs = require('node:fs');

const { Mmap } = require('../..');
const { peer } = require('./peers');

/* name -> a function of a file that returns the function to measure; undefined: the package is absent */
const PAIRS = {
  'lock, unlock'(file) {
    const map = new Mmap({ file, readOnly: false });
    return () => {
      map.lock();
      map.unlock();
    };
  },
  'lock, guard.release'(file) {
    const map = new Mmap({ file, readOnly: false });
    return () => map.lock().release();
  },
  'fs-ext'(file) {
    const fsExt = peer('fs-ext');
    if (fsExt === undefined) return undefined;
    const fd = fs.openSync(file, 'r+');
    return () => {
      fsExt.flockSync(fd, 'ex');
      fsExt.flockSync(fd, 'un');
    };
  },
  'fs-native-extensions'(file) {
    const extensions = peer('fs-native-extensions');
    if (extensions === undefined) return undefined;
    const fd = fs.openSync(file, 'r+');
    return () => {
      while (!extensions.tryLock(fd)) extensions.waitForLockSync?.(fd);
      extensions.unlock(fd);
    };
  },
};

const pairOn = (name, file) => PAIRS[name](file);

module.exports = { PAIRS, pairOn };
