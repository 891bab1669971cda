/*
 * A Redis server for this process alone. It writes nothing to a disk.
 */
'use strict';

const path = require('node:path');

const { temporary } = require('./files');
const { startServer } = require('./server');

/* Resolves with the path of its socket; with undefined if there is no Redis. */
async function startRedis() {
  const socket = temporary('redis.sock');
  const folder = path.dirname(socket);
  const args = ['--port', '0', '--save', '', '--appendonly', 'no', '--dir', folder];
  const isThere = await startServer('redis-server', [...args, '--unixsocket', socket], socket);
  return isThere ? socket : undefined;
}

module.exports = { startRedis };
