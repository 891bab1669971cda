/*
 * The command watch: prints the changes of a Share until SIGINT or SIGTERM.
 */
'use strict';

const { withRegion } = require('./open');
const { print } = require('./text');
const { UsageError } = require('./usage');
const { lineOf } = require('./values');

const SIGNALS = ['SIGINT', 'SIGTERM'];

function watch(asked) {
  return withRegion(asked, { kinds: ['Share'], readOnly: true }, async (share) => {
    const { prefix, raw } = asked.options;
    if (prefix !== undefined) throw new UsageError('--prefix is for the keys of a SharedMap');
    /* close() ends the loop, and leaves the region to the other processes. */
    for (const signal of SIGNALS) process.on(signal, () => share.close());
    for await (const value of share.watch()) await print(lineOf(value, raw));
    return true;
  });
}

module.exports = { watch };
