/*
 * The memory that pack and unpack share with C: the frame of a call (src/pack/frame.h), and the arrays
 * for values, their tags, strings, and packed bytes. They grow on demand, and shrink again after a
 * large call.
 */
'use strict';

const binding = require('../native/binding');
const { outOfRange, systemError } = require('../base/errors');

const FEW = { slots: 1024, text: 16384, output: 16384 };
/* Larger arrays are not kept. */
const MANY = { slots: 2 ** 20, text: 2 ** 23, output: 2 ** 23 };
const MOST_TEXT = 2 ** 32 - 1;

/* The indices of the frame's fields, in `words` or `doubles` by their type. */
const FIELDS = Object.fromEntries(
  Object.entries(binding.layout.pack.fields).map(([name, { offset, type }]) => [
    name,
    offset / (type === 'double' ? 8 : 4),
  ]),
);

/* The content of a slot: a literal, whose fields the compiler folds. */
const TAG = { ...binding.numbers.tag };

const frame = new ArrayBuffer(binding.layout.pack.size);
const words = new Uint32Array(frame);
const doubles = new Float64Array(frame);

const memory = {
  numbers: undefined, // Float64Array: the slots as numbers,
  integers: undefined, // BigInt64Array: as integers,
  naturals: undefined, // BigUint64Array: as integers without a sign,
  texts: undefined, // Uint32Array: as pairs of offset and length in `text`
  tags: undefined, // Uint8Array: which of these a slot is (binding.numbers.tag)
  text: undefined, // Buffer: all strings
  output: undefined, // Buffer: the packed bytes
  large: false, // whether an array is larger than those that are kept
};

function setSlots(n) {
  const slots = new ArrayBuffer(n * 8);
  memory.numbers = new Float64Array(slots);
  memory.integers = new BigInt64Array(slots);
  memory.naturals = new BigUint64Array(slots);
  memory.texts = new Uint32Array(slots);
  memory.tags = new Uint8Array(n);
}

function buffers() {
  const { numbers, tags, text, output } = memory;
  return [frame, numbers.buffer, tags.buffer, text.buffer, output.buffer];
}

function shareWithC() {
  const { tags, text, output } = memory;
  memory.large = tags.length > MANY.slots || text.length > MANY.text || output.length > MANY.output;
  packer.memory(buffers());
}

/* With an ArrayBuffer of its own, outside Buffer's pool. */
const bytes = (n) => Buffer.from(new ArrayBuffer(n));

/* At least twice the size, so that the cost of growing stays in proportion to the work. */
const larger = (have, needed) => Math.max(have * 2, needed);

/* Makes room for this many values, and drops the values that it held. */
function growSlots(needed) {
  setSlots(larger(memory.tags.length, needed));
  shareWithC();
}

/* Makes room for this many bytes of strings, and keeps the first `used`. */
function growText(needed, used) {
  if (needed > MOST_TEXT) throw outOfRange('the length of all strings', `<= ${MOST_TEXT}`, needed);
  const text = bytes(Math.min(larger(memory.text.length, needed), MOST_TEXT));
  memory.text.copy(text, 0, 0, used);
  memory.text = text;
  shareWithC();
}

function growOutput(needed) {
  memory.output = bytes(larger(memory.output.length, needed));
  shareWithC();
}

/* Called after a call that has made an array large. */
function shrink() {
  const { tags, text, output } = memory;
  if (tags.length > MANY.slots) setSlots(FEW.slots);
  if (text.length > MANY.text) memory.text = bytes(FEW.text);
  if (output.length > MANY.output) memory.output = bytes(FEW.output);
  shareWithC();
}

setSlots(FEW.slots);
memory.text = bytes(FEW.text);
memory.output = bytes(FEW.output);

/* C's functions over this memory. Each copy of this module in a thread has its own. */
const packer = binding.packer(buffers());
if (typeof packer === 'number') throw systemError(packer, 'malloc');

module.exports = {
  FIELDS,
  TAG,
  doubles,
  words,
  memory,
  packer,
  growSlots,
  growText,
  growOutput,
  shrink,
};
