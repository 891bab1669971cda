/*
 * The emergency: a worker is killed in the middle of its update, with the lock of the counter in its
 * hands, and another takes its place.
 */
'use strict';

const { inspect } = require('../..');
const { NAMES } = require('./state');
const { until } = require('./until');

/* Who has the lock of the counter, according to the memory itself; null for nobody. */
const holder = () => inspect({ inherit: NAMES.counter }).lock.holder;

/* Resolves with what happened, once the others go on and the new one has answered requests. */
async function killInside(team, { counter, tally }) {
  const answered = ({ row }) => tally.get(row, 'answered');
  const victim = team.living.reduce((a, b) => (answered(b) > answered(a) ? b : a));

  /* It stops inside its next update by itself: from then on it has the lock, and keeps it. */
  tally.set(victim.row, 'stall', 1);
  const held = await until(`worker ${victim.pid} inside its critical section`, () => {
    const found = holder();
    const isInside = found?.pid === victim.pid && tally.get(victim.row, 'inside') === 1;
    return isInside && found;
  });
  const before = counter.get().requests;
  const begin = performance.now();
  const gone = team.kill(victim);
  await until('the lock to be recovered', () => counter.get().requests > before);
  const pause = performance.now() - begin;
  await gone;

  const successor = await team.hire();
  await until(`requests for worker ${successor.pid}`, () => answered(successor) > 0);
  return {
    row: victim.row,
    pid: victim.pid,
    holderPid: held.pid,
    wasAlive: held.alive,
    heldMs: held.heldMs,
    pause /* ms until the others had the lock and went on */,
    successor: { row: successor.row, pid: successor.pid },
  };
}

module.exports = { killInside };
