/*
 * Waits and listeners after a stack overflow: an object got no more wake-ups, or its count of pending
 * waits was one too high (the process never ended) or too low (it ended with pending waits).
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { linuxIt } = require('./support/platform');
const { SECONDS } = require('./support/seconds');

const FIXTURE = path.join(__dirname, 'fixtures', 'unwind-waits.js');

describe('waits and listeners whose calls are unwound at any depth', function () {
  this.timeout(SECONDS * 10000 + 60000);

  linuxIt('are notified of the next change, and do not keep the process alive once settled', () => {
    /* The frames that would have caught the promises are unwound. */
    const args = ['--unhandled-rejections=none', FIXTURE, String(SECONDS * 1000)];
    const { status, signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: '' });
  });
});
