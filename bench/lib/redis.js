/*
 * A Redis server of this process alone, on a socket in a folder of its own, which writes nothing to a
 * disk. A shell beside it ends it when this process is gone, however that came about.
 */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { temporary } = require('./files');

const PATIENCE = 100; /* looks at the socket */
const LOOK = 50; /* ms */

/* Standard input ends with this process. */
const SCRIPT = `trap '' INT TERM HUP
command -v redis-server >/dev/null || exit 1
redis-server "$@" </dev/null >/dev/null 2>&1 &
cat >/dev/null
kill -KILL $!
wait`;

/* A promise of its socket; undefined where there is no Redis. */
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
