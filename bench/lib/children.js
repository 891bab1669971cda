/*
 * Processes beside the process of a trial. Each ends with that process, for any reason, because their
 * scripts exit on 'disconnect'.
 */
'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');

/* Starts a script of this folder. */
const start = (script, ...args) => fork(path.join(__dirname, script), args.map(String));

/* Resolves with the next message of the child. */
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

/* Resolves with the child's answer to a message. */
function ask(child, message) {
  const answered = answer(child);
  child.send(message);
  return answered;
}

module.exports = { answer, ask, start };
