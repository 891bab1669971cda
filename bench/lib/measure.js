/*
 * Times one small operation in this process: nanoseconds a call, the median of many batches.
 */
'use strict';

const { median } = require('./numbers');

const WARM_UP = 200e6; /* ns */
const BATCH = 10e6; /* ns */
const BATCHES = 15;

/* Escapes, so what is stored here must have been computed. */
const sink = new Array(64).fill(undefined);
globalThis.benchSink = sink;

/* Nanoseconds that `calls` calls of run(argument) take, the arguments in turn. */
function batch(run, args, calls) {
  const mask = args.length - 1;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) sink[i & 63] = run(args[i & mask]);
  return Number(process.hrtime.bigint() - begin);
}

/*
 * run() is called with each of `args` in turn, whose number is a power of two; what it returns is
 * kept for a while.
 */
function measure(run, args) {
  let calls = args.length;
  for (let spent = 0; spent < WARM_UP;) {
    const took = batch(run, args, calls);
    spent += took;
    const perBatch = Math.ceil((BATCH / took) * calls);
    calls = Math.min(Math.max(perBatch, 1), calls * 4);
  }
  const times = Array.from({ length: BATCHES }, () => batch(run, args, calls) / calls);
  return median(times);
}

module.exports = { measure };
