/*
 * One of two processes on one lock: contender.js <way> <file> <ms>. After a message it locks and unlocks
 * for that time, and sends back how often.
 */
'use strict';

const { pairOn } = require('./lock-pairs');

const [, , name, file, ms] = process.argv;
const pair = pairOn(name, file);
for (let i = 0; i < 20000; i++) pair();

process.on('message', () => {
  const until = performance.now() + Number(ms);
  let count = 0;
  while (performance.now() < until) {
    for (let i = 0; i < 64; i++) pair();
    count += 64;
  }
  process.send(count);
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
