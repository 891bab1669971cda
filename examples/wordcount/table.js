/*
 * The output of the example: the table of both ways and the sentence below it, as text.
 */
'use strict';

const whole = (number) => Math.round(number).toLocaleString('en-US');
const mega = (bytes) => `${whole(bytes / 1e6)} MB`;

/* Columns of equal width: the first is left-aligned, and the numbers are right-aligned. */
function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell, column) =>
    column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

/* `runs`: [name, result of countTogether()] for each way. */
function table(runs, workers) {
  const kind = runs[0][1].kind;
  const head = ['', 'words', 'lines', 'bytes', 'time', `${kind} per worker`, `${kind} of all`];
  const rows = runs.map(([name, run]) => [
    name,
    whole(run.words),
    whole(run.lines),
    whole(run.bytes),
    `${run.seconds.toFixed(2)} s`,
    mega(run.memory / workers),
    mega(run.memory),
  ]);
  return align([head, ...rows]);
}

function conclusion(mapped, read, workers) {
  return (
    `One file in memory for ${workers} worker${workers === 1 ? '' : 's'}: mapped it takes ` +
    `${mega(mapped.memory)}, with fs.readFile ${mega(read.memory)} ` +
    `(${(read.memory / mapped.memory).toFixed(1)} times the memory, ` +
    `${(read.seconds / mapped.seconds).toFixed(1)} times the time).`
  );
}

module.exports = { table, conclusion, mega };
