/*
 * A process that waits for the lock of a region each time it is told to, and tells when it had it, and
 * what processor time it took.
 *
 *     waiter.js <handle> sync|async        (forked by region-lock.js)
 */
'use strict';

const { Mmap } = require('../..');
const { now } = require('./measure');

const [, , handle, how] = process.argv;
const map = new Mmap({ handle, timeout: 60_000 });

async function wait() {
  const before = process.cpuUsage();
  const guard = how === 'sync' ? map.lock() : await map.lockAsync();
  const at = now();
  const { user, system } = process.cpuUsage(before);
  const { recovered } = guard;
  guard.release();
  process.send({ at, recovered, used: user + system });
}

process.on('message', wait);
process.on('disconnect', () => process.exit(0));
process.send('ready');
