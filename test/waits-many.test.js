/*
 * Thousands of waits on one object. 30,000 calls of changed() took 36 seconds, as each call went
 * through all waits before it; a signal that ended 10,000 waits for the lock of a file started and
 * stopped a thread for each. The tests count the calls into C, as times vary.
 */
'use strict';

const assert = require('node:assert/strict');

const { Mmap, Share } = require('..');
const binding = require('../lib/native/binding');
const { linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const MANY = 1000;

/* The number of calls of binding[name] while act() runs. */
function callsOf(name, act) {
  const real = binding[name];
  let count = 0;
  binding[name] = (...args) => {
    count++;
    return real(...args);
  };
  try {
    act();
  } finally {
    binding[name] = real;
  }
  return count;
}

const codesOf = async (promises) =>
  new Set(await Promise.all(promises.map((p) => p.catch((e) => e.code))));

/* The same with `object`, whose lock `holder` holds. */
async function abortMany(holder, object, begin) {
  holder.lock();
  const controller = new AbortController();
  const { signal } = controller;
  const wait = () => object.lockAsync({ signal, timeout: Infinity });
  const waits = Array.from({ length: MANY }, wait);
  const last = object.lockAsync();
  const begun = callsOf(begin, () => controller.abort());
  assert.deepEqual(await codesOf(waits), new Set(['ABORT_ERR']));
  assert.ok(begun <= 1, `${begun} waits were begun`);
  holder.unlock();
  (await last).release();
}

describe('a thousand waits of one object', () => {
  const tmp = scratch();

  linuxIt('for a change arm one watch, and all are notified of the change', async () => {
    const share = new Share(64);
    let waits;
    const armed = callsOf('shareListen', () => {
      waits = Array.from({ length: MANY }, () => share.changed());
    });
    assert.equal(armed, 1);
    share.set(1);
    assert.deepEqual(new Set(await Promise.all(waits)), new Set([1]));
    share.close();
  });

  linuxIt('for a region lock end with one signal; the next wait gets the lock', async () => {
    const share = new Share(64);
    const other = Share.attach(share.handle);
    await abortMany(other, share, 'regionLockBegin');
    other.close();
    share.close();
  });

  posixIt('for a file lock end with one signal; the next wait gets the lock', async () => {
    const open = () => new Mmap({ file, size: 64, readOnly: false });
    const file = tmp();
    const [map, other] = [open(), open()];
    await abortMany(other, map, 'lockBegin');
    other.close();
    map.close();
  });
});
