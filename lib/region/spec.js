/*
 * The arguments that Share and SharedMap have in common: a capacity, and options for the region.
 */
'use strict';

const { constants } = require('../native/constants');
const { invalidType, invalidValue } = require('../base/errors');
const { boolean, integer, timeoutOf } = require('../base/validate');
const { PLACE, checkRegion, createOf, placeOf } = require('./options');

const { PROT_READ, PROT_WRITE } = constants;

/* The names of the options for the region. */
const REGION = [
  ...['handle', 'inherit', 'name', 'path'],
  ...['create', 'mode', 'readOnly', 'timeout', 'anyFilesystem'],
];

/* Instead of a capacity: that of the existing region. */
const EXISTING = Symbol('existing');

/* The capacity, in the first argument or in the options, at least `least`; 0: EXISTING. */
function capacityOf(first, given, least) {
  if (first === EXISTING) return given === undefined ? 0 : capacityOf(undefined, given, least);
  if (first !== undefined && given !== undefined) {
    throw invalidValue('The option "capacity"', 'is given twice; leave out the first argument');
  }
  return integer(first ?? given, 'The "capacity" argument', least);
}

/* The result of `interpretOptions(first, opts)` for (capacity, options), or for options with a capacity
 * among them. */
function interpretWith(interpretOptions, first, given) {
  if (first !== null && typeof first === 'object') {
    if (given !== undefined) throw invalidType('The "capacity" argument', 'of type number', first);
    return interpretOptions(undefined, first);
  }
  if (first === undefined) throw invalidType('The "capacity" argument', 'of type number', first);
  return interpretOptions(first, given);
}

function refuseFile(given, what) {
  if (given !== undefined && given !== null && typeof given === 'object' && 'file' in given) {
    throw invalidValue('The option "file"', `is not an option of ${what}; use "path"`);
  }
}

/* The specification of the region, without size, kind and codec. `capacity()` is called when the options
 * are checked; `what`: "a Share". */
function regionSpec(opts, capacity, what) {
  const { mode = 0o600, readOnly = false, timeout = 10000, anyFilesystem = false } = opts;
  const create = createOf(opts);
  const place = placeOf(opts);
  boolean(readOnly, 'The option "readOnly"');
  boolean(anyFilesystem, 'The option "anyFilesystem"');
  integer(mode, 'The option "mode"', 0, 0o7777);
  timeoutOf(timeout, 'The option "timeout"');
  const size = capacity();
  checkRegion({ place, create, size, isReadOnly: readOnly }, what, 'capacity', 'path');
  return {
    ...(place ?? { place: PLACE.ANONYMOUS, where: undefined }),
    capacity: size,
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

module.exports = { EXISTING, REGION, capacityOf, interpretWith, refuseFile, regionSpec };
