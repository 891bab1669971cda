/*
 * The lock of a region that another process overwrites all the time: each call acquires it or throws in
 * time, and no process crashes or hangs.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { Mmap, inspect: look } = require('..');
const { amount } = require('./support/amounts');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const SCRIBBLER = path.join(__dirname, 'fixtures', 'region-lock-scribbler.js');
const SCRIBBLED = amount(1500, 4000); /* ms */
const LATE = 1000; /* ms after a timeout */

/* Locks in every way for so many ms: { tally: { code: count }, late }, the most ms that a call took
 * beyond its timeout. */
async function attempts(self, ms) {
  const tally = {};
  let late = 0;
  const note = (what, since, timeout) => {
    tally[what] = (tally[what] ?? 0) + 1;
    late = Math.max(late, performance.now() - since - timeout);
  };
  const codeOf = (error) =>
    error.name === 'MmapipcError' && /^ERR_MMAPIPC_/.test(error.code) ? error.code : error.stack;

  function attempt(timeout, call) {
    const since = performance.now();
    let result = 'ok';
    try {
      call();
    } catch (error) {
      result = codeOf(error);
    }
    note(result, since, timeout);
  }

  async function attemptAsync(timeout, call) {
    const since = performance.now();
    const result = await call().then(() => 'ok', codeOf);
    note(result, since, timeout);
  }

  const { map } = self;
  const { others } = self;
  for (const until = performance.now() + ms; performance.now() < until;) {
    for (const timeout of [0, 0.5, 15]) {
      for (const each of [map, others[0]]) {
        attempt(timeout, () => each.lock({ timeout }).release());
        attempt(0, () => each.tryLock()?.release());
        attempt(timeout, () => each.withLock(() => each.write('x'), { timeout }));
      }
      const calls = [map, others[0], others[0], others[1]].map((each) =>
        attemptAsync(timeout, () => each.withLockAsync(() => {}, { timeout })),
      );
      attempt(timeout, () => others[1].lock({ timeout }).release());
      await Promise.all(calls);
    }
    attempt(0, () => self.inspect(map.handle));
    /* Closed as it is: held, awaited. */
    let brief;
    attempt(0, () => (brief = self.Mmap.attach(map.handle)));
    if (brief === undefined) continue;
    const wait = attemptAsync(15, () => brief.lockAsync({ timeout: 15 }));
    attempt(0, () => brief.tryLock());
    attempt(0, () => brief[Symbol.dispose ?? Symbol.for('nodejs.dispose')]());
    if (!brief.closed) throw new Error('not closed');
    await wait;
  }
  for (const other of others) other.close();
  return { tally, late };
}

describe('the lock of a region that is overwritten all the time', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { open } = regions();
  const start = peers();
  let scribbler;
  afterEach(() => scribbler?.kill('SIGKILL'));

  it('is acquired, or throws, in time, by three processes and a thread', async () => {
    const map = open({ size: 64 });
    const others = await Promise.all([
      start.process({ handle: map.handle }),
      start.process({ handle: map.handle }),
      start.thread({ handle: map.handle }),
    ]);
    const more = (self) => void (self.others = [1, 2].map(() => self.Mmap.attach(self.map.handle)));
    const me = { map, Mmap, inspect: look };
    for (const each of [...others.map((peer) => peer.run(more)), more(me)]) await each;
    scribbler = spawn(process.execPath, [SCRIBBLER, map.handle], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(scribbler, 'exit');
    await once(scribbler.stdout, 'data');
    const there = others.map((peer) => peer.run(attempts, SCRIBBLED));
    const all = [await attempts(me, SCRIBBLED)];
    all.push(...(await Promise.all(there)));
    assert.equal(scribbler.exitCode, null);
    scribbler.kill('SIGKILL');
    await ended;
    const sum = {};
    for (const { tally, late } of all) {
      for (const [code, count] of Object.entries(tally)) sum[code] = (sum[code] ?? 0) + count;
      assert.ok(late < LATE, `${late} ms late`);
      assert.ok(tally.ok > 0);
    }
    const late = Math.max(...all.map((one) => one.late));
    console.log(`      at most ${late.toFixed(1)} ms late: ${JSON.stringify(sum)}`);
    for (const code of Object.keys(sum)) assert.match(code, /^(ok|ERR_MMAPIPC_[A-Z_]+)$/);
    /* All can still be closed, and another region is as it was. */
    for (const peer of others) await peer.run((self) => self.map.close());
    map.close();
    Mmap.with({ size: 64 }, (another) => another.lock({ timeout: 0 }).release());
  });
});
