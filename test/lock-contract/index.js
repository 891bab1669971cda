/*
 * What every lock promises, whatever it is the lock of (subjects.js). What is done by processes that
 * live for one test only, and takes long, is a part of its own.
 */
'use strict';

const { setUp, subjects } = require('./subjects');

const CALLS = ['acquiring', 'waiting', 'promises', 'mixed', 'closing', 'copies'];
const PROCESSES = ['processes'];

/* Parts of the contract over a subject; nothing where there is no such subject. */
function run(parts, subject) {
  if (subject === undefined) return;
  describe(`the lock of ${subject.title}`, function () {
    this.timeout(60000);
    const tools = setUp(subject);
    for (const part of parts) require(`./${part}`)(tools);
  });
}

module.exports = {
  contract: (name) => run(CALLS, subjects[name]),
  contractOfProcesses: (name) => run(PROCESSES, subjects[name]),
};
