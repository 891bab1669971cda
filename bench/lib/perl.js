/*
 * Times perl's own functions, in a perl beside this process: pack and unpack (perl-pack.pl), and
 * Storable (perl-storable.pl).
 */
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

/*
 * Resolves with a function like that of timer() in measure.js; with undefined if there is no perl.
 * `values`: one line each.
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
  child.stdin.on('error', () => {}); /* perl has ended, and so do its lines */
  child.stdin.write(`${values.join('\n')}\n\n`, 'latin1');
  /* Without a first line a module is missing; perl has printed its name. */
  if ((await lines.next()).done) return undefined;
  return async () => {
    child.stdin.write('turn\n');
    const { value, done } = await lines.next();
    if (done) throw new Error('perl ended');
    return Number(value);
  };
}

/* `lists`: the values of each call. Strings in them contain no white space. */
const perlTimer = (operation, template, lists) =>
  timerOf(
    'perl-pack.pl',
    [operation, template],
    lists.map((values) => values.join(' ')),
  );

/* freeze + thaw of each of `values`, which JSON can represent. */
const storableTimer = (values) =>
  timerOf(
    'perl-storable.pl',
    [],
    values.map((v) => JSON.stringify(v)),
  );

module.exports = { perlTimer, storableTimer };
