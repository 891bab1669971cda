/*
 * A namespace of a map: the same methods, for the keys that begin with a prefix, without that prefix.
 */
'use strict';

const util = require('node:util');

const { START, mapLike } = require('./methods');

class SharedMapNamespace extends mapLike(Object) {
  #map;
  #prefix;

  /* `map`: the SharedMap, which the namespace keeps alive. */
  constructor(map, core, table, prefix) {
    super();
    this[START](core, table, prefix);
    this.#map = map;
    this.#prefix = prefix;
  }

  get prefix() {
    return this.#prefix;
  }

  get map() {
    return this.#map;
  }

  [util.inspect.custom](depth, opts, inspect) {
    if (!(#map in this)) return 'SharedMapNamespace {}';
    return `SharedMapNamespace ${(inspect ?? util.inspect)({ prefix: this.#prefix, map: this.#map }, opts)}`;
  }
}

module.exports = { SharedMapNamespace };
