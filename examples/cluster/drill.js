/*
 * The emergency: a worker is killed inside its critical section, while it holds the lock of the shared
 * count, and another worker replaces it.
 */
'use strict';

const { inspect } = require('../..');
const { NAMES } = require('./state');
const { until } = require('./until');

/* The holder of that lock, read from the memory itself; null: the lock is free. */
const holder = () => inspect({ inherit: NAMES.stats }).lock.holder;

/* Resolves with the figures, once the other workers go on and the new one has answered requests. */
async function killInside(team, { stats, tally }) {
  const answered = ({ row }) => tally.get(row, 'answered');
  const victim = team.living.reduce((a, b) => (answered(b) > answered(a) ? b : a));

  /* The worker stops by itself inside its next critical section, and so keeps the lock. */
  tally.set(victim.row, 'stall', 1);
  const held = await until(`worker ${victim.pid} inside its critical section`, () => {
    const found = holder();
    const isInside = found?.pid === victim.pid && tally.get(victim.row, 'inside') === 1;
    return isInside && found;
  });
  const before = stats.get('requests');
  const begin = performance.now();
  const gone = team.kill(victim);
  await until('the lock to be recovered', () => stats.get('requests') > before);
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
    pause /* ms until another worker held the lock and went on */,
    successor: { row: successor.row, pid: successor.pid },
  };
}

module.exports = { killInside };
