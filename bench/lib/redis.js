/*
 * A Redis server for this process alone, on a socket in a folder of its own. It writes nothing to a disk.
 * A shell beside it ends it when this process has ended, for any reason.
 */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { temporary } = require('./files');

const PATIENCE = 100; /* checks for the socket */
const LOOK = 50; /* ms between two checks */

/* The server ends when its standard input does, which ends with this process. */
const SCRIPT = `trap '' INT TERM HUP
command -v redis-server >/dev/null || exit 1
redis-server "$@" </dev/null >/dev/null 2>&1 &
cat >/dev/null
kill -KILL $!
wait`;

/* Resolves with the path of its socket; with undefined if there is no Redis. */
async function startRedis() {
  if (process.platform === 'win32') return undefined;
  const socket = temporary('redis.sock');
  const folder = path.dirname(socket);
  const options = ['--port', '0', '--save', '', '--appendonly', 'no', '--dir', folder];
  const shell = spawn('sh', ['-c', SCRIPT, 'redis', ...options, '--unixsocket', socket], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  let isOver = false;
  shell.on('error', () => (isOver = true)).on('exit', () => (isOver = true));
  shell.stdin.on('error', () => {});
  for (let i = 0; i < PATIENCE && !isOver; i++) {
    if (fs.existsSync(socket)) return socket;
    await sleep(LOOK);
  }
  return undefined;
}

module.exports = { startRedis };
