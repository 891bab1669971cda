/*
 * Waits for a condition that another process fulfils, by polling.
 */
'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

const PATIENCE = 30_000; /* ms */
const GLANCE = 2; /* ms */

/* Resolves with the first truthy result of `look()`. After the PATIENCE it rejects with an error that
 * names `what`. */
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
