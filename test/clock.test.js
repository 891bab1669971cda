/*
 * Waiting under fake timers: test runners replace the clock, the timers and the task queues by fakes
 * that stand still.
 */
'use strict';

const assert = require('node:assert/strict');

const { runFunction } = require('./support/child');
const { linuxIt } = require('./support/platform');

describe('while the clock, the timers and the task queues are faked', () => {
  linuxIt('lock() times out, lockAsync() goes on, and a change is emitted', () => {
    const { status, stderr } = runFunction(async ({ Share }) => {
      const { setImmediate: turn, setTimeout: timer } = globalThis;
      const share = new Share(64);
      const other = Share.attach(share.handle);
      const real = performance.now();
      performance.now = () => real;
      Date.now = () => 0;
      for (const name of ['setTimeout', 'setImmediate', 'queueMicrotask']) {
        globalThis[name] = () => {};
      }
      const { nextTick } = process;
      const kept = await other.lockAsync();
      let events = 0;
      let isSecond = false;
      share.on('change', () => events++);
      const timedOut = share.lockAsync({ timeout: 20 }).catch((error) => error.code);
      if ((await timedOut) !== 'ERR_MMAPIPC_TIMEOUT') process.exit(1);
      other.lockAsync().then((guard) => {
        isSecond = true;
        guard.release();
      });
      kept.release();
      for (let i = 0; i < 50; i++) await new Promise((resolve) => turn(resolve));
      process.nextTick = () => {};
      other.set(1);
      await new Promise((resolve) => timer(resolve, 300));
      process.nextTick = nextTick;
      if (!isSecond || events !== 1) process.exit(2);
      process.exit(0);
    });
    assert.equal(status, 0, stderr);
  });
});
