/*
 * Times one small operation in this process.
 */
'use strict';

const WARM_UP = 150e6; /* ns */
const BATCH = 2e6; /* ns: shorter than what a scheduler gives at a time */

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
 * Warms up, and returns a function that times one batch: nanoseconds a call. run() is called with
 * each of `args` equally often, in turn (their number is a power of two); what it returns is kept
 * for a while.
 */
function timer(run, args) {
  let turns = 1;
  for (let spent = 0; spent < WARM_UP;) {
    const took = batch(run, args, turns * args.length);
    spent += took;
    turns = Math.min(Math.max(Math.floor((BATCH / took) * turns), 1), turns * 4);
  }
  const calls = turns * args.length;
  return () => {
    batch(run, args, args.length); /* the caches may be full of somebody else's bytes */
    return batch(run, args, calls) / calls;
  };
}

module.exports = { timer };
