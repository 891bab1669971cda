/*
 * Mappings that are disposed, with their locks, after each test.
 */
'use strict';

const { Mmap } = require('../..');

const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

/*
 * Call it inside a describe(), with scratch()'s function. Gives { open(...), create(options),
 * same(map, options) }: any mapping; a writable one of a new file; another one of the same file.
 */
function mappings(tmp, size) {
  let opened = [];
  afterEach(() => {
    for (const map of opened) map[DISPOSE]();
    opened = [];
  });
  const open = (...args) => {
    const map = new Mmap(...args);
    opened.push(map);
    return map;
  };
  return {
    open,
    create: (extra) => open({ file: tmp(), size, readOnly: false, ...extra }),
    same: ({ file }, extra) => open({ file, readOnly: false, ...extra }),
  };
}

module.exports = { mappings };
