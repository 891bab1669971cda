/*
 * A process with this much memory, all of it touched, that takes the lock of a region and holds it until
 * it is killed.
 *
 *     holder.js <handle> <bytes>        (forked by region-lock.js)
 */
'use strict';

const fs = require('node:fs');

const { Mmap } = require('../..');

const CHUNK = 64 * 2 ** 20;

const [, , handle, bytes] = process.argv;

/* If memory runs out, the system should end this process. */
function volunteer() {
  try {
    fs.writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    /* the system does not have it */
  }
}

process.on('disconnect', () => process.exit(0));

volunteer();
const kept = [];
for (let rest = Number(bytes); rest > 0; rest -= CHUNK) {
  kept.push(Buffer.allocUnsafeSlow(Math.min(rest, CHUNK)).fill(1));
}
const map = new Mmap({ handle });
const guard = map.lock();
globalThis.benchKept = { kept, map, guard }; /* so that nothing is collected */
process.send('held');
