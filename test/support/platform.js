/*
 * Which system the tests run on, and tests for one kind of it only: elsewhere they are shown as
 * pending, under their own title.
 */
'use strict';

const isWindows = process.platform === 'win32';
const isLinux = process.platform === 'linux';

/* What POSIX alone has: modes, symbolic links, FIFOs, users, signals, unlinking a mapped file. */
const posixIt = isWindows ? it.skip : it;

/* What is so on Windows alone. */
const windowsIt = isWindows ? it : it.skip;

/* What Linux alone has here: /proc, mounts, limits, perl and flock(1), strace. */
const linuxIt = isLinux ? it : it.skip;

module.exports = { isWindows, isLinux, posixIt, linuxIt, windowsIt };
