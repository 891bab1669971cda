/*
 * The PROT_ and MAP_ constants, as C defines them. They have the same numbers on every system.
 */
'use strict';

const binding = require('./binding');

module.exports = { constants: Object.freeze({ ...binding.constants }) };
