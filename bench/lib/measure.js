/*
 * Times one small operation in this process.
 */
'use strict';

const WARM_UP = 400e6; /* ns: V8 optimizes in another thread, which a busy machine delays */
const BATCH = 2e6; /* ns: shorter than a time slice of the scheduler */

/* It escapes, so the compiler cannot remove the computation of values that are stored in it. */
const sink = new Array(64).fill(undefined);
globalThis.benchSink = sink;

/* Nanoseconds of a clock that all processes of the system share. */
const now = () => Number(process.hrtime.bigint());

/* The nanoseconds that `calls` calls of run(argument) take, with the arguments in turn. */
function batch(run, args, calls) {
  const mask = args.length - 1;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) sink[i & 63] = run(args[i & mask]);
  return Number(process.hrtime.bigint() - begin);
}

async function batchAsync(run, args, calls) {
  const mask = args.length - 1;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) sink[i & 63] = await run(args[i & mask]);
  return Number(process.hrtime.bigint() - begin);
}

/* How many times `args` fit into a batch, if `turns` times took this long. */
const fitting = (turns, took) =>
  Math.min(Math.max(Math.floor((BATCH / took) * turns), 1), turns * 4);

/*
 * Warms up, and returns a function that times one batch, in nanoseconds a call. run() is called with
 * each of `args` equally often, in turn (their number is a power of two). Its results are kept for a
 * while.
 */
function timer(run, args) {
  let turns = 1;
  for (let spent = 0; spent < WARM_UP;) {
    const took = batch(run, args, turns * args.length);
    spent += took;
    turns = fitting(turns, took);
  }
  const calls = turns * args.length;
  return () => {
    batch(run, args, args.length); /* the caches may hold the bytes of another process */
    return batch(run, args, calls) / calls;
  };
}

/* Resolves with the same for a run() that returns a promise: one call at a time. */
async function asyncTimer(run, args) {
  let turns = 1;
  for (let spent = 0; spent < WARM_UP;) {
    const took = await batchAsync(run, args, turns * args.length);
    spent += took;
    turns = fitting(turns, took);
  }
  const calls = turns * args.length;
  return async () => {
    await batchAsync(run, args, args.length);
    return (await batchAsync(run, args, calls)) / calls;
  };
}

/* A measurement that takes long, and so is made in the first `times` turns of a process only. */
function rarely(times, measure) {
  let left = times;
  return () => (left-- > 0 ? measure() : {});
}

module.exports = { WARM_UP, asyncTimer, fitting, now, rarely, timer };
