/*
 * The command watch: prints the values of a Share, or the changes of a SharedMap, until SIGINT or SIGTERM.
 */
'use strict';

const { withRegion } = require('./open');
const { print } = require('./text');
const { UsageError } = require('./usage');
const { lineOf } = require('./values');

const SIGNALS = ['SIGINT', 'SIGTERM'];

/* The reader of a map's changes is known to its writers, and so attaches for writing. */
function watch(asked) {
  return withRegion(asked, { writes: ['SharedMap'] }, async (object, kind) => {
    const { prefix, raw } = asked.options;
    const isShare = kind === 'Share';
    if (isShare && prefix !== undefined) {
      throw new UsageError('--prefix is for the keys of a SharedMap');
    }
    /* close() ends the loop, and leaves the region to the other processes. */
    for (const signal of SIGNALS) process.on(signal, () => object.close());
    const changes = isShare ? object.watch() : object.watch({ prefix });
    for await (const change of changes) await print(lineOf(isShare ? change : known(change), raw));
    return true;
  });
}

/* Without a key that is not known, because the map was cleared or too much has changed. */
const known = ({ key, what }) => (key === undefined ? { what } : { key, what });

module.exports = { watch };
