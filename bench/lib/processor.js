/*
 * The processor time of another process, in ns, by the scheduler's own count (Linux). The ticks that
 * process.cpuUsage() reports are too coarse for a process that hardly runs.
 */
'use strict';

const fs = require('node:fs');

function processorTime(pid) {
  const folder = `/proc/${pid}/task`;
  const times = fs
    .readdirSync(folder)
    .map((task) => Number(fs.readFileSync(`${folder}/${task}/schedstat`, 'utf8').split(' ')[0]));
  return times.reduce((all, time) => all + time, 0);
}

module.exports = { processorTime };
