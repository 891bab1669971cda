/*
 * The load, in a process of its own: autocannon, and a record of every answer. Each answer has the
 * number of its request in the shared count. A number that comes twice means that the count lacks a
 * request that was answered.
 */
'use strict';

const { createHistogram } = require('node:perf_hooks');

const autocannon = require('autocannon');

const CLIENTS = 32; /* they send every second request, in turn; one greedy client sends the others */
const RECONNECT = 50; /* requests of a connection, so that a new worker gets some too */
const SAMPLE = 100; /* ms; autocannon stops at the end of a sample */
const TIMEOUT = 10; /* s, of a request */
const DAY = 86_400; /* s: no limit, because a message stops the load */

/* A set of whole numbers, with one bit for each. */
class NumberSet {
  size = 0;
  highest = 0;
  #bits = new Uint8Array(65_536);

  add(number) {
    const index = number >>> 3;
    const bit = 1 << (number & 7);
    if (index >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(index + 1, 2 * this.#bits.length));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    if ((this.#bits[index] & bit) !== 0) return;
    this.#bits[index] |= bit;
    this.size += 1;
    if (number > this.highest) this.highest = number;
  }
}

/* The requests and answers of all connections together. */
class Account {
  sent = 0;
  ok = 0;
  limited = 0;
  other = 0; /* neither; must stay 0 */
  broken = 0; /* no answer came, and the connection went on with the next request */
  #numbers = new NumberSet();
  #letThrough = new Map(); /* client -> its requests that were allowed */
  #revisions = new Map(); /* revision -> the lowest and the highest number that it served */
  #waiting = new Map(); /* connections without an answer yet -> when they sent */
  #times = createHistogram(); /* us */

  watch(connection) {
    connection.on('request', () => {
      this.sent += 1;
      if (this.#waiting.has(connection)) this.broken += 1;
      this.#waiting.set(connection, performance.now());
    });
    /* 'response' misses the last answer before autocannon reconnects. */
    connection.on('headers', ({ statusCode, headers }) => {
      const ms = performance.now() - this.#waiting.get(connection);
      this.#times.record(Math.max(1, Math.round(ms * 1000)));
      this.#waiting.delete(connection);
      this.#answer(statusCode, headers);
    });
  }

  #answer(status, headers) {
    if (status !== 200 && status !== 429) {
      this.other += 1;
      return;
    }
    if (status === 200) {
      const client = valueOf(headers, 'X-Client');
      this.ok += 1;
      this.#letThrough.set(client, (this.#letThrough.get(client) ?? 0) + 1);
    } else {
      this.limited += 1;
    }
    const number = Number(valueOf(headers, 'X-Number'));
    const revision = Number(valueOf(headers, 'X-Revision'));
    this.#numbers.add(number);
    const span = this.#revisions.get(revision);
    if (span === undefined) {
      this.#revisions.set(revision, { revision, lowest: number, highest: number });
      process.send({ seen: revision });
      return;
    }
    if (number < span.lowest) span.lowest = number;
    if (number > span.highest) span.highest = number;
  }

  sum() {
    const { sent, ok, limited, other, broken } = this;
    return {
      ...{ sent, ok, limited, other, broken },
      answered: ok + limited,
      distinct: this.#numbers.size,
      highest: this.#numbers.highest,
      mostOfOne: Math.max(0, ...this.#letThrough.values()),
      pending: this.#waiting.size,
      p50: this.#times.percentile(50) / 1000,
      p99: this.#times.percentile(99) / 1000,
      revisions: [...this.#revisions.values()].sort((a, b) => a.revision - b.revision),
    };
  }
}

/* `headers`: names and values in turn. */
function valueOf(headers, name) {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}

const requests = Array.from({ length: 2 * CLIENTS }, (_, i) => ({
  headers: { 'x-client': i % 2 === 0 ? 'greedy' : `client-${(i + 1) / 2}` },
}));

let load;

async function drive({ url, connections }) {
  const account = new Account();
  const begin = performance.now();
  load = autocannon({
    ...{ url, connections, requests, duration: DAY, timeout: TIMEOUT },
    ...{ sampleInt: SAMPLE, reconnectRate: RECONNECT },
    setupClient: (connection) => account.watch(connection),
  });
  const { timeouts } = await load;
  const seconds = (performance.now() - begin) / 1000;
  process.send({ ...account.sum(), clients: CLIENTS + 1, connections, seconds, timeouts });
}

process.on('message', (message) => {
  if (message.stop) load.stop();
  else drive(message).catch((error) => process.send({ error: error.message }));
});
process.on('SIGINT', () => {}); /* the primary handles Ctrl-C */
process.on('disconnect', () => process.exit(1)); /* the primary has ended */
