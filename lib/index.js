/*
 * The exports of the package. They are one object literal of plain names, so that Node finds them when
 * an ES module imports them by name.
 */
'use strict';

const { constants } = require('./native/constants');
const { MmapipcError } = require('./base/errors');
const { inspect, list, unlink } = require('./region/inspect');
const { Mmap } = require('./mmap/mmap');
const { pack, unpack } = require('./pack/pack');
const { sizeOf } = require('./pack/size');
const { Share } = require('./share/share');
const { SharedMap } = require('./map/map');

const { PROT_READ, PROT_WRITE } = constants;
const { MAP_SHARED, MAP_PRIVATE, MAP_ANON, MAP_ANONYMOUS, MAP_FILE } = constants;

module.exports = {
  Mmap,
  MmapipcError,
  Share,
  SharedMap,
  constants,
  inspect,
  list,
  pack,
  sizeOf,
  unlink,
  unpack,
  PROT_READ,
  PROT_WRITE,
  MAP_SHARED,
  MAP_PRIVATE,
  MAP_ANON,
  MAP_ANONYMOUS,
  MAP_FILE,
};
