/*
 * Runs a property whose cases all ask perl: many cases run concurrently, so that perl and this
 * process work at the same time. A failure is then shrunk case by case.
 */
'use strict';

const fc = require('fast-check');

const { END, COMPARED } = require('./pack-differences');

const BATCH = 500;
const FIRST_SEED = Number(process.env.MMAPIPC_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SKIPPED_AT_MOST = 0.2;
const EQUAL_AT_LEAST = 0.3;

/* The total number of cases of a run. */
const wantedCases = (usual) => Number(process.env.MMAPIPC_CASES ?? usual);

/* Throws fast-check's error with the smallest case that fails like this one. */
async function shrink({ arbitrary, check, seed, index }) {
  await fc.assert(
    fc.asyncProperty(arbitrary, async (given) => void (await check(given))),
    { seed, path: String(index), numRuns: BATCH },
  );
}

class Progress {
  #shown = process.stderr.isTTY && process.env.MMAPIPC_CASES !== undefined;

  show(done, all) {
    if (this.#shown) process.stderr.write(`\r      ${done} of ${all} cases`);
  }

  clear() {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }
}

function startBatch(arbitrary, check, seed, size) {
  const sample = fc.sample(arbitrary, { numRuns: size, seed });
  return Promise.allSettled(sample.map((given) => check(given)));
}

function summary(tally, cases) {
  const rows = Object.values(END).filter((end) => tally.has(end));
  return rows.map((end) => `${end}: ${tally.get(end)}`).join(', ') + ` (of ${cases})`;
}

function assertWorthwhile(tally, cases) {
  const sum = (ends) => ends.reduce((total, end) => total + (tally.get(end) ?? 0), 0);
  const skipped = cases - sum(COMPARED);
  if (skipped > SKIPPED_AT_MOST * cases || sum([END.equal]) < EQUAL_AT_LEAST * cases) {
    throw new Error(`too little is compared: ${summary(tally, cases)}`);
  }
}

/*
 * check(given) -> a promise of an END. `number` keeps the seeds of properties apart.
 */
async function runProperty({ arbitrary, check, cases, number }) {
  const tally = new Map();
  const progress = new Progress();
  let waiting = null; /* the previous batch */
  const finish = async () => {
    const { seed, ended } = waiting;
    for (const [index, { status, value, reason }] of (await ended).entries()) {
      if (status === 'fulfilled') {
        tally.set(value, (tally.get(value) ?? 0) + 1);
        continue;
      }
      progress.clear();
      console.log(`      MMAPIPC_SEED=${FIRST_SEED}, batch seed ${seed}, case ${index}`);
      await shrink({ arbitrary, check, seed, index });
      throw reason; /* the case did not fail again */
    }
  };
  for (let done = 0; done < cases; done += BATCH) {
    const seed = (FIRST_SEED + number * 2 ** 24 + done / BATCH) | 0;
    const ended = startBatch(arbitrary, check, seed, Math.min(BATCH, cases - done));
    if (waiting !== null) await finish();
    waiting = { seed, ended };
    progress.show(done, cases);
  }
  if (waiting !== null) await finish();
  progress.clear();
  console.log(`      seed ${FIRST_SEED}: ${summary(tally, cases)}`);
  assertWorthwhile(tally, cases);
}

module.exports = { runProperty, wantedCases };
