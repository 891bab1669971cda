/*
 * Listens for changes of a Share in one way, or for messages of its parent, in a process or a thread of
 * its own. It answers each change with the time, and the message 'used' with the processor time that the
 * process has used.
 *
 *     listener.js <handle> change|changed|watch|message        (forked, or run as a Worker, by wakeups.js)
 */
'use strict';

const { parentPort } = require('node:worker_threads');

const { Share } = require('../..');
const { now } = require('./measure');

const [, , handle, how] = process.argv;
const share = Share.attach(handle);
const send = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message));
const heard = () => send({ at: now() });

function used() {
  const { user, system } = process.cpuUsage();
  send({ used: user + system });
}

const WAYS = {
  change() {
    share.on('change', heard);
    share.ref();
  },
  async changed() {
    for (let since = share.version; ; heard()) since = await share.changed({ since });
  },
  async watch() {
    /* eslint-disable-next-line no-unused-vars */
    for await (const value of share.watch()) heard();
  },
  message() {},
};

(parentPort ?? process).on('message', (message) => (message === 'used' ? used() : heard()));
process.on('disconnect', () => process.exit(0));
WAYS[how]();
send('ready');
