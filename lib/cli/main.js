/*
 * The command line tool from its arguments to its exit code. Only the commands that need the library load
 * it, so that `build` and `help` work without a native addon.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { USAGE, UsageError, WrongValue, interpret } = require('./usage');
const { plain, print } = require('./text');

/* The command -> whether it succeeded, or a promise of that. */
const COMMANDS = {
  async help() {
    await print(USAGE);
    return true;
  },
  build() {
    const script = path.join(__dirname, '../../scripts/build.js');
    return spawnSync(process.execPath, [script], { stdio: 'inherit' }).status === 0;
  },
  ls: (asked) => require('./regions').ls(asked),
  inspect: (asked) => require('./regions').inspect(asked),
  unlink: (asked) => require('./regions').unlink(asked),
  get: (asked) => require('./values').get(asked),
  set: (asked) => require('./values').set(asked),
  del: (asked) => require('./values').del(asked),
  keys: (asked) => require('./values').keys(asked),
  stats: (asked) => require('./values').stats(asked),
  watch: (asked) => require('./watch').watch(asked),
};

function fail(error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`mmapipc: ${plain(error.message)}\n${isUsage ? USAGE : ''}`);
  process.exitCode = isUsage || error instanceof WrongValue ? 2 : 1;
}

/* A reader that stops early, such as head(1), closes the pipe: this ends the command without an error. */
function endWith(stream) {
  stream.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(0);
    fail(error);
    process.exit();
  });
}

async function main(args) {
  endWith(process.stdout);
  endWith(process.stderr);
  try {
    const asked = interpret(args);
    process.exitCode = (await COMMANDS[asked.command](asked)) ? 0 : 1;
  } catch (error) {
    fail(error);
  }
}

module.exports = { main };
