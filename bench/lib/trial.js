/*
 * The process of one trial: runs one case of one bench and sends back its figures.
 *
 *     trial.js <bench file> <case>        (forked by rounds.js)
 */
'use strict';

const [, , file, name] = process.argv;

async function main() {
  const figures = await require(file).trial(name);
  process.send(figures, () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
