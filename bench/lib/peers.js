/*
 * Other packages, where they are installed (bench/package.json).
 */
'use strict';

/* Its exports, or undefined when it is absent or does not load. */
function peer(name) {
  try {
    return require(name);
  } catch {
    return undefined;
  }
}

module.exports = { peer };
