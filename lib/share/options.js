/*
 * The arguments of the Share constructor, interpreted: one plain specification out. Nothing is opened
 * here.
 */
'use strict';

const binding = require('../native/binding');
const { makeCodec } = require('../codec/codec');
const { CODECS } = require('../codec/types');
const { constants } = require('../native/constants');
const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const { CREATE, PLACE, placeOf } = require('../region/options');
const { boolean, integer, options, timeoutOf } = require('../base/validate');

const { PROT_READ, PROT_WRITE } = constants;
const [KIND] = Object.entries(binding.regionKinds).find(([, name]) => name === 'Share');

const KNOWN = [
  ...['codec', 'checksum', 'capacity'],
  ...['handle', 'inherit', 'name', 'path'],
  ...['create', 'mode', 'readOnly', 'timeout', 'anyFilesystem'],
];

/* Stands for the capacity of what exists. */
const EXISTING = Symbol('existing');

function capacityOf(first, given) {
  if (first === EXISTING) return given === undefined ? 0 : capacityOf(undefined, given);
  if (first !== undefined && given !== undefined) {
    throw invalidValue('The option "capacity"', 'is given twice');
  }
  const capacity = integer(first ?? given, 'The "capacity" argument', 1);
  if (binding.shareSize(capacity) === 0) {
    throw outOfRange('"capacity"', 'small enough for four values in 2^53 bytes', capacity);
  }
  return capacity;
}

/* What exists may be opened without a capacity, read-only or not. */
function checkCreate({ create, place, capacity, readOnly }) {
  if (place === undefined && (readOnly || create === false)) {
    throw invalidValue(
      readOnly ? 'The option "readOnly"' : 'The option "create"',
      'is for what exists; say which by handle, inherit, name or path',
    );
  }
  if (create !== 'exclusive') return;
  if (place?.place === PLACE.handle) {
    throw invalidValue('The option "create"', "'exclusive' makes a Share, and a handle is of one");
  }
  if (readOnly || capacity === 0) {
    const wants = readOnly ? 'the right to write' : 'a capacity';
    throw invalidValue('The option "create"', `'exclusive' makes a Share, which needs ${wants}`);
  }
}

function interpretOptions(first, given) {
  if (given !== undefined && given !== null && typeof given === 'object' && 'file' in given) {
    throw invalidValue('The option "file"', 'is one of Mmap; a Share lives at "path"');
  }
  const opts = options(given, KNOWN, 'The options object');
  const { create = true, mode = 0o600, readOnly = false, timeout = 10000 } = opts;
  const { checksum = false, anyFilesystem = false } = opts;
  if (!CREATE.has(create)) {
    throw invalidValue('The option "create"', "must be true, false or 'exclusive'");
  }
  const place = placeOf(opts);
  boolean(readOnly, 'The option "readOnly"');
  boolean(checksum, 'The option "checksum"');
  boolean(anyFilesystem, 'The option "anyFilesystem"');
  integer(mode, 'The option "mode"', 0, 0o7777);
  timeoutOf(timeout, 'The option "timeout"');
  const capacity = capacityOf(first, opts.capacity);
  checkCreate({ create, place, capacity, readOnly });
  const codec = makeCodec(opts.codec);
  return {
    ...(place ?? { place: PLACE.anonymous, where: undefined }),
    capacity,
    size: capacity === 0 ? 0 : binding.shareSize(capacity),
    codec,
    codecOption: opts.codec,
    codecNumber: CODECS.indexOf(codec.name),
    checksum,
    kind: Number(KIND),
    create: CREATE.get(create),
    mode,
    timeout,
    anyFilesystem,
    attachReadOnly: readOnly,
    withHeader: true,
    prot: readOnly ? PROT_READ : PROT_READ | PROT_WRITE,
    copyOnWrite: false,
    protect: readOnly /* nobody but we gets to see it: one image is enough */,
    guard: true /* where it is a file at all */,
    acceptUnclean: false,
  };
}

/* Of (capacity, options), or options with a capacity among them. */
function interpret(first, given) {
  if (first !== null && typeof first === 'object') {
    if (given !== undefined) throw invalidType('The "capacity" argument', 'of type number', first);
    return interpretOptions(undefined, first);
  }
  if (first === undefined) throw invalidType('The "capacity" argument', 'of type number', first);
  return interpretOptions(first, given);
}

module.exports = { EXISTING, interpret };
