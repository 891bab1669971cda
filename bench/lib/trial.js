/*
 * The process of one trial: opens one case of one bench, and measures it once for each message.
 *
 *     trial.js <bench file> <case>        (forked by rounds.js)
 */
'use strict';

const [, , file, name] = process.argv;

function fail(error) {
  console.error(error);
  process.exit(1);
}

async function main() {
  const turn = await require(file).open(name);
  process.on('message', () =>
    Promise.resolve(turn()).then((figures) => process.send(figures), fail),
  );
  process.send(turn === undefined ? 'absent' : 'ready');
}

process.on('disconnect', () => process.exit(0));
process.on('error', () => process.exit(1)); /* the parent has ended */
main().catch(fail);
