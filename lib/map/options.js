/*
 * The arguments of the SharedMap constructor: checks them, and makes one plain specification of them.
 * Nothing is opened here.
 */
'use strict';

const binding = require('../native/binding');
const { makeCodec } = require('../codec/codec');
const { CODECS } = require('../codec/types');
const { constants } = require('../native/constants');
const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const { PLACE, checkRegion, createOf, placeOf } = require('../region/options');
const { boolean, integer, options, timeoutOf } = require('../base/validate');
const { ttlOf } = require('./ttl');

const { PROT_READ, PROT_WRITE } = constants;
const KIND = binding.numbers.regionKind.MAP;
const { LEAST_BYTES: LEAST, KIND_WORDS } = binding.numbers.mapLimit;
const LEAST_ENTRY = 32; /* bytes */
const CACHED = 4096; /* entries that a process caches by default */
const EVICTS = ['none', 'lru'];

const KNOWN = [
  ...['capacity', 'maxEntries', 'codec', 'evict', 'ttl', 'cache'],
  ...['handle', 'inherit', 'name', 'path'],
  ...['create', 'mode', 'readOnly', 'timeout', 'anyFilesystem'],
];

/* Instead of a capacity: that of the existing map. */
const EXISTING = Symbol('existing');

function capacityOf(first, given) {
  if (first === EXISTING) return given === undefined ? 0 : capacityOf(undefined, given);
  if (first !== undefined && given !== undefined) {
    throw invalidValue('The option "capacity"', 'is given twice; leave out the first argument');
  }
  return integer(first ?? given, 'The "capacity" argument', LEAST);
}

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
  const byWallClock = place?.place === PLACE.PATH;
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
  if (given !== undefined && given !== null && typeof given === 'object' && 'file' in given) {
    throw invalidValue('The option "file"', 'is not an option of SharedMap; use "path"');
  }
  const opts = options(given, KNOWN, 'The options object');
  const { mode = 0o600, readOnly = false, timeout = 10000, anyFilesystem = false } = opts;
  const { maxEntries = 0, cache = CACHED } = opts;
  const create = createOf(opts);
  const place = placeOf(opts);
  const evict = evictOf(opts.evict);
  boolean(readOnly, 'The option "readOnly"');
  boolean(anyFilesystem, 'The option "anyFilesystem"');
  integer(mode, 'The option "mode"', 0, 0o7777);
  integer(cache, 'The option "cache"');
  if (opts.maxEntries !== undefined) integer(maxEntries, 'The option "maxEntries"', 1);
  timeoutOf(timeout, 'The option "timeout"');
  const ttl = ttlOf(opts.ttl, Infinity, 'The option "ttl"');
  const capacity = capacityOf(first, opts.capacity);
  checkRegion({ place, create, size: capacity, isReadOnly: readOnly }, 'a map', 'capacity', 'path');
  const codec = makeCodec(opts.codec);
  return {
    ...(place ?? { place: PLACE.ANONYMOUS, where: undefined }),
    ...planOf(capacity, maxEntries, evict, place),
    capacity,
    evict,
    ttl,
    cache,
    codec,
    codecNumber: CODECS.indexOf(codec.name),
    kind: KIND,
    create,
    mode,
    timeout,
    anyFilesystem,
    attachReadOnly: readOnly,
    withHeader: true,
    prot: readOnly ? PROT_READ : PROT_READ | PROT_WRITE,
    copyOnWrite: false,
    protect: readOnly /* no user code sees the memory, so one image is enough */,
    guard: true /* of a region in a file */,
    acceptUnclean: false,
  };
}

/* The specification for (capacity, options), or for options with a capacity among them. */
function interpret(first, given) {
  if (first !== null && typeof first === 'object') {
    if (given !== undefined) throw invalidType('The "capacity" argument', 'of type number', first);
    return interpretOptions(undefined, first);
  }
  if (first === undefined) throw invalidType('The "capacity" argument', 'of type number', first);
  return interpretOptions(first, given);
}

module.exports = { EXISTING, interpret };
