/*
 * A process that waits for the lock of a region after each message, and sends back when it got the lock
 * and the processor time of the wait. Or it only sleeps, as a waiter does.
 *
 *     waiter.js <handle> sync|async|sleep        (forked by region-lock.js)
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

/* The cost of this many sleeps of the system alone. */
function sleep({ each, ms }) {
  const before = process.cpuUsage();
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (let rest = ms; rest > 0; rest -= each) Atomics.wait(word, 0, 0, Math.min(each, rest));
  const { user, system } = process.cpuUsage(before);
  process.send({ used: user + system });
}

process.on('message', (message) => (message === 'wait' ? wait() : sleep(message)));
process.on('disconnect', () => process.exit(0));
process.send('ready');
