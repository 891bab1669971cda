/*
 * pack and unpack give the results of a real perl: for fixed cases, then for random templates,
 * values and bytes. support/pack-differences.js lists the intended differences.
 */
'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');

const { pack, unpack } = require('..');
const { amount } = require('./support/amounts');
const { Perl, whyNoPerl, word } = require('./support/perl');
const { END } = require('./support/pack-differences');
const { parse, separated, walk } = require('./support/pack-model');
const { templates, pick, oneOf } = require('./support/pack-templates');
const { supply, bytes, valuesFor, HEAVY } = require('./support/pack-values');
const {
  comparePack,
  compareUnpack,
  compareValues,
  compareBytes,
  perlWord,
} = require('./support/pack-compare');
const { runProperty, wantedCases } = require('./support/pack-run');
const { PACK, PACK_CROAKS } = require('./support/pack-cases');
const { UNPACK, UNPACK_CROAKS } = require('./support/unpack-cases');

const CASES = wantedCases(amount(6000, 20000)) / 2; /* of each direction */
const MODEL_CASES = 1000;

const PACKING = fc.record({
  template: templates('pack'),
  ...supply,
  delta: pick([30, fc.constant(0)], [1, oneOf(1, -1)]),
});

const UNPACKING = fc.record({
  template: templates('unpack'),
  ...supply,
  bytes,
  packed: fc.boolean(),
  cut: pick([3, fc.constant(0)], [1, fc.nat(5)]),
  bigint: pick([5, fc.constant(undefined)], [1, oneOf('auto', 'always', 'never')]),
});

describe('pack and unpack agree with perl', function () {
  this.timeout(process.env.MMAPIPC_CASES === undefined ? 120000 : 0);
  let perl;

  before(function needsPerl() {
    const why = whyNoPerl();
    if (why === null) {
      perl = new Perl();
      return;
    }
    if (process.env.CI) throw new Error(why);
    console.log(`      (${why})`);
    this.skip();
  });

  after(() => perl?.end());

  /* The outcome of a row of PACK. */
  function packRow([template, values]) {
    const items = parse(template);
    const walked = walk(parse(separated(template)), values.length);
    const letters = [...walked.taken, ...values.slice(walked.taken.length).map(() => 'C')];
    return compareValues(perl, pack, { template, values, letters, walked, items });
  }

  function unpackRow([template, data], bigint) {
    const given = Buffer.from(data, 'latin1');
    return compareBytes({ perl, unpack, template, items: parse(template), bytes: given, bigint });
  }

  /* Reports every row that fails, not only the first. */
  async function all(rows, check) {
    const ends = await Promise.allSettled(rows.map(check));
    const failed = ends.filter(({ status }) => status === 'rejected');
    assert.equal(failed.length, 0, failed.map(({ reason }) => reason.message).join('\n'));
  }

  const ending = (wanted, check) => async (row) =>
    assert.equal(await check(row), wanted, JSON.stringify(row[0]));

  it('for fixed cases of pack, including those of perlfunc', async () => {
    await all(PACK, ending(END.equal, packRow));
    for (const [template, values, expected] of PACK) {
      if (expected === undefined) continue;
      assert.equal(pack(template, ...values).toString('latin1'), expected, template);
    }
    assert.equal(pack(PACK[0][0], ...PACK[0][1]).length, 36);
  });

  it('for fixed cases of unpack, including those of perlfunc', async () => {
    await all(UNPACK, ending(END.equal, unpackRow));
    for (const [template, data, expected] of UNPACK) {
      if (expected === undefined) continue;
      assert.deepEqual(unpack(template, Buffer.from(data, 'latin1')), expected, template);
    }
    await all(UNPACK, (row) => unpackRow(row, 'always'));
    await all(UNPACK, (row) => unpackRow(row, 'never'));
  });

  it('about what both refuse', async () => {
    await all(PACK_CROAKS, ending(END.threw, packRow));
    await all(UNPACK_CROAKS, ending(END.threw, unpackRow));
  });

  it('about the number of values that a template takes (a check of support/pack-model.js)', async () => {
    const check = async (given) => {
      const { template } = given;
      const { values, letters, walked } = valuesFor(template, given);
      if (/[pPD]/.test(template) || walked.work >= HEAVY) return;
      const words = values.map((value, i) => perlWord(value, letters[i]));
      const { count } = await perl.ask('F', word.template(template), ...words);
      if (count === undefined) return;
      /* Perl looks at the first value for a length, and then takes the length from another value. */
      const isPeeking = /\/[^/]*\//.test(template);
      assert.equal(walked.refused, undefined);
      assert.ok(count === walked.taken.length || isPeeking, `${count} of ${walked.taken.length}`);
    };
    await fc.assert(fc.asyncProperty(PACKING, check), { numRuns: MODEL_CASES });
  });

  it('for any pack', () =>
    runProperty({
      arbitrary: PACKING,
      check: (given) => comparePack(perl, pack, given),
      cases: CASES,
      number: 0,
    }));

  it('for any unpack', () =>
    runProperty({
      arbitrary: UNPACKING,
      check: (given) => compareUnpack(perl, unpack, given),
      cases: CASES,
      number: 1,
    }));
});
