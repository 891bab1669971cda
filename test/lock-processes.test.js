/*
 * Every lock and the processes and threads that hold it or wait for it: how they end, and that they
 * lose no increment.
 */
'use strict';

const { contractOfProcesses } = require('./lock-contract');

for (const name of ['file', 'region', 'share']) contractOfProcesses(name);
