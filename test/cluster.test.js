/*
 * The cluster example: run as a user runs it, as a separate process; and its judge, on figures
 * that do not agree.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { judge } = require('../examples/cluster/judge');
const { SharedMap } = require('..');
const { LIMIT, Limiter, WINDOW } = require('../examples/cluster/limiter');
const { isLinux } = require('./support/platform');

const EXAMPLE = path.join(__dirname, '..', 'examples', 'cluster.js');
const FORGETS = path.join(__dirname, 'fixtures', 'cluster-forgets.js');
const PATIENCE = 30_000; /* ms */

let mark; /* set in the environment of the example, inherited by all its children */
let marks = 0;

function start(args, env) {
  const child = spawn(process.execPath, [EXAMPLE, ...args], {
    env: { ...process.env, ...env, MMAPIPC_TEST: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.err += text));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, ended };
}

const run = (args, env) => start(args, env).ended;

function read(file) {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return ''; /* the process has ended */
  }
}

/* [pid, command line] of each living process that has the mark. */
function marked() {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/environ`).includes(`MMAPIPC_TEST=${mark}\0`))
    .map((pid) => [Number(pid), read(`/proc/${pid}/cmdline`)]);
}

async function until(what, look) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const result = look();
    if (result) return result;
    assert.ok(performance.now() < end, what);
    await sleep(20);
  }
}

const childrenOf = (program) => marked().filter(([, line]) => line.includes(program));

/* The number in the row of this name, and the text after it. */
function figure(out, name) {
  const line = out.split('\n').find((text) => text.startsWith(`  ${name} `));
  assert.ok(line, `${name} is not in\n${out}`);
  const [, value, remark] = line.slice(name.length + 2).match(/^ *([\d,.]+) *(.*)$/);
  return { value: Number(value.replaceAll(',', '')), remark };
}

const numberOf = (out, name) => figure(out, name).value;

describe('example cluster', function () {
  this.timeout(120_000);

  beforeEach(() => {
    marks += 1;
    mark = `cluster-${process.pid}-${marks}`;
  });

  if (isLinux) {
    describe('the rate limiter', limits);
    afterEach(() => assert.deepEqual(marked(), [], 'a process was left'));

    describe('a run', runs);
    describe('a run that fails', failures);
  }

  it('reports a wrong option in one line', async () => {
    const cases = [
      ['--wrokers', '4'],
      ['--workers', '1'],
      ['--workers', '65'],
      ['--workers', 'many'],
      ['--workers'],
      ['--seconds', '0'],
      ['--seconds', '1.5'],
      ['--seconds', '-2'],
      ['--seconds='],
      ['4'],
    ];
    for (const args of cases) {
      const { code, out, err } = await run(args);
      assert.match(err, /^cluster: .*--help.*\n$/);
      assert.equal(out, '');
      assert.equal(code, 2);
    }
    const { code, out } = await run(['--help']);
    assert.equal(code, 0);
    assert.match(out, /--workers N[^]*--seconds N/);
  });

  describe('the judge', judgements);
});

function runs() {
  it('loses nothing when a worker is killed inside its critical section', async () => {
    const { code, out, err } = await run(['--workers', '2', '--seconds', '2']);
    assert.equal(err, '');
    assert.match(out, /\n\nAll figures agree \(\d+ checks\)\.\n$/);
    assert.equal(code, 0);

    const counted = numberOf(out, 'count in shared memory');
    const answered = numberOf(out, 'answered, as the client counts');
    const unanswered = numberOf(out, 'without an answer for the client');
    assert.equal(numberOf(out, 'answered, as the workers count'), counted);
    assert.ok(answered > 0 && answered <= counted && counted <= answered + unanswered, out);
    assert.equal(numberOf(out, 'lost from the count'), 0);
    assert.equal(numberOf(out, 'unfinished in the killed worker'), 1);
    assert.equal(numberOf(out, 'lock recoveries'), 1);

    const replaced = figure(out, 'replaced by process');
    assert.notEqual(replaced.value, numberOf(out, 'process'));
    assert.ok(Number(/answered ([\d,]+)/.exec(replaced.remark)[1].replaceAll(',', '')) > 0, out);
    assert.equal(numberOf(out, 'flag changes seen'), 2);
    assert.equal(numberOf(out, 'workers that agree at /stats'), 2);

    /* Every second request comes from the greedy client. */
    const seconds = Number(/([\d.]+) s\n/.exec(out)[1]);
    const limited = numberOf(out, 'rate-limited requests');
    assert.ok(limited >= 0.4 * answered - LIMIT * (seconds + 2) && limited < counted, out);
    assert.ok(numberOf(out, 'requests per second') > 0);
    assert.ok(numberOf(out, 'latency, p50') > 0);
    assert.ok(numberOf(out, 'latency, p99') >= numberOf(out, 'latency, p50'));
  });

  it('serves more workers than there are processors', async () => {
    const { code, out, err } = await run(['--workers', '5', '--seconds', '1']);
    assert.equal(err, '');
    assert.equal(code, 0);
    assert.equal(numberOf(out, 'lost from the count'), 0);
    assert.equal(numberOf(out, 'workers that agree at /stats'), 5);
  });
}

function failures() {
  const some = (program) => {
    const found = childrenOf(program);
    return found.length > 0 && found;
  };
  const all = () => childrenOf('cluster/').length === 4 && childrenOf('cluster/');

  it('exits with 1 when increments are lost, and reports the loss', async () => {
    const env = { NODE_OPTIONS: `--require ${JSON.stringify(FORGETS)}` };
    const { code, out, err } = await run(['--workers', '2', '--seconds', '1'], env);
    assert.equal(err, '');
    assert.ok(numberOf(out, 'lost from the count') > 0, out);
    assert.match(out, /The figures do not agree:\n[^]*- the count lacks [\d]+ requests/);
    assert.match(out, /the shared count is \d+, the workers have counted \d+/);
    assert.equal(code, 1);
  });

  it('exits with 1 when another worker dies', async () => {
    const { ended } = start(['--workers', '2', '--seconds', '60']);
    const [[pid]] = await until('a worker', () => some('cluster/worker.js'));
    process.kill(pid, 'SIGKILL');
    const { code, out, err } = await ended;
    assert.match(err, new RegExp(`^cluster: worker ${pid} was killed by SIGKILL .*\n$`));
    assert.equal(out, '');
    assert.equal(code, 1);
  });

  it('exits with 1 when the load client dies', async () => {
    const { ended } = start(['--workers', '2', '--seconds', '60']);
    const [[pid]] = await until('the client', () => some('cluster/client.js'));
    process.kill(pid, 'SIGKILL');
    const { code, out, err } = await ended;
    assert.equal(err, 'cluster: the load client ended with SIGKILL\n');
    assert.equal(out, '');
    assert.equal(code, 1);
  });

  it('leaves no process behind when it is interrupted', async () => {
    for (const [signal, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ]) {
      const { child, ended } = start(['--workers', '3', '--seconds', '60']);
      for (const [pid] of await until('all children', all)) {
        if (signal === 'SIGINT') process.kill(pid, signal); /* as a terminal does */
      }
      child.kill(signal);
      const { code, out, err } = await ended;
      assert.deepEqual(marked(), []);
      assert.deepEqual({ code, out, err }, { code: status, out: '', err: '' });
    }
  });

  it('leaves no process behind when the primary is killed', async () => {
    const { child, ended } = start(['--workers', '3', '--seconds', '60']);
    await until('all children', all);
    child.kill('SIGKILL');
    await ended;
    await until('the end of the children', () => marked().length === 0);
  });
}

/* The figures of a run of two workers in which row 1 was killed and row 2 replaced it. */
function figures() {
  const row = { connections: 0, stall: 0, inside: 0, revision: 3, recoveries: 0 };
  const shared = { requests: 100, limited: 20, windows: 2, revision: 3, theme: 'light' };
  const stats = { ...shared, counted: 100, answered: 100, recoveries: 1 };
  return {
    client: {
      ...{ sent: 100, answered: 94, ok: 75, limited: 19, other: 0, broken: 2, pending: 4 },
      ...{ distinct: 94, highest: 99, mostOfOne: 75, clients: 2, connections: 4, timeouts: 0 },
      ...{ seconds: 2, p50: 1, p99: 2 },
      revisions: [
        { revision: 1, lowest: 1, highest: 40 },
        { revision: 2, lowest: 41, highest: 60 },
        { revision: 3, lowest: 62, highest: 99 },
      ],
    },
    drill: {
      ...{ row: 1, pid: 11, holderPid: 11, wasAlive: true, heldMs: 1, pause: 1 },
      successor: { row: 2, pid: 12 },
    },
    stats: [
      [2, { ...stats }],
      [0, { ...stats }],
    ],
    shared,
    limit: 40,
    living: [
      { row: 0, pid: 10 },
      { row: 2, pid: 12 },
    ],
    rows: [
      { ...row, begun: 50, counted: 50, answered: 50, limited: 10, recoveries: 1 },
      { ...row, begun: 21, counted: 20, answered: 20, limited: 4, inside: 1 },
      { ...row, begun: 30, counted: 30, answered: 30, limited: 6 },
    ],
  };
}

/* A change to the figures, and the report of the judge. */
const SPOILT = [
  [(f) => (f.client.distinct -= 1), /^the count lacks 1 requests/],
  [(f) => (f.shared.requests -= 1), /^the count lacks 1 requests/, /shared count is 99/],
  [(f) => (f.shared.requests += 1), /shared count is 101, the workers have counted 100/],
  [(f) => (f.rows[0].answered -= 1), /counted 100 requests and answered 99/],
  [(f) => (f.client.highest = 101), /an answer has the number 101/],
  [(f) => (f.rows[2].begun += 1), /a living worker has begun 81 requests and counted 80/],
  [(f) => (f.rows[1].begun -= 1), /left 0 requests unfinished/],
  [(f) => (f.rows[1].begun += 1), /left 2 requests unfinished/],
  [(f) => (f.client.sent += 1), /the client sent 101; 94 were answered, 6 not/],
  [(f) => (f.client.broken = f.client.pending = 1), /6 requests were counted without an answer/],
  [(f) => (f.client.broken = 5), /5 requests were broken off, on 4 connections/],
  [(f) => (f.client.other = 1), /^1 answers are errors/],
  [(f) => (f.drill.holderPid = 10), /process 10 held the lock when 11 was killed/],
  [(f) => (f.drill.wasAlive = false), /process 11 held the lock/],
  [(f) => (f.rows[1].inside = 0), /process 11 held the lock/],
  [(f) => (f.rows[0].recoveries = 0), /^0 locks were recovered/],
  [(f) => (f.rows[0].recoveries = 2), /^2 locks were recovered/],
  [(f) => (f.rows[2].answered = 0), /no worker replaced worker 11/],
  [(f) => f.living.pop(), /^1 workers are alive, not 2/],
  [(f) => (f.shared.limited += 1), /21 requests are counted as limited/],
  [(f) => (f.client.limited = 21), /the client was refused 21 times/],
  [(f) => (f.client.limited = 13), /the client was refused 13 times/],
  [(f) => (f.limit = 37), /75 requests of one client were accepted, 74 are allowed/],
  [(f) => f.client.revisions.pop(), /changed 2 times, 1 changes were seen/],
  [(f) => (f.client.revisions[1].lowest = 40), /old flags after a newer one/],
  [(f) => (f.stats[1][1].requests = 99), /other figures at \/stats/],
  [(f) => f.stats.pop(), /not all workers/],
];

function judgements() {
  it('accepts figures that agree', () => {
    const { complaints, all, checks } = judge(figures());
    assert.deepEqual(complaints, []);
    assert.equal(all.lost, 0);
    assert.equal(all.unheard, 6);
    assert.ok(checks > 20);
  });

  it('reports each figure that does not agree', () => {
    for (const [spoil, ...expected] of SPOILT) {
      const spoilt = figures();
      spoil(spoilt);
      const { complaints } = judge(spoilt);
      for (const text of expected) {
        const isSaid = complaints.some((complaint) => text.test(complaint));
        assert.ok(isSaid, `${spoil}: ${complaints.join('; ') || 'nothing was said'}`);
      }
    }
  });
}

function limits() {
  let map;
  let limiter;
  beforeEach(() => {
    map = new SharedMap(65_536, { evict: 'lru' });
    limiter = new Limiter(map);
  });
  afterEach(() => map.close());
  const ask = (times, client) =>
    Array.from({ length: times }, () => limiter.hit(client)).filter(({ isAllowed }) => isAllowed)
      .length;

  it('grants each client its allowance, and a new one in each window', async () => {
    /* The windows last as long as this test needs. */
    for (const client of ['a', 'b']) {
      const { isAllowed, ttl } = limiter.hit(client);
      assert.ok(isAllowed && ttl > 0 && ttl <= WINDOW, `${ttl}`);
      map.expire(`used:${client}`, null);
      assert.equal(ask(LIMIT + 5, client), LIMIT - 1);
    }
    assert.equal(limiter.windows, 1);
    map.expire('used:a', 1);
    await until('the end of the window', () => !map.has('used:a'));
    assert.equal(ask(1, 'a'), 1);
    assert.equal(ask(1, 'b'), 0);
    assert.equal(limiter.windows, 2);
  });

  it('stores a bounded number of clients', () => {
    for (let i = 0; i < 10_000; i++) limiter.hit(`client-${i}`);
    const { entries, evictions, expirations, used, capacity } = map.stats();
    assert.ok(entries + evictions + expirations >= 20_000, `${entries}, ${evictions}`);
    assert.ok(evictions > 0 && used <= capacity, `${evictions}, ${used}`);
    assert.equal(ask(1, 'one more'), 1);
  });
}
