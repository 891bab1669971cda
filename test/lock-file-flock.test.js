/*
 * The lock of a file and the flock() of other programs: Perl, flock(1), and a descriptor of the user.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { PROT_READ, PROT_WRITE } = require('..');
const { TIMEOUT } = require('./lock-contract/subjects');
const { amount, grouped } = require('./support/amounts');
const { LOCKER, runAtOnce } = require('./support/lockers');
const { mappings } = require('./support/opened');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');

const IN_PERL = ['perl', path.join(__dirname, 'fixtures', 'lock-increment.pl')];
const SHELL = `echo ready; for i in $(seq $1); do
  flock "$0" perl -e 'open my $f, "+<", shift; sysread $f, my $b, 4; sysseek $f, 0, 0;
    syswrite $f, pack "V", 1 + unpack "V", $b' "$0" || exit 1; done`;
const IN_SHELL = ['sh', '-c', SHELL];

const EACH = amount(2500, 20000); /* increments of a process */

describe('the lock of a file and flock()', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { open, create } = mappings(scratch(), 4096);
  const children = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function run(command, args) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }

  /* Runs [command, times] of all, which begin together, and compares the number with the sum. */
  async function increment(jobs) {
    const map = create();
    const where = JSON.stringify({ file: map.file, readOnly: false });
    const commands = jobs.map(([command, times]) =>
      command === 'node' ? [...LOCKER, where, 'sync', times] : [...command, map.file, times],
    );
    const ends = await runAtOnce(map, commands);
    assert.deepEqual(
      ends.map(([how]) => how),
      jobs.map(() => 0),
    );
    const sum = jobs.reduce((total, [, times]) => total + times, 0);
    assert.equal(map.buffer.readUInt32LE(0), sum);
  }

  /* Perl that holds a flock on the file; a function that releases it. */
  async function perlHolds(file, how) {
    const code = `use Fcntl ':flock'; open my $f, '+<', shift or die; flock $f, ${how} or die;
      $| = 1; print 'held'; <STDIN>; close $f; print 'free'; <STDIN>`;
    const child = run('perl', ['-e', code, file]);
    await once(child.stdout, 'data');
    return async () => {
      child.stdin.write('\n');
      await once(child.stdout, 'data');
    };
  }

  /* Whether Perl acquires the flock now. */
  const perlAcquires = async (file, how) => {
    const code = `use Fcntl ':flock'; open my $f, '+<', shift or die;
      exit(flock($f, ${how} | LOCK_NB) ? 0 : 1)`;
    const [status] = await once(run('perl', ['-e', code, file]), 'exit');
    return status === 0;
  };

  it(`2 of Node and 2 of Perl: ${grouped(EACH)} increments each lose none`, () =>
    increment(['node', 'node', IN_PERL, IN_PERL].map((command) => [command, EACH])));

  it('a shell loop with flock(1), 2 of Node and 1 of Perl lose none', () =>
    increment([
      [IN_SHELL, amount(50, 200)],
      ['node', EACH],
      ['node', EACH],
      [IN_PERL, EACH],
    ]));

  it("Perl's shared flock excludes our exclusive lock of the file, not shared ones", async () => {
    const map = create();
    const release = await perlHolds(map.file, 'LOCK_SH');
    assert.equal(map.tryLock(), null);
    assert.throws(() => map.lock({ timeout: 20 }), TIMEOUT);
    map.lock({ shared: true }).release();
    map.lock({ shared: true, offset: 5, length: 5 }).release();
    await release();
    assert.notEqual(map.tryLock(), null);
  });

  it("Perl's exclusive flock excludes all of ours", async () => {
    const map = create();
    const release = await perlHolds(map.file, 'LOCK_EX');
    const range = { offset: 5, length: 5 };
    for (const options of [{}, { shared: true }, range, { ...range, shared: true }]) {
      assert.equal(map.tryLock(options), null);
      assert.throws(() => map.lock({ ...options, timeout: 10 }), TIMEOUT);
    }
    const wait = map.lockAsync({ shared: true, ...range });
    await release();
    (await wait).release();
  });

  it('ours exclude those of Perl that do not share', async () => {
    const map = create();
    const outcome = {};
    for (const [name, options] of Object.entries({
      exclusive: {},
      shared: { shared: true },
      range: { offset: 1, length: 1 },
    })) {
      map.lock(options);
      const both = [perlAcquires(map.file, 'LOCK_EX'), perlAcquires(map.file, 'LOCK_SH')];
      outcome[name] = await Promise.all(both);
      map.unlock();
    }
    assert.deepEqual(outcome, {
      exclusive: [false, false],
      shared: [false, true],
      range: [false, true] /* documented: foreign shared flocks see no ranges */,
    });
    assert.equal(await perlAcquires(map.file, 'LOCK_EX'), true);
  });

  it("a mapping by a descriptor takes no part in the user's own flock on it", () => {
    const { file } = create();
    const fd = fs.openSync(file, 'r+');
    /* flock(1) on descriptor 3, which is the very same open file. */
    const flock = (how) =>
      spawnSync('flock', ['-n', how, '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status;
    const map = open(fd, 0, PROT_READ | PROT_WRITE);
    assert.equal(flock('-x'), 0);
    assert.equal(map.tryLock(), null);
    assert.throws(() => map.lock({ timeout: 30 }), TIMEOUT);
    assert.equal(flock('-u'), 0);
    map.lock();
    assert.equal(flock('-x'), 1);
    flock('-u');
    assert.equal(open(file).tryLock(), null);
    map.unlock();
    assert.equal(flock('-x'), 0);
    assert.equal(flock('-u'), 0);
    fs.closeSync(fd);
    map.lock();
  });
});
