/*
 * README.md, Share: its examples run, and give what they say.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

const mmapipc = require('..');
const { ROOT } = require('./support/child');
const { isLinux } = require('./support/platform');
const { examples, read, section, table } = require('./support/readme');
const { regions } = require('./support/regions');
const { scratch } = require('./support/scratch');
const { FIDELITY } = require('./support/fidelity');

describe('README.md, Share', function () {
  if (!isLinux) return;
  this.timeout(20000);
  regions();
  const tmp = scratch();
  const text = section(read('README.md'), '## Share');
  const [members, child, thread] = examples(text, 'js');

  function run(code) {
    const file = tmp('example.js');
    fs.writeFileSync(file, code.replace("'mmapipc'", JSON.stringify(ROOT)));
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  }

  it('gives what the comments of its first example say', () => {
    const script = members
      .split('\n')
      .map((line) => line.replace(/^(flags\..*?);( \/\/.*)$/, 'results.push($1);'))
      .join('\n')
      .replace("require('mmapipc')", 'mmapipc');
    const results = [];
    new Function('mmapipc', 'results', script)(mmapipc, results);
    assert.deepEqual(results, [1, 10, true, 20, true, 3]);
  });

  it('a child adds a job by the handle', () => {
    assert.equal(run(child), "[ 'a job' ]");
  });

  it('a thread is heard of', () => {
    assert.equal(run(thread), 'from a thread');
  });

  it('tells what comes back under each codec as the tests of the codecs have it', () => {
    const rows = table(text, '### What comes back').map(([label]) => label.replaceAll('`', ''));
    const labels = FIDELITY.map(({ label }) => label.replaceAll('`', ''));
    assert.deepEqual(rows, labels);
  });
});
