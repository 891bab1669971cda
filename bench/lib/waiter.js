/*
 * A process that waits for the lock of a region each time it is told to, and tells when it had it, and
 * what processor time it took; or only sleeps, as one who waits does.
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

/* What so many sleeps of the system cost by themselves. */
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
