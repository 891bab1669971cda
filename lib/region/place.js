/*
 * What an object knows of the place that its memory lives in, and how it is told of.
 */
'use strict';

const binding = require('../native/binding');
const { invalidType, invalidValue } = require('../base/errors');
const { handOn, withdraw } = require('./open');
const { PLACE } = require('./options');

class Region {
  name;
  path;
  inherit;
  #handle; /* undefined: it has a name instead */
  #mapping;
  #row; /* of what children inherit */
  #isShown = false; /* the user has read the handle */

  constructor(owner, mapping, { place, where }) {
    this.#mapping = mapping;
    if (place === PLACE.name || place === PLACE.path) {
      this[place === PLACE.name ? 'name' : 'path'] = where;
      return;
    }
    const handle = binding.regionHandle(mapping);
    if (typeof handle === 'string') this.#handle = handle;
    if (place === PLACE.inherit) {
      this.inherit = where;
      this.#row = handOn(owner, where, this.#handle);
    }
  }

  /* Whether it is found by a name or path, which may come to lead elsewhere. */
  get isAtPath() {
    return (this.name ?? this.path) !== undefined;
  }

  /* Others may have it from here on: the region outlives an object that is collected. */
  get handle() {
    if (!this.#isShown && this.#handle !== undefined) {
      this.#isShown = true;
      binding.regionShown(this.#mapping);
    }
    return this.#handle;
  }

  close() {
    if (this.#row !== undefined) withdraw(this.#row);
  }
}

/* undefined: a file, or memory of this process alone. */
function regionOf(owner, mapping, spec) {
  return spec.place === undefined ? undefined : new Region(owner, mapping, spec);
}

/* How another process opens the same: what JSON says of it. */
function whereOf({ handle, name, path, file }) {
  if (handle !== undefined) return handle;
  if (name !== undefined) return { name };
  if (path !== undefined) return { path };
  return file === undefined ? undefined : { file };
}

/* The beginning of what console.log prints. */
function placeFields({ path, fd, offset, anonymous }, region, size) {
  if (anonymous) return { private: true, size };
  if (region === undefined) return { file: path ?? `fd ${fd}`, size, offset };
  const { name, path: regionPath, inherit, handle } = region;
  if (name !== undefined) return { name, size };
  if (regionPath !== undefined) return { path: regionPath, size };
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

/* What exists. `fileOption`: the option of the class for a file, 'file' or 'path'. */
function openOptions(opts, fileOption) {
  if (opts === null || typeof opts !== 'object') {
    throw invalidType('The "options" argument', 'of type object', opts);
  }
  if (opts.create !== undefined && opts.create !== false) {
    throw invalidValue('The option "create"', 'is not for open(), which makes nothing');
  }
  if (!['file', 'handle', 'inherit', 'name', 'path'].some((name) => opts[name] !== undefined)) {
    throw invalidValue(
      'The options object',
      `must say what to open: handle, inherit, name or ${fileOption}`,
    );
  }
  return { ...opts, create: false };
}

module.exports = { attachOptions, openOptions, placeFields, regionOf, whereOf };
