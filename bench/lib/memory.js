/*
 * The memory of this process, in bytes.
 */
'use strict';

const fs = require('node:fs');

/*
 * The proportional set size: a page that n processes share counts 1/n. Where the system does not
 * tell: the resident set size.
 */
function proportional() {
  try {
    const rollup = fs.readFileSync('/proc/self/smaps_rollup', 'latin1');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)[1]) * 1024;
  } catch {
    return process.memoryUsage.rss();
  }
}

const resident = () => process.memoryUsage.rss();

const kind = fs.existsSync('/proc/self/smaps_rollup') ? 'PSS' : 'RSS';

module.exports = { proportional, resident, kind };
