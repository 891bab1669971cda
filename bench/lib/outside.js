/*
 * Timers in other programs, which measure as measure.js does. Such a program prints a line when it is
 * ready; then it answers each line of its standard input with the nanoseconds a call.
 */
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const readline = require('node:readline');

/*
 * Resolves with a function like that of timer() in measure.js; with undefined if the program is absent,
 * or ends before it is ready. `input`: what it reads first.
 */
async function outsideTimer(command, args, input = '') {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(child, 'spawn');
  } catch {
    return undefined;
  }
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => {}); /* the program has ended, and so do its lines */
  if (input !== '') child.stdin.write(input, 'latin1');
  /* Without a first line a part of it is missing; it has printed which. */
  if ((await lines.next()).done) return undefined;
  return async () => {
    child.stdin.write('turn\n');
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended`);
    return Number(value);
  };
}

module.exports = { outsideTimer };
