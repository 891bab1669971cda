/*
 * What an Mmap knows of the region under it, and how it is told of.
 */
'use strict';

const binding = require('./binding');
const { MmapipcError, invalidType, invalidValue } = require('./errors');
const { NO_REGION_LOCK } = require('./mmap-options');
const { handOn, withdraw } = require('./region');
const { PLACE } = require('./region-options');

class Region {
  handle; /* undefined: it has a name instead */
  name;
  inherit;

  constructor(owner, mapping, { place, where }) {
    if (place === PLACE.name) {
      this.name = where;
      return;
    }
    const handle = binding.regionHandle(mapping);
    if (typeof handle === 'string') this.handle = handle;
    if (place === PLACE.inherit) {
      this.inherit = where;
      handOn(owner, where, this.handle);
    }
  }

  close(owner) {
    if (this.inherit !== undefined) withdraw(owner, this.inherit, this.handle);
  }
}

/* undefined: a file, or memory of this process alone. */
function regionOf(owner, mapping, spec) {
  return spec.place === undefined ? undefined : new Region(owner, mapping, spec);
}

/* How another process opens the same: what JSON says of it. */
function whereOf({ handle, name, file }) {
  if (handle !== undefined) return handle;
  if (name !== undefined) return { name };
  return file === undefined ? undefined : { file };
}

/* The beginning of what console.log prints. */
function placeFields({ path, fd, offset, anonymous }, region, size) {
  if (anonymous) return { private: true, size };
  if (region === undefined) return { file: path ?? `fd ${fd}`, size, offset };
  const { name, inherit, handle } = region;
  if (name !== undefined) return { name, size };
  return inherit === undefined ? { handle, size } : { inherit, handle, size };
}

function attachOptions(handle, opts = {}) {
  if (opts === null || typeof opts !== 'object') {
    throw invalidType('The "options" argument', 'of type object', opts);
  }
  if (opts.handle !== undefined) {
    throw invalidValue('The option "handle"', 'is the first argument of attach');
  }
  if (handle === undefined) throw invalidType('The "handle" argument', 'of type string', handle);
  return { ...opts, handle };
}

/* What exists. */
function openOptions(opts) {
  if (opts === null || typeof opts !== 'object') {
    throw invalidType('The "options" argument', 'of type object', opts);
  }
  if (opts.create !== undefined && opts.create !== false) {
    throw invalidValue('The option "create"', 'is not for open(), which makes nothing');
  }
  if (!['file', 'handle', 'inherit', 'name', 'path'].some((name) => opts[name] !== undefined)) {
    throw invalidValue(
      'The options object',
      'must say what to open: handle, inherit, name or file',
    );
  }
  return { ...opts, create: false };
}

function noLock() {
  return new MmapipcError('ERR_MMAPIPC_UNSUPPORTED', NO_REGION_LOCK);
}

module.exports = { attachOptions, noLock, openOptions, placeFields, regionOf, whereOf };
