/*
 * Processes beside the one of a trial. Each ends when the trial's does, however that comes about:
 * their scripts exit on 'disconnect'.
 */
'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');

/* A script of this folder. */
const start = (script, ...args) => fork(path.join(__dirname, script), args.map(String));

/* A promise of its next message. */
function answer(child) {
  return new Promise((resolve, reject) => {
    const onMessage = (message) => {
      child.off('exit', onExit);
      resolve(message);
    };
    const onExit = (code, signal) => {
      child.off('message', onMessage);
      reject(new Error(`${child.spawnargs[2]} ended with ${signal ?? `code ${code}`}`));
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}

/* A promise of the answer to a message. */
function ask(child, message) {
  const answered = answer(child);
  child.send(message);
  return answered;
}

module.exports = { answer, ask, start };
