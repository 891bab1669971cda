/*
 * A rate limiter for all workers together: a number of requests of each client in a window of time, which
 * begins with the first of them. A request costs the same however many clients there are.
 */
'use strict';

const WINDOW = 1000; /* ms */
const LIMIT = 100; /* requests of one client in a window */

class Limiter {
  #used;
  #windows;

  /* `map`: a SharedMap with { evict: 'lru' }: if there are more clients than it has space for, the entries
   * of clients that were not seen for a while are evicted. */
  constructor(map) {
    this.#used = map.namespace('used:');
    this.#windows = map.namespace('windows:');
  }

  /* Counts a request of this client: { isAllowed, ttl }, where `ttl` is how long its window lasts, in ms. */
  hit(client) {
    const { value, ttl, created } = this.#used.count(client, 1, { ttl: WINDOW });
    if (created) this.#windows.increment(client);
    return { isAllowed: value <= LIMIT, ttl };
  }

  /* The number of windows of the client that has had the most. */
  get windows() {
    return Math.max(0, ...this.#windows.values());
  }
}

module.exports = { LIMIT, Limiter, WINDOW };
