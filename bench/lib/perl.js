/*
 * Times what perl has itself, in a perl beside this process: pack and unpack (perl-pack.pl), and
 * Storable (perl-storable.pl).
 */
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

/*
 * A promise of a function like that of measure.js's timer, or of undefined where there is no perl.
 * `values`: a line each.
 */
async function timerOf(script, args, values) {
  const child = spawn('perl', [path.join(__dirname, script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(child, 'spawn');
  } catch {
    return undefined;
  }
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => {}); /* it has ended, and so have its lines */
  child.stdin.write(`${values.join('\n')}\n\n`, 'latin1');
  if ((await lines.next()).done) return undefined; /* a module is missing; it has said which */
  return async () => {
    child.stdin.write('turn\n');
    const { value, done } = await lines.next();
    if (done) throw new Error('perl ended');
    return Number(value);
  };
}

/* `lists` are the values of each call; strings in them hold no white space. */
const perlTimer = (operation, template, lists) =>
  timerOf(
    'perl-pack.pl',
    [operation, template],
    lists.map((values) => values.join(' ')),
  );

/* freeze + thaw of each of `values`, which JSON has. */
const storableTimer = (values) =>
  timerOf(
    'perl-storable.pl',
    [],
    values.map((v) => JSON.stringify(v)),
  );

module.exports = { perlTimer, storableTimer };
