/*
 * Times one small operation in this process: nanoseconds a call, the median of many batches.
 */
'use strict';

const { median } = require('./numbers');

/* Nanoseconds. A batch is shorter than what a scheduler gives at a time, so that on a busy machine
 * most batches run undisturbed. */
const WARM_UP = 200e6;
const BATCH = 2e6;
const TOTAL = 250e6;
const LEAST_BATCHES = 15;

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
 * run() is called with each of `args` equally often, in turn; their number is a power of two. What
 * it returns is kept for a while.
 */
function measure(run, args) {
  let turns = 1;
  for (let spent = 0; spent < WARM_UP;) {
    const took = batch(run, args, turns * args.length);
    spent += took;
    turns = Math.min(Math.max(Math.floor((BATCH / took) * turns), 1), turns * 4);
  }
  const calls = turns * args.length;
  const times = [];
  for (let spent = 0; spent < TOTAL || times.length < LEAST_BATCHES;) {
    const took = batch(run, args, calls);
    spent += took;
    times.push(took / calls);
  }
  return median(times);
}

module.exports = { measure };
