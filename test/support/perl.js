/*
 * A real perl that answers questions: one process for a suite, which runs perl-oracle.pl.
 *
 * If a request kills the process (Perl lacks memory for the result, or works on it for more than
 * 5 s), the reply is 'died', and the next requests use a new process.
 */
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const path = require('node:path');

const PROGRAM = path.join(__dirname, 'perl-oracle.pl');
const KILOBYTES = 1000000; /* of address space, as a template may request more than the machine has */

/* Without variables that affect perl, and without sanitizers, which need more address space. */
const ENVIRONMENT = { ...process.env };
for (const name of ['LD_PRELOAD', 'PERL5OPT', 'PERL5LIB', 'PERL_UNICODE']) delete ENVIRONMENT[name];

/* The properties of perl on which answers depend, as in the first line of perl-oracle.pl. */
const WANTED = /^5\.0(\d\d)\d{3} 12345678 8 8 8$/;

/* null if perl is installed and answers as 5.36 on a 64-bit little-endian machine, otherwise the
 * reason. The changes of 5.38 and 5.40 to brackets do not show. */
function whyNoPerl() {
  const { status, stdout } = spawnSync('perl', [PROGRAM], {
    input: '',
    encoding: 'latin1',
    env: ENVIRONMENT,
  });
  if (status !== 0) return 'perl is not installed: apt-get install perl';
  const version = WANTED.exec(stdout.trim());
  if (version === null) return `this perl has other sizes than C has here: ${stdout.trim()}`;
  if (Number(version[1]) < 36) return `this perl is older than 5.36: ${stdout.trim()}`;
  return null;
}

const double = Buffer.alloc(8);

const hex = (text) => Buffer.from(text, 'latin1').toString('hex');

/* Words of a request (perl-oracle.pl). */
const word = {
  template: (text) => `t${hex(text)}`,
  string: (value) => (typeof value === 'string' ? `s${hex(value)}` : `s${value.toString('hex')}`),
  number(value) {
    double.writeDoubleLE(value);
    return `n${double.toString('hex')}`;
  },
  integer: (value) => `i${value}`,
  large: (value) => `w${value}`,
};

/* A value from Perl's unpack: { integer }, { number }, { string } or { wide }. */
function fromWord(text) {
  const rest = text.slice(1);
  if (text[0] === 'i') return { integer: BigInt(rest) };
  if (text[0] === 'n') return { number: Buffer.from(rest, 'hex').readDoubleLE() };
  if (text[0] === 's') return { string: Buffer.from(rest, 'hex').latin1Slice() };
  return { wide: Buffer.from(rest, 'hex').toString() };
}

/* A reply -> { error }, { wide }, { died }, or those of { bytes, values, count } that it has. */
function fromReply(line) {
  if (line === 'died') return { died: true };
  const reply = {};
  const words = line.split(' ');
  for (let i = 0; i < words.length; i++) {
    const kind = words[i][0];
    const rest = words[i].slice(1);
    if (kind === 'b') reply.bytes = Buffer.from(rest, 'hex');
    else if (kind === 'f') reply.count = Number(rest);
    else if (kind === 'W') reply.wide = true;
    else if (kind === 'e') reply.error = Buffer.from(rest, 'hex').latin1Slice();
    else if (kind === 'v') {
      reply.values = words.slice(i + 1).map(fromWord);
      break;
    } else throw new Error(`perl-oracle.pl says: ${line}`);
  }
  return reply;
}

class Perl {
  #child = null;
  #waiting = []; /* { line, resolve }, in the order of the requests */
  #first = 0; /* the index of the one that is answered next */
  #text = '';
  #greeted = false;
  #ending = false;
  deaths = 0;

  constructor() {
    this.#start();
  }

  #start() {
    const limited = `ulimit -v ${KILOBYTES} && exec perl "$0"`;
    const child = spawn('sh', ['-c', limited, PROGRAM], {
      env: ENVIRONMENT,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child = child;
    this.#text = '';
    this.#greeted = false;
    child.stdout.setEncoding('latin1');
    child.stdout.on('data', (text) => this.#onText(text));
    child.stdin.on('error', () => {}); /* EPIPE: the process has died, and 'close' follows */
    child.on('close', () => this.#onClose());
    for (let i = this.#first; i < this.#waiting.length; i++) {
      child.stdin.write(this.#waiting[i].line);
    }
  }

  #onText(text) {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop();
    for (const line of lines) {
      if (!this.#greeted) this.#greeted = true;
      else this.#answer(line);
    }
  }

  #answer(line) {
    const { resolve } = this.#waiting[this.#first++];
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    }
    resolve(fromReply(line));
  }

  #onClose() {
    if (this.#ending) return;
    if (!this.#greeted) throw new Error('perl does not start');
    this.deaths++;
    if (this.#first < this.#waiting.length) this.#answer('died');
    this.#start();
  }

  /* Sends a request, a letter and words, and resolves with the reply. */
  ask(letter, ...words) {
    const line = `${[letter, ...words].join(' ')}\n`;
    return new Promise((resolve) => {
      this.#waiting.push({ line, resolve });
      this.#child.stdin.write(line);
    });
  }

  end() {
    this.#ending = true;
    this.#child.kill('SIGKILL');
  }
}

module.exports = { Perl, whyNoPerl, word };
