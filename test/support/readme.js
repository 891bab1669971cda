/*
 * README.md as tests read it: its tables and its examples.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./child');

function read(name) {
  return fs.readFileSync(path.join(ROOT, name), 'utf8');
}

/* The text between a heading and the next of the same or a higher level. */
function section(text, heading) {
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`no heading "${heading}"`);
  const level = /^#+/.exec(heading)[0].length;
  const length = lines
    .slice(start + 1)
    .findIndex((line) => /^#+ /.test(line) && /^#+/.exec(line)[0].length <= level);
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join('\n');
}

/* The rows of the first table below a heading, as arrays of cells without their backquotes. */
function table(text, heading) {
  return section(text, heading)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) =>
          cell
            .trim()
            .replaceAll('\\|', '|')
            .replace(/^`([^`]*)`$/, '$1'),
        ),
    );
}

/* The code blocks of a language; '' for those that name none. */
function examples(text, language) {
  const blocks = text.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm);
  return [...blocks].filter(([, name]) => name === language).map(([, , code]) => code);
}

module.exports = { read, section, table, examples };
