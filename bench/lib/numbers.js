/*
 * Medians, and numbers and tables as text.
 */
'use strict';

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/* The value that a `share` (0 to 1) of the values do not exceed. */
function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)];
}

/* The median of a / b, for two series measured in the same rounds. */
const ratio = (a, b) => median(a.map((value, round) => value / b[round]));

function duration(ns) {
  if (ns < 1000) return `${ns.toFixed(ns < 100 ? 1 : 0)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} us`;
  return `${(ns / 1e6).toFixed(2)} ms`;
}

function size(bytes) {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  if (bytes < 2 ** 20) return `${Math.round(bytes / 1024)} KB`;
  if (bytes < 10 * 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)} MB`;
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

/* A markdown table; the first column is left-aligned. */
function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}

const verdict = (passed, budget) => `${passed ? 'pass' : '**MISS**'} (${budget})`;

module.exports = { median, percentile, ratio, duration, size, table, verdict };
