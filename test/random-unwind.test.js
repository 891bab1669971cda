/*
 * Locks after a stack overflow or the time limit of node:vm. Both end a call wherever it enters a
 * function or loops, and a `finally` may not run: the process continued to hold locks that its own
 * objects did not know of.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const vm = require('node:vm');

const { Mmap, Share, inspect } = require('..');
const { linuxIt, posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { SECONDS } = require('./support/seconds');

const ROOT = path.join(__dirname, '..');

/* Calls that end with the lock released, however they are unwound; and calls that return a guard. */
const SECTIONS = {
  withLock: (o) => o.withLock(() => 1),
  update: (o) => o.update((n) => n + 1),
  updateUnder: (o) => o.withLock(() => o.update((n) => n + 1)),
  set: (o) => o.set(1),
  compareAndSet: (o) => o.compareAndSet(o.version, 2),
  clear: (o) => o.clear(),
};
const ACQUISITIONS = {
  lock: (o) => o.lock().release(),
  tryLock: (o) => o.tryLock()?.release(),
  unlock: (o) => (o.lock(), o.unlock()),
};
const ALL = { ...SECTIONS, ...ACQUISITIONS };
const OF_FILES = ['withLock', 'lock', 'tryLock', 'unlock'];

const random = (n) => Math.floor(Math.random() * n);

/* Calls fn() at every depth of the stack, with frames of a random size. */
function atAllDepths(fn) {
  const names = Array.from({ length: random(30) }, (_, i) => `a${i}`);
  const recurse = new Function(
    'fn',
    `return function recurse(${names}) {
      try { fn(); } catch (error) { if (!error.message.includes('call stack')) throw error; }
      recurse(${names.map((_, i) => i)});
    }`,
  )(fn);
  assert.throws(() => recurse(), RangeError);
}

/* Calls call(object) again and again until the time limit of a script. */
function untilTimeLimit(object, call) {
  const context = vm.createContext({ object, call });
  assert.throws(
    () => vm.runInContext('for (;;) call(object)', context, { timeout: 1 + random(3) }),
    { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' },
  );
}

const ENDS = [(object, call) => atAllDepths(() => call(object)), untilTimeLimit];

/* The object is not locked, or reports that it is and can release the lock; then it works. */
function assertWhole(object, other, name) {
  if (object.locked) {
    assert.ok(!(name in SECTIONS), `${name} has left the lock held`);
    object.unlock();
  }
  assert.equal(object.locked, false, name);
  other.lock({ timeout: 5000 }).release();
  object.lock({ timeout: 5000 }).release();
  assert.equal(
    object.withLock(() => 5),
    5,
  );
}

function trials(names, make, seconds, ends = ENDS) {
  for (const until = performance.now() + seconds * 1000; performance.now() < until;) {
    const name = names[random(names.length)];
    const [object, other] = make();
    ends[random(ends.length)](object, ALL[name]);
    assertWhole(object, other, name);
    other.close();
    object.close();
  }
}

function pair() {
  const share = new Share(64);
  share.set(0);
  return [share, Share.attach(share.handle)];
}

describe('a call that is unwound at any depth', function () {
  this.timeout(SECONDS * 1000 + 60000);

  linuxIt('leaves a Share with no lock that unlock() cannot release', () => {
    trials(Object.keys(ALL), pair, SECONDS / 3);
  });

  /* Not at every depth, as each of thousands of calls would wait. */
  linuxIt('leaves no lock while another process waits for it', async () => {
    const share = new Share(64);
    share.set(0);
    const code = `
      const s = require(${JSON.stringify(ROOT)}).Share.attach(process.argv[1]);
      process.send('ready');
      process.on('disconnect', () => process.exit());
      setImmediate(function turn() { for (let i = 0; i < 50; i++) s.lock().release(); setImmediate(turn); });`;
    const child = spawn(process.execPath, ['-e', code, share.handle], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    trials(
      Object.keys(ALL),
      () => [Share.attach(share.handle), Share.attach(share.handle)],
      SECONDS / 3,
      [untilTimeLimit],
    );
    child.kill('SIGKILL');
    share.lock({ timeout: 5000 }).release();
    assert.equal(inspect(share.handle).lock.holder, null);
    share.close();
  });

  linuxIt(
    'stores nothing when it is an update(), and the next update() gets the previous value',
    () => {
      const share = new Share(64);
      share.set(7);
      const endless = () =>
        share.update(() => {
          for (;;);
        });
      untilTimeLimit(share, endless);
      assert.equal(share.locked, false);
      assert.equal(
        share.update((n) => n + 1),
        8,
      );
      share.close();
    },
  );

  linuxIt('leaves a guard that releases nothing', () => {
    const share = new Share(64);
    let guard;
    const section = () =>
      share.withLock((given) => {
        guard = given;
        for (;;);
      });
    while (guard === undefined) untilTimeLimit(share, section);
    const kept = share.lock();
    guard.release();
    assert.equal(share.locked, true);
    assert.throws(() => guard.set(1), { code: 'ERR_MMAPIPC_NOT_LOCKED' });
    kept.release();
    share.close();
  });
});

describe('a call on the lock of a file that is unwound at any depth', function () {
  this.timeout(SECONDS * 1000 + 60000);
  const tmp = scratch();

  posixIt('leaves no lock that unlock() cannot release', () => {
    const file = tmp();
    const open = () => new Mmap({ file, size: 4096, readOnly: false });
    trials(OF_FILES, () => [open(), open()], SECONDS / 3);
  });
});
