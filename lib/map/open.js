/*
 * Opens the region of a SharedMap, and checks that its codec and its eviction go with the requested ones.
 */
'use strict';

const binding = require('../native/binding');
const { codecMismatch } = require('../codec/errors');
const { CODECS, goesWith } = require('../codec/types');
const { errorOf, field } = require('../native/status');
const { openRegion } = require('../region/open');
const { describe } = require('../region/options');
const { otherEvict } = require('./errors');

/* The error for a map that cannot be used as requested, or undefined. */
function mismatch(spec, shape) {
  const found = field('codec');
  if (!goesWith(spec.codec.name, found, spec.attachReadOnly)) {
    return codecMismatch(describe(spec), CODECS[found], spec.codec.name);
  }
  if (typeof shape === 'number') return errorOf(shape, 'mmap', describe(spec));
  const evict = shape.evicts ? 'lru' : 'none';
  if (spec.evict === undefined || spec.evict === evict) return undefined;
  return otherEvict(spec, evict, spec.evict);
}

/* { handle, shape, capacity, number }; `shape`: see binding.mapShape(). */
function openMap(owner, spec) {
  const handle = openRegion(owner, spec);
  const capacity = Number(field('capacity'));
  const number = field('number');
  const shape = binding.mapShape(handle);
  const error = mismatch(spec, shape);
  if (error === undefined) return { handle, shape, capacity, number };
  binding.close(handle, []);
  throw error;
}

module.exports = { openMap };
