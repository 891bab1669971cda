/*
 * The memory of this process in bytes. It is exact if the system reports it (the kernel's faster figures
 * are rounded by some hundred KB).
 */
'use strict';

const fs = require('node:fs');

const ROLLUP = '/proc/self/smaps_rollup';
const EXACT = fs.existsSync(ROLLUP);

function field(name) {
  if (!EXACT) return process.memoryUsage.rss();
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync(ROLLUP));
  return Number(kilobytes) * 1024;
}

const resident = () => field('Rss');

/* A page that n processes share counts 1/n. If the system does not report that: the same as resident(). */
const proportional = () => field('Pss');

module.exports = { resident, proportional, kind: EXACT ? 'PSS' : 'RSS' };
