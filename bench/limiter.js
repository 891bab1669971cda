/*
 * A hit of a rate limiter for 32, 1,000 and 10,000 clients: the limiter of the example in a SharedMap, beside
 * the same as one object in a Share, which is encoded whole at each hit.
 */
'use strict';

const { Share, SharedMap } = require('..');
const { LIMIT, Limiter } = require('../examples/cluster/limiter');
const { timer } = require('./lib/measure');
const { duration, median, ratio, table } = require('./lib/numbers');

const CLIENTS = [32, 1000, 10_000];
const CAPACITY = 4 * 1024 * 1024; /* bytes, as in the example */
/* Clients that take turns, spread over all: many where a hit is cheap, so that they are not all in the
 * processor's cache. */
const ASKED = { SharedMap: 8192, Share: 16 };

const namesOf = (count) => Array.from({ length: count }, (_, i) => `client-${i}`);
const spread = (names, length) => Array.from({ length }, (_, i) => names[(i * 101) % names.length]);

const WAYS = {
  SharedMap(names) {
    const limiter = new Limiter(new SharedMap(CAPACITY, { evict: 'lru' }));
    for (const name of names) limiter.hit(name);
    return (name) => limiter.hit(name);
  },
  Share(names) {
    const share = new Share(CAPACITY);
    share.set(Object.fromEntries(names.map((name) => [name, 1])));
    return (name) => {
      let isAllowed;
      share.update((used) => {
        const before = used[name] ?? 0;
        isAllowed = before < LIMIT;
        if (isAllowed) used[name] = before + 1;
        return used;
      });
      return isAllowed;
    };
  },
};

const caseOf = (way, count) => `${way}, ${count.toLocaleString('en-US')} clients`;
const CASES = new Map(
  CLIENTS.flatMap((count) => Object.keys(WAYS).map((way) => [caseOf(way, count), [way, count]])),
);

function report(results, how) {
  const rows = CLIENTS.map((count) => {
    const [map, share] = Object.keys(WAYS).map((way) => results.get(caseOf(way, count)).ns ?? []);
    if (map.length === 0) return [count.toLocaleString('en-US'), 'absent', '', ''];
    return [
      count.toLocaleString('en-US'),
      duration(median(map)),
      duration(median(share)),
      `${Math.round(ratio(share, map)).toLocaleString('en-US')} x`,
    ];
  });
  const lines = table(['clients', 'SharedMap', 'Share', 'Share / SharedMap'], rows);
  return `${lines}\n\n${how}`;
}

module.exports = {
  title: 'A hit of a rate limiter',
  rounds: 3,
  turns: 15,
  groups: CLIENTS.map((count) => Object.keys(WAYS).map((way) => caseOf(way, count))),
  open(name) {
    const [way, count] = CASES.get(name);
    const names = namesOf(count);
    const time = timer(WAYS[way](names), spread(names, ASKED[way]));
    return () => ({ ns: time() });
  },
  report,
};
