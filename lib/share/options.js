/*
 * The arguments of the Share constructor: checks them, and makes one plain specification of them.
 * Nothing is opened here.
 */
'use strict';

const binding = require('../native/binding');
const { makeCodec } = require('../codec/codec');
const { CODECS } = require('../codec/types');
const { outOfRange } = require('../base/errors');
const { boolean, options } = require('../base/validate');
const spec = require('../region/spec');

const { EXISTING } = spec;
const KIND = binding.numbers.regionKind.SHARE;
const KNOWN = ['codec', 'checksum', 'capacity', ...spec.REGION];

function capacityOf(first, given) {
  const capacity = spec.capacityOf(first, given, 1);
  if (capacity > 0 && binding.shareSize(capacity) === 0) {
    throw outOfRange('"capacity"', 'small enough for four values in 2^53 bytes', capacity);
  }
  return capacity;
}

function interpretOptions(first, given) {
  spec.refuseFile(given, 'Share');
  const opts = options(given, KNOWN, 'The options object');
  const { checksum = false } = opts;
  boolean(checksum, 'The option "checksum"');
  const region = spec.regionSpec(opts, () => capacityOf(first, opts.capacity), 'a Share');
  const { capacity } = region;
  const codec = makeCodec(opts.codec);
  return {
    ...region,
    size: capacity === 0 ? 0 : binding.shareSize(capacity),
    codec,
    codecOption: opts.codec,
    codecNumber: CODECS.indexOf(codec.name),
    checksum,
    kind: KIND,
  };
}

/* The specification for (capacity, options), or for options with a capacity among them. */
const interpret = (first, given) => spec.interpretWith(interpretOptions, first, given);

module.exports = { EXISTING, interpret };
