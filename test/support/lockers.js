/*
 * Processes that work under the lock of one file or region (fixtures/locker.js), and are killed.
 */
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

/* The command, to be followed by what locker.js expects. */
const LOCKER = [process.execPath, path.join(__dirname, '..', 'fixtures', 'locker.js')];
const STUCK = 10000; /* ms without progress */
const POOL = 6;

/* Words of the payload. A stamp lies at 256: when a recovery was reported. */
const WORDS = { count: 0, inside: 1, first: 2, second: 3, violations: 4, reported: 5 };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* The command of one that does a task with the memory of an Mmap. */
function lockerOf({ file, handle }, task, amount = 0) {
  const where = file === undefined ? { handle } : { file, readOnly: false };
  return [...LOCKER, JSON.stringify(where), task, amount];
}

/* A process that prints first that it is ready: { child, ready, ended: code or signal, output() }. */
function startCommand([command, ...args]) {
  const child = spawn(command, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  return {
    child,
    ready: once(child.stdout, 'data'),
    ended: once(child, 'close').then(([code, signal]) => signal ?? code),
    output: () => output.replace('ready', ''),
  };
}

/* Runs the commands, which begin together, when the lock of the Mmap is released; how each has ended,
 * and what it has printed. */
async function runAtOnce(map, commands) {
  const guard = map.lock();
  const started = commands.map(startCommand);
  await Promise.all(started.map(({ ready }) => ready));
  guard.release();
  return Promise.all(started.map(async ({ ended, output }) => [await ended, output()]));
}

/* The same for [task, amount] of each. */
const runLockers = (map, jobs) =>
  runAtOnce(
    map,
    jobs.map(([task, amount]) => lockerOf(map, task, amount)),
  );

/*
 * Kills so many of processes that hold or await the lock: { killed, held, violations, stuck, errors,
 * latencies }, these in ms from the signal to a guard that reports the death.
 */
async function killLockers(map, kills) {
  const words = new Int32Array(map.buffer.buffer, 0, 64);
  const stamps = new BigInt64Array(map.buffer.buffer, 256, 8);
  const result = { killed: 0, held: 0, stuck: 0, errors: [], latencies: [] };
  const living = new Set();
  let stopped = false;

  async function keepOne() {
    while (!stopped) {
      const locker = startCommand(lockerOf(map, 'victim'));
      await Promise.race([locker.ready, locker.ended]);
      living.add(locker);
      const how = await locker.ended;
      living.delete(locker);
      if (how !== 'SIGKILL') result.errors.push(how);
    }
  }

  /* The holder, or any; sometimes one more at the same moment. */
  function choose() {
    const victims = [...living];
    const any = () => victims[Math.floor(Math.random() * victims.length)];
    const holder = victims.find(({ child }) => child.pid === words[WORDS.inside]);
    const first = Math.random() < 0.6 ? (holder ?? any()) : any();
    return Math.random() < 0.5 ? new Set([first]) : new Set([first, any()]);
  }

  async function killSome() {
    while (living.size < POOL - 2) await pause(1);
    await pause(Math.random() * 5);
    const victims = choose();
    const reported = words[WORDS.reported];
    const at = process.hrtime.bigint();
    for (const { child } of victims) child.kill('SIGKILL');
    for (const { ended } of victims) await ended;
    result.killed += victims.size;
    const count = words[WORDS.count];
    for (const since = performance.now(); words[WORDS.count] - count < 4; await pause(1)) {
      if (performance.now() - since < STUCK) continue;
      result.stuck++;
      break;
    }
    if (words[WORDS.reported] === reported) return;
    result.held++;
    result.latencies.push(Number(stamps[0] - at) / 1e6);
  }

  const pool = Array.from({ length: POOL }, keepOne);
  while (result.killed < kills && result.stuck < 3 && result.errors.length < 3) await killSome();
  stopped = true;
  for (const { child } of living) child.kill('SIGKILL');
  await pause(0);
  const last = setInterval(() => [...living].map(({ child }) => child.kill('SIGKILL')), 20);
  await Promise.all(pool);
  clearInterval(last);
  map.lock({ timeout: STUCK }).release();
  result.violations = words[WORDS.violations];
  result.latencies.sort((a, b) => a - b);
  return result;
}

/* The figures of killLockers() in words. */
function describeKills({ killed, held, violations, stuck, latencies }) {
  const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))];
  const [half, most, all] = [at(0.5), at(0.99), at(1)].map((ms) => ms?.toFixed(1));
  return (
    `${killed} killed, ${held} times holding the lock, ${violations} violations, ${stuck} stuck; ` +
    `recovered after p50 ${half}, p99 ${most}, max ${all} ms`
  );
}

module.exports = { LOCKER, WORDS, describeKills, killLockers, runAtOnce, runLockers };
