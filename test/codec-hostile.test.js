/*
 * Decoding hostile bytes gives a value, ERR_MMAPIPC_CORRUPT or ERR_MMAPIPC_CODEC; never another
 * error or a crash, and never more time or memory than the size of the input explains. A failure
 * prints the seed of the random numbers; MMAPIPC_SEED sets it.
 */
'use strict';

const assert = require('node:assert/strict');
const msgpack = require('@msgpack/msgpack');

const { TYPE, makeCodec } = require('../lib/codec/codec');
const { TAG } = require('../lib/codec/record-format');
const { amount } = require('./support/amounts');
const { encoded, encodedAgain } = require('./support/codecs');

const ROUNDS = amount(6000, 20000);
const LONGEST = 1e6; /* microseconds of CPU time for one value, as the machine may be busy */
const MOST = 400e6; /* bytes by which the process may grow */
const SEED = Number(process.env.MMAPIPC_SEED ?? Date.now() % 2 ** 31);

const CODES = ['ERR_MMAPIPC_CORRUPT', 'ERR_MMAPIPC_CODEC'];
/* The library alone would accept any length. */
const careful = {
  encode: msgpack.encode,
  decode: (bytes) =>
    msgpack.decode(bytes, { maxArrayLength: bytes.length, maxMapLength: bytes.length }),
};
const codecs = ['auto', 'v8', 'json', careful].map((option) => makeCodec(option));
const [auto, , json, custom] = codecs;

const values = [
  null,
  1.5,
  'latin \u00e9',
  'wide \u0416\u0443\u043a',
  2n ** 99n,
  -5n,
  Buffer.from('some bytes'),
  { id: 7, list: [1, 'x', null], deep: { a: { b: [true] } } },
  { text: '\u0416\u0443\u043a' },
  [1, , 3, undefined, NaN, -0], // eslint-disable-line no-sparse-arrays
  new Map([[{ a: 1 }, new Set([1n, new Date(5)])]]),
  { error: new RangeError('far'), cause: new Error('x', { cause: { a: [/x+/gi] } }) },
  { big: 2n ** 80n, boxed: [new Number(1), new String('s'), new Boolean(true)] },
  { views: [new Float64Array(3), new DataView(new ArrayBuffer(5)), Buffer.from('b')] },
  { buffer: new ArrayBuffer(9), rab: new ArrayBuffer(4, { maxByteLength: 64 }) },
  (() => {
    const cycle = { list: [] };
    cycle.list.push(cycle, cycle.list);
    return cycle;
  })(),
  Object.assign([1, 2, 3], { extra: 'x' }),
];

const recordable = [
  {
    id: 7,
    list: [1, 'x', null],
    deep: { a: { b: [true, -0] } },
    text: 'caf\u00e9',
    wide: '\u0416',
  },
  [{ id: 1.5 }, { id: -5, name: 'x'.repeat(99) }, { id: undefined }, {}, [], [[]]],
  Array.from({ length: 300 }, (_, id) => ({ id, text: `text ${id}` })),
];

/* mulberry32 */
function randoms(seed) {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

/* Bytes with a meaning in V8's format. */
const TAGS = Buffer.from('oaA{@$;:\',"cSINDRrmsE.BV~^_0TF-\\Zzyxntuwp\0\xff\x0f\x7f\x80', 'latin1');

function mutate({ type, bytes, length }, random) {
  let copy = Buffer.from(bytes.subarray(0, length));
  for (let n = random(4); n >= 0; n--) {
    const at = random(copy.length + 1);
    const kind = random(7);
    if (kind === 0 && copy.length > 0) copy[at % copy.length] ^= 1 << random(8);
    else if (kind === 1 && copy.length > 0) copy[at % copy.length] = random(256);
    else if (kind === 2 && copy.length > 0) copy[at % copy.length] = TAGS[random(TAGS.length)];
    else if (kind === 3) copy = copy.subarray(0, at);
    else if (kind === 4) copy = Buffer.concat([copy, copy.subarray(at)]);
    else if (kind === 5) {
      const more = Buffer.from(Array.from({ length: random(9) }, () => random(256)));
      copy = Buffer.concat([copy.subarray(0, at), more, copy.subarray(at)]);
    } else if (kind === 6 && random(8) === 0) return { type: random(16), bytes: copy };
  }
  return { type, bytes: copy };
}

const shown = (bytes) => bytes.subarray(0, 100).toString('hex');

/* The result of decode(); throws for an error that is not allowed. */
function decoded(codec, type, bytes, length = bytes.length) {
  const since = process.cpuUsage();
  try {
    return codec.decode(type, bytes, length);
  } catch (error) {
    if (CODES.includes(error.code) && error.name === 'MmapipcError') return error;
    throw error;
  } finally {
    const { user, system } = process.cpuUsage(since);
    if (user + system > LONGEST) assert.fail(`${user + system} us: ${type}, ${shown(bytes)}`);
  }
}

const varint = (number) => {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  return [...bytes, number];
};
const ascii = (text) => [...Buffer.from(text, 'latin1')];
const clone = (...parts) =>
  Buffer.from([0xff, 15, ...parts.flatMap((one) => (typeof one === 'string' ? ascii(one) : one))]);
/* A record of the values in these bytes and this text. */
function record(parts, text = '') {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(text.length);
  return Buffer.concat([head, Buffer.from(parts), Buffer.from(text, 'latin1')]);
}
const isCorrupt = (result) => result?.code === 'ERR_MMAPIPC_CORRUPT';

describe('decoding hostile bytes', function () {
  this.timeout(60000);
  let before;
  beforeEach(() => {
    global.gc?.();
    before = process.memoryUsage().rss;
  });
  afterEach(() => {
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < MOST, `grown by ${grown} bytes`);
  });

  for (const codec of codecs) {
    it(`gives a value or a named error with '${codec.name}' (seed ${SEED})`, () => {
      const random = randoms(SEED);
      const good = values.flatMap((value) => {
        try {
          return [encoded(codec, value), encoded(auto, value)];
        } catch {
          return [encoded(auto, value)]; // a cycle under json
        }
      });
      good.push(...recordable.map((value) => encodedAgain(makeCodec(), value)));
      for (let i = 0; i < ROUNDS; i++) {
        const { type, bytes } = mutate(good[i % good.length], random);
        decoded(
          codec,
          type,
          bytes,
          Math.max(0, bytes.length + (random(9) === 0 ? random(5) - 2 : 0)),
        );
      }
    });
  }

  it('gives a value or a named error for random bytes of every type', () => {
    const random = randoms(SEED);
    for (let i = 0; i < ROUNDS / 2; i++) {
      const bytes = Buffer.from(Array.from({ length: random(40) }, () => random(256)));
      if (i % 2 && bytes.length > 2) bytes.set([0xff, 15]);
      for (let at = 2; i % 4 === 3 && at < bytes.length; at++) {
        bytes[at] = TAGS[random(TAGS.length)];
      }
      for (const codec of codecs) decoded(codec, i % 2 ? TYPE.V8 : random(14), bytes);
      decoded(auto, TYPE.RECORD, record(bytes, 'some text'));
    }
  });

  it('allocates no more than the input explains for long sparse arrays', () => {
    for (const length of [2 ** 23, 2 ** 25 - 1, 2 ** 25, 2 ** 31, 2 ** 32 - 1]) {
      const one = ['a', varint(length), '@\0', varint(length)];
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, clone(...one))), String(length));
      const hidden = clone('o"\x01a', ...one, '{\x01');
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, hidden)));
    }
    for (const length of [200, 16383, 2 ** 20]) {
      const one = clone('a', varint(length), '@\0', varint(length)).subarray(2);
      const many = Math.ceil(2 ** 23 / length);
      const start = clone('A', varint(many));
      const bytes = Buffer.concat([
        start,
        ...new Array(many).fill(one),
        clone('$\0', varint(many)).subarray(2),
      ]);
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, bytes)), String(length));
    }
  });

  it('allocates no more than the input explains for all other lengths', () => {
    const huge = varint(2 ** 32 - 1);
    for (const tag of ['A', 'B', '"', 'c', 'S', 'Z', '\\\x02', '\\\0', 'u', 't', 'w', 'p']) {
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, clone(tag, huge))), tag);
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, clone('o"\x01a', tag, huge, '{\x01'))), tag);
    }
    const many = 20000;
    const rabs = Array.from({ length: many }, () => ['~\0', huge]).flat();
    decoded(auto, TYPE.V8, clone('A', varint(many), ...rabs, '$\0', varint(many)));
    assert.ok(isCorrupt(decoded(auto, TYPE.BIGINT, Buffer.alloc(1e6, '+f'))));
  });

  it('refuses deeply nested input', () => {
    const deep = (bytes) => clone(...Array.from({ length: 3e4 }, () => bytes));
    for (const part of ['A\x01', 'o"\x01a', ';', "'", 'a\x01I\0', 'rc', 'a\x80\x80\x80\x04']) {
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, deep(part))), part);
    }
    for (const text of ['['.repeat(1e5), '{"a":'.repeat(1e5), '1'.repeat(1e5)]) {
      decoded(json, TYPE.JSON_ASCII, Buffer.from(text));
    }
    decoded(custom, TYPE.CUSTOM, Buffer.alloc(1e5, 0x91));
  });

  it('refuses older formats of V8, and input that is not an object', () => {
    for (const version of [0, 9, 12, 13, 14, 127]) {
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, Buffer.from([0xff, version, 0x6f, 0x7b, 0]))));
    }
    for (const text of ['_', '0', 'T', 'I\x02', '"\x01a']) {
      assert.ok(isCorrupt(decoded(auto, TYPE.V8, clone(text))));
    }
  });

  it('refuses records that no set() writes', () => {
    const { NULL, LIST, LONG_LIST, SHAPE, OBJECT, LONG_TEXT, WIDE, DOUBLE, INT32, TEXT, INT } = TAG;
    const keys = (text) => ({ tag: [SHAPE, text.length & 255, text.length >> 8], text });
    const many = Array.from({ length: 65 }, (_, i) => `k${i}`);
    for (const names of [
      ...[['__proto__'], ['0'], ['4294967294'], ['a', 17], [['a']], many, { a: 1 }, 'a', null],
      ...[['a'.repeat(5000)]],
    ]) {
      const { tag, text } = keys(JSON.stringify(names));
      const bytes = record([...tag, ...new Array(names?.length ?? 1).fill(NULL)], text);
      assert.ok(isCorrupt(decoded(auto, TYPE.RECORD, bytes)), text);
    }
    const shape = keys('["a"]');
    const most = [255, 255, 255, 255];
    const alone = [[], [NULL], [INT], [TEXT], [LIST], [LIST, 1], [LIST, 2, INT], [OBJECT, 0]];
    alone.push([LIST, 2, NULL, OBJECT, 0], [LIST, 0, 0, 0, 0, 0], [LONG_LIST, ...most, NULL]);
    alone.push(
      [LIST, 1, LONG_TEXT, ...most],
      [LIST, 1, WIDE, ...most],
      [LIST, 1, WIDE, 2, 0, 0, 0],
    );
    alone.push([LIST, 1, DOUBLE, 0], [LIST, 1, INT32, 0], [LIST, 1, TEXT + 1], [LIST, 1, 12]);
    for (const [parts, text] of [
      ...alone.map((one) => [one, '']),
      [[LIST, 1, TEXT + 1], 'xx'],
      [shape.tag, '["a"]'],
      [shape.tag, `["a"]${'x'.repeat(27)}`], // "[" as a tag is a string of 27 characters
      [[...shape.tag, NULL], '["a'],
      [[LIST, 2, ...shape.tag, NULL, OBJECT, 1, NULL], '["a"]'],
    ]) {
      const bytes = record(parts, text);
      assert.ok(isCorrupt(decoded(auto, TYPE.RECORD, bytes)), String(parts));
      for (const byte of [NULL, INT]) {
        const behind = Buffer.concat([bytes, Buffer.alloc(20, byte)]);
        const result = decoded(auto, TYPE.RECORD, behind, bytes.length);
        assert.ok(isCorrupt(result), `${parts} before ${byte}`);
      }
    }
    for (const length of [5, 2 ** 31, 2 ** 32 - 1]) {
      const bytes = record([LIST, 0]);
      bytes.writeUInt32LE(length);
      assert.ok(isCorrupt(decoded(auto, TYPE.RECORD, bytes)));
    }
    assert.deepEqual(decoded(auto, TYPE.RECORD, record([LIST, 1, NULL])), [null]);
    assert.deepEqual(decoded(auto, TYPE.RECORD, record([...shape.tag, NULL], '["a"]')), {
      a: null,
    });
  });

  it('gives a record no code to run', () => {
    const { SHAPE, NULL } = TAG;
    const names = ['a": globalThis.ran = 1, "b', 'a\\', '"', "'", '\n', '`${globalThis.ran = 1}`'];
    for (const name of names) {
      const text = JSON.stringify([name]);
      const bytes = record([SHAPE, text.length, 0, NULL], text);
      for (let i = 0; i < 200; i++) {
        assert.deepEqual(Object.keys(decoded(auto, TYPE.RECORD, bytes)), [name]);
      }
    }
    assert.equal(globalThis.ran, undefined);
  });

  it('allocates no more than the input explains for the lists of a record', () => {
    const { LONG_LIST, INT, NULL } = TAG;
    const size = 2e6;
    const lists = Buffer.alloc(size, NULL);
    let at = 0;
    for (let i = 0; i < 190; i++) {
      lists[at] = LONG_LIST;
      lists.writeUInt32LE(size - at - 5, at + 1);
      lists[at + 5] = INT;
      at += 6;
    }
    assert.ok(isCorrupt(decoded(auto, TYPE.RECORD, record(lists))));
    const deep = Buffer.alloc(1e5, Buffer.from([TAG.LIST, 1]));
    assert.ok(isCorrupt(decoded(auto, TYPE.RECORD, record(deep))));
  });

  it("never calls V8's deserializer with 'json'", () => {
    for (const type of [TYPE.V8, TYPE.BUFFER, TYPE.NUMBER, TYPE.CUSTOM]) {
      assert.equal(decoded(json, type, clone('o{\0')).code, 'ERR_MMAPIPC_CODEC');
    }
  });
});

describe('sparse arrays', () => {
  it('are restored up to a reasonable length; set() refuses longer ones', () => {
    const list = [1];
    list[2e6] = 2;
    const { type, bytes, length } = encoded(auto, { list });
    assert.equal(auto.decode(type, bytes, length).list[2e6], 2);
    const full = new Array(2 ** 22 + 9).fill(1); // V8 writes it as sparse
    full.push('x');
    assert.equal(encoded(makeCodec('v8'), full).type, TYPE.V8);
    list[4e9] = 3;
    assert.throws(() => auto.encode({ list }, Buffer.alloc(8)), { code: 'ERR_INVALID_ARG_VALUE' });
  });
});
