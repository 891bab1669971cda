/*
 * Checks whether the figures of a run agree. Three parties have counted independently: the client its
 * answers, each worker its own work (in its own row), and all workers together (in the shared count,
 * under its lock).
 *
 * A request is lost if it was answered and the count lacks it. Two checks find such requests, and both
 * must find none: an answer with the number of another answer, because an increment was overwritten;
 * and an increment that a worker has made and the count lacks.
 */
'use strict';

const { isDeepStrictEqual } = require('node:util');

const sum = (rows, field) => rows.reduce((total, row) => total + row[field], 0);

/* The totals of the figures. */
function totals({ client, shared, rows, drill }) {
  const counted = sum(rows, 'counted');
  const twice = client.answered - client.distinct;
  return {
    begun: sum(rows, 'begun'),
    counted,
    answered: sum(rows, 'answered'),
    limited: sum(rows, 'limited'),
    recoveries: sum(rows, 'recoveries'),
    unfinished: rows[drill.row].begun - rows[drill.row].counted,
    unheard: shared.requests - client.answered,
    lost: Math.max(0, counted - shared.requests) + twice,
    changesMade: shared.revision - 1,
    changesSeen: client.revisions.length - 1,
  };
}

/* Each check: the complaint if it fails, and whether it holds. */
function countChecks({ client, shared, rows, drill }, all) {
  const unanswered = client.broken + client.pending;
  const others = rows.filter((_, row) => row !== drill.row);
  return [
    [`the count lacks ${all.lost} requests that were answered`, all.lost === 0],
    [
      `the shared count is ${shared.requests}, the workers have counted ${all.counted}`,
      shared.requests === all.counted,
    ],
    [
      `the workers have counted ${all.counted} requests and answered ${all.answered}`,
      all.counted === all.answered,
    ],
    [
      `an answer has the number ${client.highest}, the shared count is ${shared.requests}`,
      client.highest <= shared.requests,
    ],
    [
      `a living worker has begun ${sum(others, 'begun')} requests and counted ${sum(others, 'counted')}`,
      others.every(({ begun, counted }) => begun === counted),
    ],
    [
      `the worker that was killed left ${all.unfinished} requests unfinished, not 1`,
      all.unfinished === 1,
    ],
    [
      `the client sent ${client.sent}; ${client.answered} were answered, ${unanswered} not`,
      client.sent === client.answered + unanswered,
    ],
    [
      `${all.unheard} requests were counted without an answer for the client, which lacks ${unanswered} answers`,
      all.unheard >= 0 && all.unheard <= unanswered,
    ],
    [
      `${client.broken} requests were broken off, on ${client.connections} connections`,
      client.broken <= client.connections + client.timeouts,
    ],
    [`${client.other} answers are errors`, client.other === 0],
  ];
}

function drillChecks({ drill, rows, living }, all) {
  const { successor } = drill;
  return [
    [
      `process ${drill.holderPid} held the lock when ${drill.pid} was killed`,
      drill.holderPid === drill.pid && drill.wasAlive && rows[drill.row].inside === 1,
    ],
    [`${all.recoveries} locks were recovered, not 1`, all.recoveries === 1],
    [
      `no worker replaced worker ${drill.pid}`,
      rows[successor.row].answered > 0 && living.some(({ pid }) => pid === successor.pid),
    ],
    [
      `${living.length} workers are alive, not ${rows.length - 1}`,
      living.length === rows.length - 1,
    ],
  ];
}

function limitChecks({ client, shared, limit }, all) {
  const most = limit * shared.windows;
  return [
    [
      `${shared.limited} requests are counted as limited, the workers have refused ${all.limited}`,
      shared.limited === all.limited,
    ],
    [
      `the client was refused ${client.limited} times, the workers have refused ${all.limited}`,
      client.limited <= all.limited && all.limited - client.limited <= all.unheard,
    ],
    [
      `${client.mostOfOne} requests of one client were accepted, ${most} are allowed`,
      client.mostOfOne <= most,
    ],
  ];
}

/* Whether no request got an older revision than an earlier request. */
function isInOrder(revisions) {
  return revisions.every(
    ({ revision, lowest }, i) =>
      revision === i + 1 && (i === 0 || lowest > revisions[i - 1].highest),
  );
}

function flagChecks({ client, shared, stats, living }, all) {
  const expected = {
    ...shared,
    ...{ counted: all.counted, answered: all.answered, recoveries: all.recoveries },
  };
  const rows = stats.map(([row]) => row).sort((a, b) => a - b);
  return [
    [
      `the flags were changed ${all.changesMade} times, ${all.changesSeen} changes were seen`,
      all.changesMade === all.changesSeen,
    ],
    ['a request was served by old flags after a newer one', isInOrder(client.revisions)],
    [
      'a worker reports other figures at /stats',
      stats.every(([, figures]) => isDeepStrictEqual(figures, expected)),
    ],
    [
      'not all workers have answered /stats',
      isDeepStrictEqual(
        rows,
        living.map(({ row }) => row),
      ),
    ],
  ];
}

/* { all: the totals, complaints: the failed checks } */
function judge(figures) {
  const all = totals(figures);
  const checks = [
    ...countChecks(figures, all),
    ...drillChecks(figures, all),
    ...limitChecks(figures, all),
    ...flagChecks(figures, all),
  ];
  const complaints = checks.filter(([, holds]) => !holds).map(([complaint]) => complaint);
  return { all, checks: checks.length, complaints };
}

module.exports = { judge };
