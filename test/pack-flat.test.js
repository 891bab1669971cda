/*
 * The JS and the C implementation of Mmap's pack and unpack give the same results. Packing without
 * a mapping always uses C, which pack-perl.test.js compares with perl.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fc = require('fast-check');

const { Mmap, pack, unpack } = require('..');
const { amount } = require('./support/amounts');
const { scratch } = require('./support/scratch');

const SIZE = 64;
const CASES = amount(2000, 5000);

const letter = fc.constantFrom(...'cCsSlLiInNvVfdFqQjJaAZ');
const count = fc.constantFrom('', '', '1', '2', '3', '0', '17');
const order = fc.constantFrom('', '', '<', '>');
const field = fc
  .tuple(letter, order, count)
  .map(([a, b, c]) => `${a}${'sSlLiIqQjJfdF'.includes(a) ? b : ''}${c}`);
const template = fc.array(field, { minLength: 1, maxLength: 4 }).map((fields) => fields.join(' '));

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(
    -0,
    0.5,
    2 ** 31,
    2 ** 32 + 7,
    -(2 ** 53),
    2 ** 63,
    2 ** 64,
    1e300,
    NaN,
    Infinity,
  ),
  fc.constantFrom(3.4028234663852886e38, 3.4028235677973366e38, 1e-45, 5e-324),
);
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('', '\0', 'a\0b ', ' \t\n\v\f\r\0', 'é\u00a0', '\u0100', 'x'.repeat(100)),
);
const other = fc.oneof(fc.bigInt(), fc.constant(Buffer.from('ab')), fc.constant(undefined));
/* As many values as the template takes, most of them of the right kind. */
const valuesFor = (fields) => {
  const each = fields.split(' ').flatMap((one) => {
    const [, name, times] = /^(.)[<>]?(\d*)$/.exec(one);
    if ('aAZ'.includes(name)) return [text];
    return new Array(times === '' ? 1 : Number(times)).fill(number);
  });
  const mostly = each.map((kind) => fc.oneof({ weight: 19, arbitrary: kind }, other));
  return fc.tuple(fc.tuple(...mostly), fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, -1));
};

const outcome = (run) => {
  try {
    return run();
  } catch ({ name, code, message }) {
    return { name, code, message };
  }
};

/* The result of a call, and the bytes of the mapping afterwards. */
function packed(map, offset, given, values) {
  map.write(Buffer.alloc(SIZE, 0xee));
  const result = outcome(() => map.pack(offset, given, ...values));
  return { result, bytes: map.read() };
}

function expected(offset, given, values) {
  const bytes = Buffer.alloc(SIZE, 0xee);
  const result = outcome(() => pack(given, ...values));
  if (!Buffer.isBuffer(result)) return { result, bytes };
  return { result: result.copy(bytes, offset), bytes };
}

describe('pack and unpack in JS', () => {
  const tmp = scratch();

  it(`give the results of C for any values (${CASES} templates)`, () => {
    const map = new Mmap({ file: tmp(), size: SIZE, readOnly: false });
    const quick = { stored: 0 };
    fc.assert(
      fc.property(
        template.chain((given) => fc.tuple(fc.constant(given), valuesFor(given))),
        fc.integer({ min: 0, max: SIZE - 1 }),
        ([given, [list, change]], offset) => {
          const values = change < 0 ? list.slice(1) : change > 0 ? [...list, 1] : list;
          const should = expected(offset, given, values);
          assert.deepEqual(packed(map, offset, given, values), should);
          if (typeof should.result === 'number') quick.stored++;
          const there = outcome(() => unpack(given, map.read(offset)));
          assert.deepEqual(
            outcome(() => map.unpack(offset, given)),
            there,
          );
        },
      ),
      { numRuns: CASES },
    );
    assert.ok(quick.stored > CASES / 4, `${quick.stored} packed`);
    map.close();
  });

  it('work when code generation from strings is disabled', () => {
    const code = `
      const { Mmap } = require(${JSON.stringify(require.resolve('..'))});
      const map = new Mmap({ file: process.argv[1], size: 64, readOnly: false });
      for (let i = 0; i < 3; i++) map.pack(0, 'l n S d a20', 1, 2, 3, 4.5, 'text');
      console.log(JSON.stringify(map.unpack(0, 'l n S d A20')));`;
    for (const flags of [[], ['--disallow-code-generation-from-strings']]) {
      const ran = spawnSync(process.execPath, [...flags, '-e', code, tmp()], { encoding: 'utf8' });
      assert.equal(ran.stdout.trim(), '[1,2,3,4.5,"text"]', ran.stderr);
    }
  });
});
