/*
 * The arguments of the SharedMap constructor: checks them, and makes one plain specification of them.
 * Nothing is opened here.
 */
'use strict';

const binding = require('../native/binding');
const { makeCodec } = require('../codec/codec');
const { CODECS } = require('../codec/types');
const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const { integer, options } = require('../base/validate');
const { PLACE } = require('../region/options');
const spec = require('../region/spec');
const { ttlOf } = require('./ttl');

const { EXISTING } = spec;
const KIND = binding.numbers.regionKind.MAP;
const { LEAST_BYTES: LEAST, KIND_WORDS } = binding.numbers.mapLimit;
const LEAST_ENTRY = 32; /* bytes */
const CACHED = 4096; /* entries that a process caches by default */
const EVICTS = ['none', 'lru'];
const KNOWN = ['capacity', 'maxEntries', 'codec', 'evict', 'ttl', 'cache', ...spec.REGION];

function evictOf(evict) {
  if (evict === undefined || EVICTS.includes(evict)) return evict;
  if (typeof evict !== 'string') throw invalidType('The option "evict"', 'of type string', evict);
  throw invalidValue('The option "evict"', `must be 'none' or 'lru' (received '${evict}')`);
}

/* { size, kindWords } of the payload of a new map. */
function planOf(capacity, maxEntries, evict, place) {
  const kindWords = new Uint32Array(KIND_WORDS);
  if (capacity === 0) return { size: 0, kindWords };
  /* What lies in a file outlives a reboot, and so must the times at which its entries expire. */
  const byWallClock = place === PLACE.PATH;
  const most = Math.floor(capacity / LEAST_ENTRY);
  if (maxEntries > most) {
    throw outOfRange(
      '"maxEntries"',
      `<= ${most}, as each takes ${LEAST_ENTRY} bytes at least`,
      maxEntries,
    );
  }
  const size = binding.mapPlan(capacity, maxEntries, evict === 'lru', byWallClock, kindWords);
  if (size > 0) return { size, kindWords };
  throw outOfRange('"capacity"', `>= ${LEAST} and <= 2^37`, capacity);
}

function interpretOptions(first, given) {
  spec.refuseFile(given, 'SharedMap');
  const opts = options(given, KNOWN, 'The options object');
  const { maxEntries = 0, cache = CACHED } = opts;
  const evict = evictOf(opts.evict);
  integer(cache, 'The option "cache"');
  if (opts.maxEntries !== undefined) integer(maxEntries, 'The option "maxEntries"', 1);
  const ttl = ttlOf(opts.ttl, Infinity, 'The option "ttl"');
  const region = spec.regionSpec(opts, () => spec.capacityOf(first, opts.capacity, LEAST), 'a map');
  const codec = makeCodec(opts.codec);
  return {
    ...region,
    ...planOf(region.capacity, maxEntries, evict, region.place),
    evict,
    ttl,
    cache,
    codec,
    codecNumber: CODECS.indexOf(codec.name),
    kind: KIND,
  };
}

/* The specification for (capacity, options), or for options with a capacity among them. */
const interpret = (first, given) => spec.interpretWith(interpretOptions, first, given);

module.exports = { EXISTING, interpret };
