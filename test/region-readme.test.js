/*
 * The examples of README.md, "Where memory lives": each runs, as it stands.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

const { ROOT } = require('./support/child');
const { isLinux } = require('./support/platform');
const { examples, read, section } = require('./support/readme');
const { regions } = require('./support/regions');
const { scratch } = require('./support/scratch');

describe('README.md, where memory lives', function () {
  if (!isLinux) return;
  this.timeout(20000);
  regions();
  const tmp = scratch();
  const text = section(read('README.md'), '## Where memory lives');
  const codes = examples(text, 'js');

  function run(code) {
    const file = tmp();
    fs.writeFileSync(file, code.replace("'mmapipc'", JSON.stringify(ROOT)));
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout.trim().split('\n');
  }

  it('has an example for each way', () => {
    assert.equal(codes.length, 3);
  });

  it('inherit counts the workers of a cluster', () => {
    assert.match(codes[0], /inherit: 'hits'/);
    assert.equal(run(codes[0]).at(-1), '4');
  });

  it('a handle takes a word from a thread', () => {
    assert.match(codes[1], /workerData: map\.handle/);
    assert.deepEqual(run(codes[1]), ['hello']);
  });

  it('a name counts two programs, and anew when nobody had it', () => {
    assert.match(codes[2], /name: 'visits'/);
    const again = codes[2].replace(
      /$/,
      `console.log(require('node:child_process').execFileSync(process.execPath, ['-e',
        process.argv[2] ?? require('node:fs').readFileSync(__filename, 'utf8').split('console.log(require')[0]],
        { encoding: 'utf8' }).trim());`,
    );
    assert.deepEqual(run(again), ['1', '2']);
    assert.deepEqual(run(codes[2]), ['1']);
  });

  it('each command there is one of ours', () => {
    const [shell] = examples(text, 'sh');
    const lines = shell.trim().split('\n');
    assert.equal(lines.length, 4);
    for (const line of lines) {
      assert.match(line, /^npx mmapipc (ls|inspect --name|unlink --name|build)/);
    }
  });
});
