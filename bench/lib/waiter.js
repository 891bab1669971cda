/*
 * A process that waits for the lock of a region after each message, and sends back when it got the lock.
 * Or it only sleeps.
 *
 *     waiter.js <handle> sync|async|sleep        (forked by region-lock.js)
 */
'use strict';

const { Mmap } = require('../..');
const { now } = require('./measure');

const [, , handle, how] = process.argv;
const map = new Mmap({ handle, timeout: 60_000 });

async function wait() {
  const guard = how === 'sync' ? map.lock() : await map.lockAsync();
  const at = now();
  const { recovered } = guard;
  guard.release();
  process.send({ at, recovered });
}

process.on('message', wait);
process.on('disconnect', () => process.exit(0));
process.send('ready');
