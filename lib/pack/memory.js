/*
 * The memory that pack and unpack share with C: the frame of a call
 * (src/pack/frame.h), and the arrays for values, their tags, strings, and packed bytes. They grow
 * with what is asked, and go back to a modest size after a large call.
 */
'use strict';

const binding = require('../native/binding');
const { outOfRange, systemError } = require('../base/errors');

const FEW = { slots: 1024, text: 16384, output: 16384 };
/* More than this is not kept. */
const MANY = { slots: 2 ** 20, text: 2 ** 23, output: 2 ** 23 };
const MOST_TEXT = 2 ** 32 - 1;

/* Where the fields of the frame are, as elements of `words` or `doubles`, by their type. */
const FIELDS = Object.fromEntries(
  Object.entries(binding.layout.pack.fields).map(([name, { offset, type }]) => [
    name,
    offset / (type === 'double' ? 8 : 4),
  ]),
);

const frame = new ArrayBuffer(binding.layout.pack.size);
const words = new Uint32Array(frame);
const doubles = new Float64Array(frame);

const memory = {
  numbers: undefined, // Float64Array: a slot as a number,
  integers: undefined, // BigInt64Array: as an integer,
  naturals: undefined, // BigUint64Array: as one without a sign,
  places: undefined, // Uint32Array: as offset and length of a text
  tags: undefined, // Uint8Array: which of them
  text: undefined, // Buffer
  output: undefined, // Buffer
  large: false, // whether any of it is larger than what is kept
};

function setSlots(n) {
  const slots = new ArrayBuffer(n * 8);
  memory.numbers = new Float64Array(slots);
  memory.integers = new BigInt64Array(slots);
  memory.naturals = new BigUint64Array(slots);
  memory.places = new Uint32Array(slots);
  memory.tags = new Uint8Array(n);
}

function buffers() {
  const { numbers, tags, text, output } = memory;
  return [frame, numbers.buffer, tags.buffer, text.buffer, output.buffer];
}

function tell() {
  const { tags, text, output } = memory;
  memory.large = tags.length > MANY.slots || text.length > MANY.text || output.length > MANY.output;
  packer.memory(buffers());
}

/* An ArrayBuffer of its own: the pool of Buffer is everybody's. */
const bytes = (n) => Buffer.from(new ArrayBuffer(n));

/* At least twice of what there was, so that growing costs no more than the work. */
const larger = (have, needed) => Math.max(have * 2, needed);

/* Room for this many values; those that were there are lost. */
function growSlots(needed) {
  setSlots(larger(memory.tags.length, needed));
  tell();
}

/* Room for this many bytes of strings; the first `used` stay. */
function growText(needed, used) {
  if (needed > MOST_TEXT) throw outOfRange('the length of all strings', `<= ${MOST_TEXT}`, needed);
  const text = bytes(Math.min(larger(memory.text.length, needed), MOST_TEXT));
  memory.text.copy(text, 0, 0, used);
  memory.text = text;
  tell();
}

function growOutput(needed) {
  memory.output = bytes(larger(memory.output.length, needed));
  tell();
}

/* To be called after a call that made memory large. */
function shrink() {
  const { tags, text, output } = memory;
  if (tags.length > MANY.slots) setSlots(FEW.slots);
  if (text.length > MANY.text) memory.text = bytes(FEW.text);
  if (output.length > MANY.output) memory.output = bytes(FEW.output);
  tell();
}

setSlots(FEW.slots);
memory.text = bytes(FEW.text);
memory.output = bytes(FEW.output);

/* C's side of it, for this copy of the modules alone: another copy in this thread has its own. */
const packer = binding.packer(buffers());
if (typeof packer === 'number') throw systemError(packer, 'malloc');

module.exports = {
  FIELDS,
  doubles,
  words,
  memory,
  packer,
  growSlots,
  growText,
  growOutput,
  shrink,
};
