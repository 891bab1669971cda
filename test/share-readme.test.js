/*
 * docs/share.md: its table "What comes back" has the rows that the tests of the codecs check.
 */
'use strict';

const assert = require('node:assert/strict');

const { read, table } = require('./support/readme');
const { FIDELITY } = require('./support/fidelity');

describe('docs/share.md', () => {
  it('lists what comes back under each codec as the tests of the codecs have it', () => {
    const text = read('docs/share.md');
    const rows = table(text, '## What comes back').map(([label]) => label.replaceAll('`', ''));
    const labels = FIDELITY.map(({ label }) => label.replaceAll('`', ''));
    assert.deepEqual(rows, labels);
  });
});
