/*
 * The output of the example: the figures and their meaning, as text.
 */
'use strict';

const whole = (number) => Math.round(number).toLocaleString('en-US');
const ms = (number) => `${number.toFixed(1)} ms`;

const NAME = 36;
const VALUE = 12;

function section([title, ...rows]) {
  const lines = rows.map(([name, value, remark = '']) =>
    `  ${name.padEnd(NAME)}${value.padStart(VALUE)}   ${remark}`.trimEnd(),
  );
  return [title, ...lines].join('\n');
}

function sections({ client, shared, stats, drill, limit, rows }, all) {
  const unanswered = client.broken + client.pending;
  return [
    [
      'Requests',
      ['answered, as the client counts', whole(client.answered)],
      ['answered, as the workers count', whole(all.answered), 'each in a row of its own'],
      ['count in shared memory', whole(shared.requests), 'by all of them, under its lock'],
      [
        'lost from the count',
        whole(all.lost),
        'answered, but not in the count; every answer has a number of its own',
      ],
      [
        'unfinished in the killed worker',
        whole(all.unfinished),
        'begun, not counted, not answered',
      ],
      [
        'without an answer for the client',
        whole(unanswered),
        `${whole(client.broken)} broken off, ${whole(client.pending)} open at the end; ` +
          `${whole(all.unheard)} of them counted`,
      ],
    ],
    [
      'A worker killed inside its critical section',
      ['process', `${drill.pid}`, `had held the lock for ${drill.heldMs} ms when it got SIGKILL`],
      ['lock recoveries', whole(all.recoveries), `the others went on after ${ms(drill.pause)}`],
      [
        'replaced by process',
        `${drill.successor.pid}`,
        `which has answered ${whole(rows[drill.successor.row].answered)} requests`,
      ],
    ],
    [
      'Flags, limits, statistics',
      [
        'flag changes seen',
        `${all.changesSeen} of ${all.changesMade}`,
        'without a restart, in order',
      ],
      [
        'rate-limited requests',
        whole(shared.limited),
        `${limit} a second for each of ${client.clients} clients`,
      ],
      ['workers that agree at /stats', `${stats.length} of ${rows.length - 1}`],
    ],
    [
      'Speed',
      ['requests per second', whole(client.answered / client.seconds)],
      ['latency, p50', ms(client.p50)],
      ['latency, p99', ms(client.p99)],
    ],
  ];
}

/* The second argument: the result of judge(). */
function report(figures, { all, checks, complaints }) {
  const { client, living } = figures;
  const title =
    `${living.length} workers on 127.0.0.1, ${client.connections} connections, ` +
    `${client.seconds.toFixed(1)} s`;
  const verdict =
    complaints.length === 0
      ? `All figures agree (${checks} checks).`
      : ['The figures do not agree:', ...complaints.map((text) => `  - ${text}`)].join('\n');
  return [title, ...sections(figures, all).map(section), verdict].join('\n\n');
}

module.exports = { report, whole };
