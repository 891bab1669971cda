/*
 * The clock, timers and task queues, as they are when the package is loaded. Test runners replace
 * them with fakes that stand still (jest.useFakeTimers, sinon); waits must time out all the same.
 */
'use strict';

const { performance } = require('node:perf_hooks');
const process = require('node:process');
const timers = require('node:timers');

const now = performance.now.bind(performance); /* ms, monotonic */
const wallNow = Date.now; /* ms since 1970 */
const nextTick = process.nextTick.bind(process);
const { clearInterval, clearTimeout, setInterval, setTimeout } = timers;
const { queueMicrotask } = globalThis;

const LONGEST_TIMER = 2 ** 31 - 1; /* ms; Node fires longer ones at once */

/* The most ms of one wait in C: worker.terminate() and process.exit() take effect between two. */
const SLICE = 20;

/* The same for a call that has waited for `waited` ms: it is ended after a quarter more of its time. Each
 * wake of an idle thread takes 0.1 ms of the processor, so the slices grow. */
const LONG_SLICE = 250;
const sliceAfter = (waited) => Math.min(Math.max(waited / 4, SLICE), LONG_SLICE);

module.exports = {
  LONGEST_TIMER,
  SLICE,
  clearInterval,
  clearTimeout,
  nextTick,
  now,
  queueMicrotask,
  setInterval,
  setTimeout,
  sliceAfter,
  wallNow,
};
