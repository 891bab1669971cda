/*
 * An object's region: its name, path or handle, and what JSON and console.log show of it.
 */
'use strict';

const binding = require('../native/binding');
const { exportHandle, withdrawHandle } = require('./open');
const { PLACE } = require('./options');

class Region {
  name;
  path;
  inherit;
  #handle; /* undefined: it has a name or path instead */
  #mapping;
  #row; /* of the environment variable that children inherit */
  #isShown = false; /* the user has read the handle */

  constructor(owner, mapping, { place, where }) {
    this.#mapping = mapping;
    if (place === PLACE.NAME || place === PLACE.PATH) {
      this[place === PLACE.NAME ? 'name' : 'path'] = where;
      return;
    }
    const handle = binding.regionHandle(mapping);
    if (typeof handle === 'string') this.#handle = handle;
    if (place === PLACE.INHERIT) {
      this.inherit = where;
      this.#row = exportHandle(owner, where, this.#handle);
    }
  }

  /* Whether it is found by a name or path, which may later lead elsewhere. */
  get isAtPath() {
    return (this.name ?? this.path) !== undefined;
  }

  /* From the first read on other processes may know the handle: the region outlives its object if the
   * object is collected. */
  get handle() {
    if (!this.#isShown && this.#handle !== undefined) {
      this.#isShown = true;
      binding.regionShown(this.#mapping);
    }
    return this.#handle;
  }

  close() {
    if (this.#row !== undefined) withdrawHandle(this.#row);
  }
}

/* undefined for a file, or for memory of this process alone. */
function regionOf(owner, mapping, spec) {
  return spec.place === undefined ? undefined : new Region(owner, mapping, spec);
}

/* The result of toJSON(): what another process passes to open the same memory. */
function jsonOf({ handle, name, path, file }) {
  if (handle !== undefined) return handle;
  if (name !== undefined) return { name };
  if (path !== undefined) return { path };
  return file === undefined ? undefined : { file };
}

/* The first fields that console.log prints. */
function shownFields({ path, fd, offset, anonymous }, region, size) {
  if (anonymous) return { private: true, size };
  if (region === undefined) return { file: path ?? `fd ${fd}`, size, offset };
  const { name, path: regionPath, inherit, handle } = region;
  if (name !== undefined) return { name, size };
  if (regionPath !== undefined) return { path: regionPath, size };
  return inherit === undefined ? { handle, size } : { inherit, handle, size };
}

module.exports = { jsonOf, regionOf, shownFields };
