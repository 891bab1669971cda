#!/usr/bin/env node
/*
 * The command line tool. lib/cli/ has its commands.
 */
'use strict';

const { main } = require('../lib/cli/main');

main(process.argv.slice(2));
