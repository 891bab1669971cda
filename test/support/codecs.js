/*
 * Encodes and decodes values as a Share does; the scratch memory is overwritten as soon as the value
 * is decoded.
 */
'use strict';

const assert = require('node:assert/strict');

const { TYPE } = require('../../lib/codec/codec');

const room = Buffer.alloc(65536);

/* The encoded form, as another process would find it: { type, bytes, length }. */
function encoded(codec, value) {
  const { type, bytes, length } = codec.encode(value, room);
  const copy = Buffer.alloc(length + 7, 0xee);
  copy.set(new Uint8Array(bytes.buffer, bytes.byteOffset, length));
  return { type, bytes: copy, length };
}

function roundTrip(codec, value) {
  const { type, bytes, length } = encoded(codec, value);
  const back = codec.decode(type, bytes, length);
  bytes.fill(0x61);
  return back;
}

const ATTEMPTS = 3; // a new codec learns the shapes of a value at its first attempt

/* The encoded form once all shapes in the value are known. */
function encodedAgain(codec, value) {
  let last;
  for (let i = 0; i < ATTEMPTS && last?.type !== TYPE.RECORD; i++) last = encoded(codec, value);
  return last;
}

/* Asserts that b is like a structured clone of a: values, prototypes, order of keys, identity. */
function assertClone(b, a) {
  const partner = new Map();
  const taken = new Set();
  const work = [[a, b]];
  const primitive = (one, other) => {
    if (!Object.is(one, other)) assert.fail(`${String(other)} instead of ${String(one)}`);
  };
  while (work.length > 0) {
    const [one, other] = work.pop();
    if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) {
      primitive(one, other);
    } else if (partner.has(one)) {
      assert.ok(partner.get(one) === other, 'an object that was shared is not');
    } else {
      assert.ok(!taken.has(other), 'an object is shared that was not');
      partner.set(one, other);
      taken.add(other);
      work.push(...parts(one, other));
    }
  }
}

const tag = (value) => Object.prototype.toString.call(value);
const bytesOf = (view) =>
  ArrayBuffer.isView(view)
    ? Buffer.from(view.buffer, view.byteOffset, view.byteLength)
    : Buffer.from(view);

const items = (many) => (many instanceof Map ? [...many.keys(), ...many.values()] : [...many]);

/* The pairs of parts that have to be alike, once the two containers are compared. */
function parts(one, other) {
  assert.equal(tag(other), tag(one));
  assert.equal(Object.getPrototypeOf(other), Object.getPrototypeOf(one));
  if (ArrayBuffer.isView(one) || one instanceof ArrayBuffer) {
    assert.ok(bytesOf(one).equals(bytesOf(other)), 'other bytes');
    return [];
  }
  const keys = Reflect.ownKeys(one);
  assert.deepEqual(Reflect.ownKeys(other), keys);
  const pairs = keys.map((key) => [one[key], other[key]]);
  if (one instanceof Date) pairs.push([one.getTime(), other.getTime()]);
  if (one instanceof RegExp) pairs.push([String(one), String(other)]);
  if (/^\[object (Number|String|Boolean|BigInt)\]$/.test(tag(one))) {
    pairs.push([one.valueOf(), other.valueOf()]);
  }
  if (one instanceof Map || one instanceof Set) {
    const [all, others] = [one, other].map((many) => items(many));
    assert.equal(others.length, all.length);
    for (let i = 0; i < all.length; i++) pairs.push([all[i], others[i]]);
  }
  return pairs;
}

module.exports = { assertClone, encoded, encodedAgain, room, roundTrip };
