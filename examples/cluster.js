/*
 * Example: an HTTP server on node:cluster whose workers share their state, and one of which is killed
 * at the worst moment.
 *
 *     node examples/cluster.js [--workers N] [--seconds N]
 *
 * Feature flags, a count of requests and a rate limiter are in shared memory. Under load the flags
 * change, and a worker gets SIGKILL while it holds the lock of the count and is about to change it. At
 * the end the figures of the client, of the workers and of the shared memory must agree.
 */
'use strict';

const os = require('node:os');
const { parseArgs } = require('node:util');

const { judge } = require('./cluster/judge');
const { report, whole } = require('./cluster/report');
const { Run } = require('./cluster/run');

const HELP = `node examples/cluster.js [options]

Starts an HTTP server whose worker processes share their state, and sends requests to it. Meanwhile
feature flags change, and a worker is killed while it holds the lock of the request counter. Prints
the counts of the client, the workers and the shared memory; exits with 1 if they do not agree.

  --workers N     number of processes (default 4; at least 2, because one of them is killed)
  --seconds N     time under load (default 10)
  --help          prints this text
`;

const REFRESH = 100; /* ms, of the progress line */

class UsageError extends Error {}

function number(text, name, least, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not '${text}'`);
}

function readOptions() {
  const options = {
    workers: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '10' },
    help: { type: 'boolean' },
  };
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new UsageError(error.message.split(/\. |\n/)[0]);
  }
  return {
    help: values.help,
    workers: number(values.workers, 'workers', 2, 64),
    seconds: number(values.seconds, 'seconds', 1, 3600),
  };
}

/* A progress line on a terminal, and nothing elsewhere. Returns the function that ends it. */
function showProgress(run, total) {
  if (!process.stderr.isTTY) return () => {};
  const timer = setInterval(() => {
    const { doing, seconds, requests, workers, theme } = run.progress;
    const time = `${seconds.toFixed(1)} of ${total} s`;
    const parts = [time, `${whole(requests)} requests`, `${workers} workers`, theme, doing];
    process.stderr.write(`\r\x1b[K${parts.join('   ')}`);
  }, REFRESH);
  return () => {
    clearInterval(timer);
    process.stderr.write('\r\x1b[K');
  };
}

let isLeaving = false; /* after a signal: later failures are not reported */

async function main({ workers, seconds }) {
  const run = new Run({ workers, seconds });
  const endProgress = showProgress(run, seconds);
  process.on('exit', () => run.killNow());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, async () => {
      if (isLeaving) return;
      isLeaving = true;
      endProgress();
      await run.end();
      process.exit(128 + os.constants.signals[signal]);
    });
  }
  let figures;
  try {
    figures = await run.play();
  } finally {
    endProgress();
    await run.end();
  }
  const verdict = judge(figures);
  console.log(report(figures, verdict));
  process.exit(verdict.complaints.length === 0 ? 0 : 1);
}

function fail(error) {
  if (isLeaving) return;
  /* Ctrl-C reaches the children too, and ends a child that is still starting. */
  if (error.signal === 'SIGINT') process.exit(128 + os.constants.signals.SIGINT);
  const usage = error instanceof UsageError;
  console.error(`cluster: ${error.message}${usage ? ' (see --help)' : ''}`);
  process.exit(usage ? 2 : 1);
}

try {
  const options = readOptions();
  if (options.help) process.stdout.write(HELP);
  else main(options).catch(fail);
} catch (error) {
  fail(error);
}
