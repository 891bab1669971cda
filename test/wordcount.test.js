/*
 * The word count example, run as a user runs it, as a separate process.
 */
'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { amount } = require('./support/amounts');

const EXAMPLE = path.join(__dirname, '..', 'examples', 'wordcount.js');

/* Boundaries of the quarters fall into words, into whitespace, between CR and LF, after a word. */
const TEXT = 'one two\tthree\r\nfour\n\n\n  five\vsix\fseven  eight\t\r\n nine-and-more\xe9 ten';

let folder; /* holds the files of a test */
let temporary; /* the folder of temporary files of the example */

function start(...args) {
  const child = spawn(process.execPath, [EXAMPLE, ...args], {
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.err += text));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, ended };
}

const run = (...args) => start(...args).ended;

/* { words, lines, bytes } of the row that begins with `name`. */
function totals(out, name) {
  const row = out.split('\n').find((line) => line.startsWith(name));
  const [words, lines, bytes] = row
    .slice(name.length)
    .match(/[\d,]+/g)
    .map((digits) => Number(digits.replaceAll(',', '')));
  return { words, lines, bytes };
}

function make(name, text) {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text, 'latin1');
  return file;
}

/* The same, computed independently. */
function expected(text) {
  return {
    words: (text.match(/[^ \t\n\v\f\r]+/g) ?? []).length,
    lines: text.split('\n').length - 1,
    bytes: text.length,
  };
}

function hasWc() {
  try {
    execFileSync('wc', [__filename], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function checkFile(text, ...options) {
  const { code, out, err } = await run(...options, make('text', text));
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.deepEqual(totals(out, 'Mmap'), expected(text));
  assert.deepEqual(totals(out, 'fs.readFile'), expected(text));
}

describe('example wordcount', function () {
  this.timeout(60000); /* each run starts many processes */
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mmapipc-test-'));
    temporary = path.join(folder, 'tmp');
    fs.mkdirSync(temporary);
  });

  afterEach(() => {
    assert.deepEqual(fs.readdirSync(temporary), [], 'a temporary file was left');
    fs.rmSync(folder, { recursive: true });
  });

  it('counts a generated text, with the same result in both ways, and prints their cost', async () => {
    const { code, out, err } = await run('--megabytes', '8');
    assert.equal(err, '');
    assert.equal(code, 0);
    const mapped = totals(out, 'Mmap');
    assert.deepEqual(totals(out, 'fs.readFile'), mapped);
    assert.ok(mapped.bytes >= 8e6 && mapped.words > 1e6 && mapped.lines > 1e5, out);
    assert.match(out, /4 workers: .* \(\d+\.\d times the memory, \d+\.\d times the time\)/);
  });

  it('counts words across a boundary once, with any number of workers', async () => {
    for (const workers of amount(['9'], ['1', '2', '4', '9'])) {
      await checkFile(TEXT, '--workers', workers);
    }
  });

  it('counts a file with fewer bytes than workers', async () => {
    await checkFile('a');
    await checkFile(' \n');
  });

  it('counts one word that spans all quarters and several slices', async () => {
    await checkFile('x'.repeat(20_000_000));
  });

  it('counts as wc does', async function () {
    if (!hasWc()) this.skip();
    const text = (TEXT + ' ').repeat(9973) + TEXT;
    await checkFile(text);
    const options = { env: { ...process.env, LC_ALL: 'C' }, encoding: 'utf8' };
    const wc = (flag) => parseInt(execFileSync('wc', [flag, make('text', text)], options), 10);
    assert.equal(wc('-w'), expected(text).words);
    assert.equal(wc('-l'), expected(text).lines);
  });

  it('reports an empty or missing file, and a folder', async () => {
    const cases = [
      [make('empty', ''), /^wordcount: .*empty is empty.*\n$/],
      [path.join(folder, 'missing'), /^wordcount: ENOENT.*missing.*\n$/],
      [folder, /^wordcount: .* is not a file\n$/],
    ];
    for (const [file, message] of cases) {
      const { code, out, err } = await run(file);
      assert.match(err, message);
      assert.equal(out, '');
      assert.equal(code, 1);
    }
  });

  it('reports a wrong option in one line', async () => {
    const cases = [
      ['--wrokers', '4'],
      ['--workers', '0'],
      ['--workers', 'many'],
      ['--megabytes', '1.5'],
      ['--megabytes', '8', 'file'],
      ['one', 'two'],
    ];
    for (const args of cases) {
      const { code, out, err } = await run(...args);
      assert.match(err, /^wordcount: .*--help.*\n$/);
      assert.equal(out, '');
      assert.equal(code, 2);
    }
    const help = await run('--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /--workers N/);
  });

  it('fails when a worker is killed', async function () {
    if (process.platform !== 'linux') this.skip();
    const { child, ended } = start('--megabytes', '64');
    process.kill(await firstWorker(child.pid), 'SIGKILL');
    const { code, out, err } = await ended;
    assert.match(err, /^wordcount: worker \d+ was killed by SIGKILL .*\n$/);
    assert.equal(out, '');
    assert.equal(code, 1);
  });

  it('removes its text when it is interrupted', async function () {
    if (process.platform !== 'linux') this.skip();
    const { child, ended } = start('--megabytes', '64');
    await firstWorker(child.pid);
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
  });
});

/* Resolves with the id of a child of process `pid`, once it has one. */
async function firstWorker(pid) {
  for (;;) {
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (children !== '') return Number(children.split(' ')[0]);
    await sleep(2);
  }
}
