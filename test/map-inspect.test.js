/*
 * What inspect() and `mmapipc inspect` report of a SharedMap while another process is inside a call.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { inspect } = require('..');
const { run, until } = require('./support/command');
const { maps } = require('./support/maps');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');

const TRIES = 2000; /* stops of a process that holds a lock of a stripe for a part of its time */

describe('a SharedMap seen from outside', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { make } = maps();
  const start = peers();

  it('reports the holder of a stripe, alive or dead, until a writer takes over', async () => {
    const map = make(2 ** 24, { name: 'm' });
    const value = 'x'.repeat(4_000_000); /* so that a set takes some time */
    const peer = await start.process({ of: 'SharedMap', name: 'm' });
    const pid = await peer.run((self) => {
      const text = 'y'.repeat(4_000_000);
      setImmediate(() => {
        for (;;) self.map.set('k', text);
      });
      return process.pid;
    });
    const { holders, tries } = await stopInside(pid, () => inspect({ name: 'm' }).map.holders);
    const [{ stripe, number }] = holders;
    const { participants } = inspect({ name: 'm' });
    assert.equal(participants.find((one) => one.number === number).pid, pid, `${tries} tries`);
    assert.deepEqual(holders, [{ stripe, number, pid, thread: pid, alive: true }]);
    assert.match(
      run('inspect', '--name', 'm').stdout,
      new RegExp(`^stripes +\\d+, 1 locked\n  stripe ${stripe} by pid ${pid}$`, 'm'),
    );

    peer.end('SIGKILL');
    await peer.ended;
    assert.deepEqual(inspect({ name: 'm' }).map.holders, [
      { stripe, number, pid, thread: pid, alive: false },
    ]);
    assert.match(
      run('inspect', '--name', 'm').stdout,
      new RegExp(`^  stripe ${stripe} by pid ${pid} \\(dead\\)$`, 'm'),
    );
    map.set('k', value);
    assert.deepEqual(inspect({ name: 'm' }).map.holders, []);
    assert.match(run('inspect', '--name', 'm').stdout, /^stripes +\d+, 0 locked$/m);
    assert.ok(map.get('k') === value);
  });
});

/* Stops the process again and again, until it holds a lock. */
async function stopInside(pid, look) {
  for (let tries = 1; tries <= TRIES; tries++) {
    process.kill(pid, 'SIGSTOP');
    await until('the stop', () => stateOf(pid) === 'T');
    const holders = look();
    if (holders.length > 0) return { holders, tries };
    process.kill(pid, 'SIGCONT');
    await sleep(tries % 7);
  }
  throw new Error(`process ${pid} was never stopped inside a call`);
}

/* The letter after the name, which is in parentheses. */
const stateOf = (pid) => /\) (\w)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))[1];
