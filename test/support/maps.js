/*
 * SharedMaps for tests: unlocked and closed after each test, in a names directory of the test, as in
 * regions.js.
 */
'use strict';

const { SharedMap } = require('../..');
const { regions } = require('./regions');

const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

/*
 * Call it inside a describe(). Gives { make(capacity, options), open(options), attach(map, options),
 * directory, folder, files() }; attach() gives a second object of the same region.
 */
function maps() {
  const places = regions();
  let opened = [];
  afterEach(() => {
    for (const map of opened) map[DISPOSE]();
    opened = [];
  });
  const keep = (map) => {
    opened.push(map);
    return map;
  };
  const where = ({ handle, name, path }) => (handle ? { handle } : name ? { name } : { path });
  return {
    ...places,
    make: (capacity = 2 ** 20, options = undefined) => keep(new SharedMap(capacity, options)),
    open: (options) => keep(SharedMap.open(options)),
    attach: (map, options) => keep(SharedMap.open({ ...where(map), ...options })),
  };
}

module.exports = { maps };
