/*
 * The PROT_ and MAP_ constants, as C defines them; the same numbers on every system.
 */
'use strict';

const binding = require('./binding');

module.exports = { constants: Object.freeze({ ...binding.constants }) };
