/*
 * Loads the native addon: the prebuilt binary for this system, or the binary built from source.
 *
 * The call of node-gyp-build has the one form that @vercel/nft and ncc recognise, so that they ship
 * the binary. Why loading has failed is found out afterwards (native/load-error.js).
 */
'use strict';

const path = require('node:path');
const load = require('node-gyp-build');

const { loadError } = require('./load-error');

function loadBinding() {
  try {
    return load(path.join(__dirname, '../..'));
  } catch (cause) {
    /* An ES module made by a bundler has no __dirname. */
    throw loadError(
      cause,
      typeof __dirname === 'string' ? path.join(__dirname, '../..') : undefined,
    );
  }
}

module.exports = loadBinding();
