'use strict';

// This project breaks no rule of support/structure.js, and each rule reports its planted violations
// and nothing else (support/structure/cases/).

const assert = require('node:assert/strict');
const path = require('node:path');
const { rules, violations } = require('./support/structure');
const { files: good, withTree } = require('./support/structure/good-tree');
const { rule, planted, show } = require('./support/structure/planted');

describe('structure', () => {
  it('of this project keeps every rule', () => {
    const found = violations(path.join(__dirname, '..'));
    const list = found.map((one) => `\n  ${show(one)}  ${one.message}`).join('');
    assert.equal(found.length, 0, `violations:${list}`);
  });

  it('of the good tree keeps every rule', () => {
    withTree(good, (root) => assert.deepEqual(violations(root), []));
  });

  for (const subject of ['files', 'arrows', 'words', 'platform', 'names']) {
    require(`./support/structure/cases/${subject}`)(rule);
  }

  it('has a planted case for every rule', () => {
    assert.deepEqual([...planted].sort(), rules.map(({ name }) => name).sort());
  });
});
