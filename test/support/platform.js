/*
 * The system on which the tests run, and `it` for one kind of system: on others the test is pending.
 */
'use strict';

const isWindows = process.platform === 'win32';
const isLinux = process.platform === 'linux';

/* For POSIX only: modes, symbolic links, FIFOs, users, signals, unlinking a mapped file. */
const posixIt = isWindows ? it.skip : it;

/* For Windows only. */
const windowsIt = isWindows ? it : it.skip;

/* For Linux only: /proc, mounts, limits, perl and flock(1), strace. */
const linuxIt = isLinux ? it : it.skip;

module.exports = { isWindows, isLinux, posixIt, linuxIt, windowsIt };
