/*
 * One cluster worker: an HTTP server whose state is in shared memory.
 *
 *   GET /stats   the figures of all workers; every worker reports the same
 *   GET /...     counted, and limited by client (header x-client); the answer has the number of the
 *                request in the count, and uses the current flags
 */
'use strict';

const cluster = require('node:cluster');
const http = require('node:http');

const { findState, sharedFigures } = require('./state');

const NAME = 40; /* characters of a client's name that are compared */
const STALL = 20_000; /* ms after which a worker that is not killed ends by itself */

const state = findState();
const { flags, stats, limiter, tally } = state;
const row = Number(process.env.CLUSTER_ROW); /* this worker's row of the tally */

/*
 * The number of this request in the count, and the flags. An increment needs no lock; this one is there so
 * that numbers and revisions of the flags rise together. If an earlier worker has died inside, that is only
 * counted: no number is ever half changed.
 */
function count(isAllowed) {
  return stats.withLock((guard) => {
    if (guard.recovered) tally.add(row, 'recoveries');
    if (tally.get(row, 'stall') === 1) stall();
    if (!isAllowed) stats.increment('limited');
    return { number: stats.increment('requests'), ...flags.peek() };
  });
}

/* Stops with the lock held: here the primary kills this worker. */
function stall() {
  tally.set(row, 'inside', 1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL);
  process.exit(1);
}

function serve(request, response) {
  tally.add(row, 'begun');
  const client = (request.headers['x-client'] ?? request.socket.remoteAddress).slice(0, NAME);
  const { isAllowed, ttl } = limiter.hit(client);
  const { number, revision, theme } = count(isAllowed);
  tally.add(row, 'counted');
  if (!isAllowed) tally.add(row, 'limited');
  tally.set(row, 'revision', revision);
  const headers = {
    ...{ 'X-Number': number, 'X-Revision': revision, 'X-Client': client },
    'Content-Type': 'text/plain',
  };
  if (isAllowed) {
    response.writeHead(200, headers).end(`hello in ${theme}, you are number ${number}\n`);
  } else {
    response
      .writeHead(429, { ...headers, 'Retry-After': Math.ceil(ttl / 1000) })
      .end('slow down\n');
  }
  tally.add(row, 'answered');
}

function report(response) {
  const figures = {
    ...sharedFigures(state),
    counted: tally.sum('counted'),
    answered: tally.sum('answered'),
    recoveries: tally.sum('recoveries'),
  };
  response.writeHead(200, { 'Content-Type': 'application/json', 'X-Worker': row });
  response.end(JSON.stringify(figures));
}

function handle(request, response) {
  try {
    if (request.url === '/stats') report(response);
    else serve(request, response);
  } catch (error) {
    console.error(`worker ${process.pid}: ${error.stack}`);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

const server = http.createServer(handle);
server.on('connection', (socket) => {
  tally.add(row, 'connections');
  socket.on('close', () => tally.add(row, 'connections', -1));
});
server.listen(0, '127.0.0.1'); /* the cluster gives all workers one free port */

process.on('SIGINT', () => {}); /* the primary handles Ctrl-C */
cluster.worker.on('error', () => process.exit(1)); /* the primary has ended */
