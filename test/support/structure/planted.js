'use strict';

// Cases for the rules: each changes one thing in the good tree. In a changed file, » marks a line that
// must be reported; the mark is removed before the tree is written.

const assert = require('node:assert/strict');
const { violations } = require('../structure');
const { files: good, withTree } = require('./good-tree');

const show = (found) => `${found.rule} ${found.file}:${found.line}`;

// A change to a file: its new text, or a function of the old one.
const plus = (text) => (old) => `${old}${text}\n`;
const swap = (place, text) => (old) => {
  assert.ok(old.includes(place), `the good tree has no ${place}`);
  return old.replace(place, () => text);
};
const after = (place, text) => swap(place, `${place}\n${text}`);
const header = (body) => `/* A header of one case. */\n${body}\n`;
const lines = (count) => `/* A long file of one case. */\n${'\n'.repeat(count - 1)}`;

/** The good tree with `changes`, and its marked lines: ['file:line']. */
function change(changes) {
  const tree = { ...good };
  const marks = [];
  for (const [file, edit] of Object.entries(changes)) {
    const text = typeof edit === 'function' ? edit(tree[file]) : edit;
    text.split('\n').forEach((line, i) => line.includes('»') && marks.push(`${file}:${i + 1}`));
    tree[file] = text.replaceAll('»', '');
  }
  return { tree, marks };
}

// Names of the rules that have a case.
const planted = new Set();

/** A describe block for one rule: the cases that it reports and accepts. */
function rule(name, body) {
  const reports = (title, changes, place) => {
    planted.add(name);
    it(`reports ${title}`, () => {
      const { tree, marks } = change(changes);
      const expected = (place ? [place] : marks).map((mark) => `${name} ${mark}`);
      assert.ok(expected.length > 0, 'the case marks a place');
      withTree(tree, (root) => assert.deepEqual(violations(root).map(show), expected));
    });
  };
  const accepts = (title, changes) =>
    it(`accepts ${title}`, () => {
      withTree(change(changes).tree, (root) => assert.deepEqual(violations(root), []));
    });
  describe(`rule ${name}`, () => body(reports, accepts));
}

module.exports = { rule, planted, show, plus, after, swap, header, lines };
