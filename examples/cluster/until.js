/*
 * Waits for what another process does, by looking.
 */
'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

const PATIENCE = 30_000; /* ms */
const GLANCE = 2; /* ms */

/* The first result of `look()` that is true; an error that says `what` did not come. */
async function until(what, look) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const result = await look();
    if (result) return result;
    if (performance.now() >= end) throw new Error(`${what}: not within ${PATIENCE / 1000} s`);
    await sleep(GLANCE);
  }
}

module.exports = { until };
