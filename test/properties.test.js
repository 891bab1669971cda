/*
 * Any argument to any method gives a result or a named error; never a crash, and nothing is left
 * behind. fast-check generates the arguments and prints the seed of a failure.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const fc = require('fast-check');

const { Mmap, MmapipcError, PROT_READ, PROT_WRITE } = require('..');
const { amount } = require('./support/amounts');
const { collect, holdings } = require('./support/holdings');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;

const KNOWN = /^(ERR_MMAPIPC_[A-Z_]+|ERR_INVALID_[A-Z_]+|ERR_OUT_OF_RANGE|ERR_[A-Z_]+|E[A-Z0-9]+)$/;

/* Numbers at all limits. */
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 4095, 4096, 4097, 9999, 10000),
  fc.constantFrom(
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 63,
    2 ** 64,
  ),
  fc.integer({ min: -10, max: 12000 }),
);

const anything = fc.oneof(
  number,
  fc.constantFrom(undefined, null, true, false, '', 'x', 'utf8', 'normal', '\0', 1n, Symbol('s')),
  fc.constantFrom([], {}, () => {}, new Date(), /x/, new Map(), Object.create(null)),
  fc.constant(new Proxy({}, {})),
  fc.string(),
);

const views = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.float64Array({ maxLength: 8 }),
  fc.string({ maxLength: 64, unit: 'grapheme' }),
  fc.constant(new DataView(new ArrayBuffer(8))),
  fc.constant(new Uint8Array(structuredClone(new ArrayBuffer(8), { transfer: [] }))),
  anything,
);

const value = fc.oneof({ weight: 2, arbitrary: number }, { weight: 1, arbitrary: anything });

const call = fc.oneof(
  fc.tuple(fc.constantFrom('read', 'view'), fc.array(value, { maxLength: 3 })),
  fc.tuple(fc.constantFrom('resident'), fc.array(value, { maxLength: 2 })),
  fc
    .tuple(views, fc.array(value, { maxLength: 3 }))
    .chain(([first, rest]) =>
      fc.tuple(fc.constantFrom('write', 'readInto'), fc.constant([first, ...rest])),
    ),
  fc.tuple(fc.constantFrom('readString', 'flush', 'advise'), fc.array(value, { maxLength: 4 })),
);

const lockOptions = fc.option(
  fc.dictionary(fc.constantFrom('shared', 'offset', 'length', 'timeout', 'tiemout'), value, {
    maxKeys: 3,
  }),
  { nil: undefined },
);

/* No other object uses the lock, so none of these waits. */
const lockCall = fc.oneof(
  fc.tuple(
    fc.constantFrom('lock', 'tryLock', 'lockAsync'),
    fc.tuple(fc.oneof(lockOptions, anything)),
  ),
  fc.tuple(
    fc.constantFrom('withLock'),
    fc.tuple(
      fc.oneof(
        fc.constant(() => 1),
        anything,
      ),
      lockOptions,
    ),
  ),
  fc.tuple(fc.constantFrom('unlock'), fc.constant([])),
);

const optionKeys = [
  'file',
  'size',
  'offset',
  'prot',
  'readOnly',
  'private',
  'protect',
  'create',
  'mode',
  'anyFilesystem',
  'autolock',
  'timeout',
  'onTruncate',
  'path',
  'sizee',
];

function isNamed(error) {
  assert.ok(error instanceof Error, `not an Error: ${String(error)}`);
  assert.match(String(error.code), KNOWN, `${error.stack}`);
  if (error.code.startsWith('ERR_MMAPIPC_')) assert.ok(error instanceof MmapipcError);
  assert.ok(error.message.length > 10);
}

describe('random arguments', function () {
  this.timeout(60000);
  const tmp = scratch();
  const content = Buffer.from(Array.from({ length: 10000 }, (_, i) => i % 256));

  async function leavesNothing(work) {
    work(10);
    await collect(4);
    const before = holdings();
    work();
    await collect(4);
    assert.equal(holdings().fds, before.fds);
    assert.ok(holdings().maps <= before.maps + 140);
  }

  it('of every method give a result within the bounds, or a named error', async () => {
    const path = tmp();
    await leavesNothing((numRuns = amount(500, 3000)) =>
      fc.assert(
        fc.property(
          fc.boolean(),
          fc.array(fc.oneof(call, lockCall), { maxLength: 8 }),
          (readOnly, calls) => {
            fs.writeFileSync(path, content);
            const map = new Mmap({ file: path, readOnly });
            for (const [method, args] of calls) {
              try {
                const result = map[method](...args);
                if (method === 'lockAsync') result.catch(isNamed);
                if (method === 'read' || method === 'view') {
                  const start = args[0] ?? 0;
                  const n = Math.min(args[1] ?? Infinity, 10000 - start);
                  assert.ok(result.length === n, `${result.length} !== ${n}`);
                }
                if (method === 'write' || method === 'readInto') {
                  assert.ok(Number.isInteger(result) && result >= 0 && result <= 10000);
                }
              } catch (error) {
                if (error instanceof assert.AssertionError) throw error;
                isNamed(error);
              }
            }
            map[Symbol.dispose ?? Symbol.for('nodejs.dispose')]();
          },
        ),
        { numRuns },
      ),
    );
  });

  it('of the constructor give a mapping or a named error', async () => {
    const path = tmp();
    fs.writeFileSync(path, content);
    const places = [path, os.tmpdir(), '/dev/null', '/proc/self/maps', `${path}/x`, tmp(), '', 1e9];
    const small = fc.oneof(
      fc.constantFrom(0, 1, 3, 4096, 9999, 20000),
      fc.constantFrom(-1, 0.5, NaN, 2 ** 53, '1', null, 1n),
    );
    /* No path outside the folder, no descriptor that may be open in this process. */
    const file = fc.oneof(
      fc.constantFrom(...places),
      anything
        .filter((v) => typeof v !== 'number' || !(v >= 0 && v < 1e6))
        .map((v) => (typeof v === 'string' ? `${path}-${v}` : v)),
    );
    const position = fc.tuple(file, fc.array(fc.oneof(small, anything), { maxLength: 4 }));
    const options = fc.tuple(
      fc.dictionary(fc.constantFrom(...optionKeys), fc.oneof(small, anything), { maxKeys: 5 }),
      file,
      fc.boolean(),
    );
    const args = fc.oneof(
      position.map(([first, rest]) => [first, ...rest]),
      options.map(([given, , alone]) => [
        alone ? { ...given, file: path } : { ...given, file: 1e9 },
      ]),
      options.map(([given, other]) => [{ ...given, file: other }]),
    );
    await leavesNothing((numRuns = amount(1000, 5000)) =>
      fc.assert(
        fc.property(args, (given) => {
          let map;
          try {
            map = new Mmap(...given);
          } catch (error) {
            isNamed(error);
            return;
          }
          assert.ok(map.size > 0);
          map.close();
        }),
        { numRuns },
      ),
    );
  });

  it('in any order of calls and closes agree with a plain Buffer', () => {
    const path = tmp();
    const step = fc.oneof(
      fc.record({
        do: fc.constant('write'),
        at: fc.nat(120),
        data: fc.uint8Array({ maxLength: 40 }),
      }),
      fc.record({ do: fc.constant('text'), at: fc.nat(120), data: fc.string({ unit: 'binary' }) }),
      fc.record({ do: fc.constant('read'), at: fc.nat(120), length: fc.nat(120) }),
      fc.record({ do: fc.constant('poke'), at: fc.nat(99), data: fc.nat(255) }),
    );
    fc.assert(
      fc.property(fc.nat(9000), fc.array(step, { maxLength: 30 }), (offset, steps) => {
        fs.writeFileSync(path, Buffer.alloc(offset + 100));
        const map = new Mmap({ file: path, readOnly: false, offset });
        const model = Buffer.alloc(100);
        for (const { do: what, at, data, length } of steps) {
          if (what === 'poke') {
            map.view(at, 1)[0] = data;
            model[at] = data;
          } else if (at >= 100) {
            assert.throws(() => (what === 'read' ? map.read(at) : map.write(data, at)), RangeError);
          } else if (what === 'read') {
            assert.deepEqual(map.read(at, length), model.subarray(at, Math.min(100, at + length)));
          } else {
            const n = what === 'text' ? model.write(data, at) : Math.min(data.length, 100 - at);
            if (what === 'write') model.set(data.subarray(0, n), at);
            assert.equal(map.write(data, at), n);
          }
        }
        assert.deepEqual(map.buffer, model);
        map.close();
        assert.deepEqual(fs.readFileSync(path).subarray(offset), model);
      }),
      { numRuns: amount(500, 1000) },
    );
  });

  it('give named errors for reads of a write-only mapping and calls of a closed one', () => {
    const map = new Mmap(tmp(), 10, PROT_WRITE);
    const closed = new Mmap(tmp(), 10, RW);
    closed.close();
    fc.assert(
      fc.property(call, ([method, args]) => {
        if (/^read/.test(method) && method !== 'readInto') {
          assert.throws(() => map[method](...args), { code: 'ERR_MMAPIPC_ACCESS' });
        }
        assert.throws(() => closed[method](...args), { code: 'ERR_MMAPIPC_CLOSED' });
      }),
    );
    map.close();
  });
});
