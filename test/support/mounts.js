/*
 * File systems of the test's own: a child process in a mount namespace of its own, which goes with
 * the process.
 */
'use strict';

const { spawnSync } = require('node:child_process');

const { runFunction } = require('./child');
const { isLinux } = require('./platform');

/* `unshare` as this user may use it, or null. */
function unshare() {
  for (const flags of [['-m'], ['-rm']]) {
    if (spawnSync('unshare', [...flags, 'true']).status === 0) return ['unshare', ...flags];
  }
  return null;
}

/*
 * For before(): skips where there are no mount namespaces, and with one line where the machine does
 * not permit them; under CI that is a failure.
 */
function needsMounts() {
  if (!isLinux) this.skip();
  if (unshare() !== null) return;
  if (process.env.CI) throw new Error('CI must be able to make mount namespaces (unshare -m)');
  console.log('      (no mount namespaces here: unshare -m is refused)');
  this.skip();
}

function needsCommand(name, debianPackage) {
  return function check() {
    if (spawnSync('sh', ['-c', `command -v ${name}`]).status === 0) return;
    if (process.env.CI) throw new Error(`CI needs ${name} (apt-get install ${debianPackage})`);
    console.log(`      (${name} is not here: apt-get install ${debianPackage})`);
    this.skip();
  };
}

/*
 * runFunction() in a process for which `mount`, a shell command with the folder as $0, was done
 * before.
 */
function runWithMount(mount, folder, fn, args) {
  return runFunction(fn, args, {
    command: [...unshare(), 'sh', '-c', `${mount} && exec "$@"`, folder],
  });
}

const tmpfs = (size) => `mount -t tmpfs -o size=${size} none "$0"`;

module.exports = { needsMounts, needsCommand, runWithMount, tmpfs };
