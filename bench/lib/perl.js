/*
 * Times perl's own functions, in a perl beside this process: pack and unpack (perl-pack.pl), and
 * Storable (perl-storable.pl).
 */
'use strict';

const path = require('node:path');

const { outsideTimer } = require('./outside');

/* As outsideTimer(); undefined if there is no perl, or a module of the script is missing. `values`: one
 * line each. */
const timerOf = (script, args, values) =>
  outsideTimer('perl', [path.join(__dirname, script), ...args], `${values.join('\n')}\n\n`);

/* `lists`: the values of each call. Strings in them contain no white space. */
const perlTimer = (operation, template, lists) =>
  timerOf(
    'perl-pack.pl',
    [operation, template],
    lists.map((values) => values.join(' ')),
  );

/* freeze + thaw of each of `values`, which JSON can represent. */
const storableTimer = (values) =>
  timerOf(
    'perl-storable.pl',
    [],
    values.map((v) => JSON.stringify(v)),
  );

module.exports = { perlTimer, storableTimer };
