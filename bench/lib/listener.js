/*
 * Listens for changes of a Share, in a process or a thread of its own. It answers each change with the
 * time, and each message with the processor time that the process has used.
 *
 *     listener.js <handle>        (forked, or run as a Worker, by share.js)
 */
'use strict';

const { parentPort } = require('node:worker_threads');

const { Share } = require('../..');
const { now } = require('./measure');

const share = Share.attach(process.argv[2]);
const send = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message));

share.on('change', (version) => send({ version, at: now() }));
share.ref();

(parentPort ?? process).on('message', () => {
  const { user, system } = process.cpuUsage();
  send({ used: user + system });
});
process.on('disconnect', () => process.exit(0));
send('ready');
