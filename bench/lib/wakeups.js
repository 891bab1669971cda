/*
 * The time until JS runs in another process (or thread) that was idle: after a message, and after a
 * change of a Share.
 */
'use strict';

const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const { Share } = require('../..');
const { answer, start } = require('./children');
const { now } = require('./measure');
const { median } = require('./numbers');

const CAPACITY = 4096;
const EACH = 10; /* in one turn */
const PAUSE = 3; /* ms: the listener sleeps by then */
const MESSAGE = 'process.send, one way';

const inThread = (...argv) => new Worker(path.join(__dirname, 'listener.js'), { argv });
const inProcess = (...args) => start('listener.js', ...args);

/* name -> { start, how } */
const LISTENERS = {
  [MESSAGE]: { start: inProcess, how: 'message' },
  "set() to 'change'": { start: inProcess, how: 'change' },
  'set() to changed()': { start: inProcess, how: 'changed' },
  'set() to watch()': { start: inProcess, how: 'watch' },
  "set() to 'change', in a thread": { start: inThread, how: 'change' },
};

/* Calls measure() a few times, and returns the median and the longest of its times. */
async function several(measure) {
  const times = [];
  for (let i = 0; i < EACH; i++) times.push(await measure(i));
  return { p50: median(times), longest: Math.max(...times) };
}

/* Resolves with a function that measures a few notifications of one kind. */
async function wakeup(name) {
  const { start: startListener, how } = LISTENERS[name];
  const share = new Share(CAPACITY);
  const listener = startListener(share.handle, how);
  await answer(listener);
  const notify = how === 'message' ? (i) => listener.send(i) : (i) => share.set(i);
  const measure = async (i) => {
    await sleep(PAUSE);
    const reply = answer(listener);
    const begin = now();
    notify(i);
    return (await reply).at - begin;
  };
  return () => several(measure);
}

module.exports = { LISTENERS, MESSAGE, several, wakeup };
