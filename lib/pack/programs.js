/*
 * Compiled templates. C keeps a number of them under small indices; this file knows the index of each,
 * and replaces the least recently used one.
 */
'use strict';

const binding = require('../native/binding');
const { invalidType, invalidValue } = require('../base/errors');
const { packError } = require('./errors');
const { planOf } = require('./flat');
const { packer } = require('./memory');

const EACH = binding.packPrograms / 2; // half of the indices for each direction

class Programs {
  #unpack;
  #first;
  #entries = new Map(); // template -> { template, index, used, plan }
  #clock = 0;
  #last = { template: undefined }; // the entry of the last call

  constructor(unpack) {
    this.#unpack = unpack;
    this.#first = unpack ? EACH : 0;
  }

  /* { index, plan } of the template: `plan` packs and unpacks it without C (pack/flat.js), if that is
   * possible. */
  find(template) {
    if (template === this.#last.template) return this.#last;
    const entry = this.#entries.get(template) ?? this.#add(template);
    entry.used = ++this.#clock;
    this.#last = entry;
    return entry;
  }

  #add(template) {
    if (typeof template !== 'string') {
      throw invalidType('The "template" argument', 'of type string', template);
    }
    const text = Buffer.from(template, 'latin1');
    if (text.latin1Slice() !== template) {
      throw invalidValue('The "template" argument', 'must not contain characters above U+00FF');
    }
    const full = this.#entries.size === EACH;
    const oldest = full ? this.#oldest() : undefined;
    const index = full ? this.#entries.get(oldest).index : this.#first + this.#entries.size;
    const answer = packer.compile(index, text, this.#unpack);
    if (answer !== 0) throw packError(answer, template); // and the index keeps its template
    if (full) this.#entries.delete(oldest);
    const entry = { template, index, used: 0, plan: planOf(packer.fields(index)) };
    this.#entries.set(template, entry);
    return entry;
  }

  #oldest() {
    let oldest;
    let least = Infinity;
    for (const [template, { used }] of this.#entries) {
      if (used < least) [oldest, least] = [template, used];
    }
    return oldest;
  }
}

const PACK = new Programs(false);
const UNPACK = new Programs(true);

module.exports = { PACK, UNPACK };
