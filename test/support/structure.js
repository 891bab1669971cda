'use strict';

// The rules for src/, lib/ and the build file, as a table; src/README.md explains the plan. Every rule
// reads text only; nothing is compiled or loaded.

const { readTree } = require('./structure/tree');
const { arrows } = require('./structure/arrows');
const { osHeaders, napi, atomics, platformIfdef, cNumbers } = require('./structure/words');
const { fileKinds, length, headerComment, thinBinding } = require('./structure/files');
const { platformFiles } = require('./structure/gyp');
const { names } = require('./structure/names');

// A rule takes a tree and returns [{ file, line, message }].
const rules = [
  { name: 'file-kinds', check: fileKinds },
  { name: 'arrows', check: arrows },
  { name: 'os-headers', check: osHeaders },
  { name: 'napi', check: napi },
  { name: 'atomics', check: atomics },
  { name: 'c-numbers', check: cNumbers },
  { name: 'length', check: length },
  { name: 'header-comment', check: headerComment },
  { name: 'platform-ifdef', check: platformIfdef },
  { name: 'platform-files', check: platformFiles },
  { name: 'names', check: names },
  { name: 'thin-binding', check: thinBinding },
];

/** All violations under `root`: [{ rule, file, line, message }], `file` relative to it. */
function violations(root) {
  const tree = readTree(root);
  return rules.flatMap(({ name, check }) => check(tree).map((v) => ({ rule: name, ...v })));
}

module.exports = { rules, violations };
