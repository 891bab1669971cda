/*
 * npm run test:slow: pack and unpack against a real perl, with millions of cases.
 */
'use strict';

const assert = require('node:assert/strict');

process.env.MMAPIPC_CASES ??= '2000000';

require('./pack-perl.test.js');

/* Takes a gigabyte and several seconds. */
describe('unpack of more text than a string can hold', () => {
  const { MAX_STRING_LENGTH } = require('node:buffer').constants;
  const { unpack } = require('..');

  it('returns each text that fits into a string, or throws', function () {
    this.timeout(0);
    const half = Math.ceil(MAX_STRING_LENGTH / 2) + 1;
    const bytes = Buffer.alloc(MAX_STRING_LENGTH + 2, 0x61);
    const [one, two] = unpack(`a${half} a*`, bytes);
    assert.deepEqual([one.length, two.length], [half, bytes.length - half]);
    assert.throws(() => unpack('a*', bytes), { code: 'ERR_STRING_TOO_LONG' });
  });
});
