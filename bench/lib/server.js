/*
 * A server for this process alone, on a socket in a folder of its own. A shell beside it ends it when this
 * process has ended, for any reason.
 */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const PATIENCE = 100; /* checks for the socket */
const LOOK = 50; /* ms between two checks */

/* The server ends when the shell's standard input does, which ends with this process. */
const SCRIPT = `trap '' INT TERM HUP
command -v "$1" >/dev/null || exit 1
"$@" </dev/null >/dev/null 2>&1 &
cat >/dev/null
kill -KILL $!
wait`;

/* Resolves with whether the program has created the socket; false: it is absent, or it does not start. */
async function startServer(command, args, socket) {
  if (process.platform === 'win32') return false;
  const shell = spawn('sh', ['-c', SCRIPT, 'server', command, ...args], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  let isOver = false;
  shell.on('error', () => (isOver = true)).on('exit', () => (isOver = true));
  shell.stdin.on('error', () => {});
  for (let i = 0; i < PATIENCE && !isOver; i++) {
    if (fs.existsSync(socket)) return true;
    await sleep(LOOK);
  }
  return false;
}

module.exports = { startServer };
