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
  wallNow,
};
