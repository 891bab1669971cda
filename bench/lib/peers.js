/*
 * Other packages, if they are installed (bench/package.json).
 */
'use strict';

/* The exports of a package; undefined if it is absent or does not load. */
function peer(name) {
  try {
    return require(name);
  } catch {
    return undefined;
  }
}

module.exports = { peer };
