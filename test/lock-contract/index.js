/*
 * What every lock promises, whatever it is the lock of (subjects.js). What is done by processes that
 * live for one test only, and takes long, is a part of its own.
 */
'use strict';

const { setUp, subjects } = require('./subjects');

const CALLS = [
  require('./acquiring'),
  require('./options'),
  require('./waiting'),
  require('./promises'),
  require('./giving-up'),
  require('./mixed'),
  require('./undelivered'),
  require('./closing'),
  require('./copies'),
];
const PROCESSES = [require('./ends'), require('./counts')];

/* Parts of the contract over a subject; nothing where there is no such subject. */
function run(parts, subject) {
  if (subject === undefined) return;
  describe(`the lock of ${subject.title}`, function () {
    this.timeout(60000);
    const tools = setUp(subject);
    for (const part of parts) part(tools);
  });
}

module.exports = {
  contract: (name) => run(CALLS, subjects[name]),
  contractOfProcesses: (name) => run(PROCESSES, subjects[name]),
};
