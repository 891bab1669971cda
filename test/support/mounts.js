/*
 * File systems for one test: a child process in its own mount namespace, which ends with the
 * process.
 */
'use strict';

const { spawnSync } = require('node:child_process');

const { runFunction } = require('./child');
const { isLinux } = require('./platform');

/* The `unshare` command that this user may run, or null. */
function unshare() {
  for (const flags of [['-m'], ['-rm']]) {
    if (spawnSync('unshare', [...flags, 'true']).status === 0) return ['unshare', ...flags];
  }
  return null;
}

/*
 * For before(): skips on systems without mount namespaces, and with a printed line when the machine
 * does not permit them; in CI the latter is a failure.
 */
function needsMounts() {
  if (!isLinux) this.skip();
  if (unshare() !== null) return;
  if (process.env.CI) throw new Error('CI must be able to make mount namespaces (unshare -m)');
  console.log('      (skipped: unshare -m is refused, so there are no mount namespaces)');
  this.skip();
}

function needsCommand(name, debianPackage) {
  return function check() {
    if (spawnSync('sh', ['-c', `command -v ${name}`]).status === 0) return;
    if (process.env.CI) throw new Error(`CI needs ${name} (apt-get install ${debianPackage})`);
    console.log(`      (skipped: ${name} is not installed: apt-get install ${debianPackage})`);
    this.skip();
  };
}

/*
 * runFunction() in a process for which `mount`, a shell command with the folder as $0, has been run.
 */
function runWithMount(mount, folder, fn, args) {
  return runFunction(fn, args, {
    command: [...unshare(), 'sh', '-c', `${mount} && exec "$@"`, folder],
  });
}

const tmpfs = (size) => `mount -t tmpfs -o size=${size} none "$0"`;

module.exports = { needsMounts, needsCommand, runWithMount, tmpfs };
