/*
 * README.md and docs/ as tests read them: their tables, code blocks, links and headings.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./child');

function read(name) {
  return fs.readFileSync(path.join(ROOT, name), 'utf8');
}

/* README.md and the pages of docs/. */
function pages() {
  const docs = fs.readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.map((name) => `docs/${name}`)];
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

/*
 * The code blocks as { language, code, output, notRun }: `output` is the text of a block without a
 * language that follows at once, `notRun` whether the comment `<!-- not run: why -->` stands above.
 */
function blocks(text) {
  const found = text.matchAll(
    /(<!-- not run: [^>]+ -->\n)?^```([a-z]*)\n([\s\S]*?)^```$(?:\n\n```\n([\s\S]*?)^```$)?/gm,
  );
  return [...found].map(([, comment, language, code, output]) => ({
    language,
    code,
    output,
    notRun: comment !== undefined,
  }));
}

/* The code blocks of a language; '' for those that name none. */
function examples(text, language) {
  return blocks(text)
    .filter((block) => block.language === language)
    .map(({ code }) => code);
}

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```$/gm, '');

/* The anchors of the headings, as GitHub makes them. */
function anchors(text) {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/* The targets of the links and pictures. */
function links(text) {
  const prose = withoutCode(text).replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

module.exports = { read, pages, section, table, blocks, examples, anchors, links };
