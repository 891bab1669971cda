/*
 * One of several processes that run the same code at the same time.
 *
 *     racer.js <module> <name> <JSON of arguments>        (forked by race.js)
 *
 * The module exports `racers`: name -> a function of the arguments that returns the function to call. All
 * processes begin to call it at the same moment, and call it up to another moment, or a number of times.
 */
'use strict';

const { now } = require('./measure');

const WARM_UP = 20_000; /* calls */
const UNLOOKED = 64; /* calls between two reads of the clock */

const [, , file, name, args] = process.argv;
const run = require(file).racers[name](...JSON.parse(args));

function times(calls) {
  for (let i = 0; i < calls; i++) run();
  return calls;
}

function until(end) {
  let count = 0;
  while (now() < end) count += times(UNLOOKED);
  return count;
}

process.on('message', ({ begin, end, calls }) => {
  while (now() < begin);
  const count = end === undefined ? times(calls) : until(end);
  process.send({ count, ended: now() });
});
process.on('disconnect', () => process.exit(0));

times(WARM_UP);
process.send('ready');
