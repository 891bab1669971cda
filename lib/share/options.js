/*
 * The arguments of the Share constructor: checks them, and makes one plain specification of them.
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

const { PROT_READ, PROT_WRITE } = constants;
const KIND = binding.numbers.regionKind.SHARE;

const KNOWN = [
  ...['codec', 'checksum', 'capacity'],
  ...['handle', 'inherit', 'name', 'path'],
  ...['create', 'mode', 'readOnly', 'timeout', 'anyFilesystem'],
];

/* Instead of a capacity: that of the existing Share. */
const EXISTING = Symbol('existing');

function capacityOf(first, given) {
  if (first === EXISTING) return given === undefined ? 0 : capacityOf(undefined, given);
  if (first !== undefined && given !== undefined) {
    throw invalidValue('The option "capacity"', 'is given twice; leave out the first argument');
  }
  const capacity = integer(first ?? given, 'The "capacity" argument', 1);
  if (binding.shareSize(capacity) === 0) {
    throw outOfRange('"capacity"', 'small enough for four values in 2^53 bytes', capacity);
  }
  return capacity;
}

function interpretOptions(first, given) {
  if (given !== undefined && given !== null && typeof given === 'object' && 'file' in given) {
    throw invalidValue('The option "file"', 'is not an option of Share; use "path"');
  }
  const opts = options(given, KNOWN, 'The options object');
  const { mode = 0o600, readOnly = false, timeout = 10000 } = opts;
  const { checksum = false, anyFilesystem = false } = opts;
  const create = createOf(opts);
  const place = placeOf(opts);
  boolean(readOnly, 'The option "readOnly"');
  boolean(checksum, 'The option "checksum"');
  boolean(anyFilesystem, 'The option "anyFilesystem"');
  integer(mode, 'The option "mode"', 0, 0o7777);
  timeoutOf(timeout, 'The option "timeout"');
  const capacity = capacityOf(first, opts.capacity);
  const checked = { place, create, size: capacity, isReadOnly: readOnly };
  checkRegion(checked, 'a Share', 'capacity', 'path');
  const codec = makeCodec(opts.codec);
  return {
    ...(place ?? { place: PLACE.ANONYMOUS, where: undefined }),
    capacity,
    size: capacity === 0 ? 0 : binding.shareSize(capacity),
    codec,
    codecOption: opts.codec,
    codecNumber: CODECS.indexOf(codec.name),
    checksum,
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
