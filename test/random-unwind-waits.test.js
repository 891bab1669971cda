/*
 * What a stack overflow leaves of waits and listeners: an object that went deaf, or a count of what is
 * pending that was one too high (the process never ends) or too low (it ends with waits pending).
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { linuxIt } = require('./support/platform');
const { SECONDS } = require('./support/seconds');

const FIXTURE = path.join(__dirname, 'fixtures', 'unwind-waits.js');

describe('waits and listeners whose calls are unwound anywhere', function () {
  this.timeout(SECONDS * 10000 + 60000);

  linuxIt('are told of the next change, and nothing that is over keeps the process alive', () => {
    /* Promises are lost with the frames that would have caught them. */
    const args = ['--unhandled-rejections=none', FIXTURE, String(SECONDS * 1000)];
    const { status, signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: '' });
  });
});
