/*
 * Times perl's own pack and unpack, in a perl beside this process (perl-pack.pl).
 */
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

/*
 * A promise of a function like that of measure.js's timer, or of undefined where there is no perl.
 * `lists` are the values of each call; strings in them hold no white space.
 */
async function perlTimer(operation, template, lists) {
  const script = path.join(__dirname, 'perl-pack.pl');
  const child = spawn('perl', [script, operation, template], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(child, 'spawn');
  } catch {
    return undefined;
  }
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => {}); /* it has ended, and so have its lines */
  child.stdin.write(`${lists.map((values) => values.join(' ')).join('\n')}\n\n`, 'latin1');
  if ((await lines.next()).done) return undefined; /* a module is missing; it has said which */
  return async () => {
    child.stdin.write('turn\n');
    const { value, done } = await lines.next();
    if (done) throw new Error('perl ended');
    return Number(value);
  };
}

module.exports = { perlTimer };
