/*
 * The log of recorded histories: shared memory, so that what a process has recorded stays when it is killed. A
 * participant has a slot: a header, and for each history of a batch some records. Each operation has a
 * record, written before its call and completed after it.
 *
 * The times are of CLOCK_MONOTONIC, which all processes share.
 */
'use strict';

const KINDS = 'get has set delete clear add replace swap take cas increment'.split(' ');

const HISTORIES = 25; /* of a batch */
const RECORDS = 32; /* of one participant in one history */
const WORDS = 8; /* of 8 bytes in a record, and in a header */
const SLOT = (1 + HISTORIES * RECORDS) * WORDS;

/* Words of a record. RESPONDED is 0 until then. */
const [KIND, KEY, A, B, RESULT, INVOKED, RESPONDED] = [0, 1, 2, 3, 4, 5, 6];
/* Words of a header: the history at which the participant is, whether it has died, whether it is in a call. */
const [ARRIVED, GONE, IN_CALL] = [0, 1, 2];

const sizeOf = (slots) => slots * SLOT * 8;

class Log {
  #slots;
  #numbers;
  #times;

  constructor({ buffer }, slots) {
    this.#slots = slots;
    this.#numbers = new Float64Array(buffer.buffer, buffer.byteOffset, slots * SLOT);
    this.#times = new BigInt64Array(buffer.buffer, buffer.byteOffset, slots * SLOT);
  }

  #mark(slot, word, value) {
    Atomics.store(this.#times, slot * SLOT + word, BigInt(value));
  }

  #marked(slot, word) {
    return Number(Atomics.load(this.#times, slot * SLOT + word));
  }

  clear() {
    this.#numbers.fill(0);
  }

  gone(slot) {
    this.#mark(slot, GONE, 1);
  }

  arrive(slot, history) {
    this.#mark(slot, ARRIVED, history + 1);
  }

  /* Whether all that live have come to this history. */
  isComplete(history) {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#marked(slot, ARRIVED) <= history && this.#marked(slot, GONE) === 0) return false;
    }
    return true;
  }

  isInCall(slot) {
    return this.#marked(slot, IN_CALL) === 1;
  }

  /* Before the call: records [kind, key, a, b] of operations that it does, one for each key. */
  begin(slot, history, first, operations) {
    const at = this.#at(slot, history, first);
    operations.forEach(([kind, key, a, b], i) => {
      const numbers = this.#numbers.subarray(at + i * WORDS);
      numbers[KIND] = KINDS.indexOf(kind);
      numbers[KEY] = key;
      numbers[A] = a ?? 0;
      numbers[B] = b ?? 0;
    });
    const now = process.hrtime.bigint();
    for (let i = 0; i < operations.length; i++) {
      Atomics.store(this.#times, at + i * WORDS + INVOKED, now);
    }
    this.#mark(slot, IN_CALL, 1);
  }

  /*
   * After the call. The store to IN_CALL is a full barrier: without it the clock could be read while the last
   * stores of the call are in the store buffer of this processor, where others do not see them yet. A message
   * to others would have to wait behind these stores, but a clock does not.
   */
  end(slot, history, first, results) {
    const at = this.#at(slot, history, first);
    this.#mark(slot, IN_CALL, 0);
    const now = process.hrtime.bigint();
    results.forEach((result, i) => {
      this.#numbers[at + i * WORDS + RESULT] = result;
      Atomics.store(this.#times, at + i * WORDS + RESPONDED, now);
    });
  }

  #at(slot, history, record) {
    if (record >= RECORDS) throw new RangeError('too many records');
    return slot * SLOT + (1 + history * RECORDS + record) * WORDS;
  }

  /* The operations of a history, for linear.js, each with its `key`. */
  history(history) {
    const ops = [];
    for (let who = 0; who < this.#slots; who++) {
      for (let record = 0; record < RECORDS; record++) {
        const at = this.#at(who, history, record);
        const times = this.#times.subarray(at, at + WORDS);
        if (times[INVOKED] === 0n) break;
        const [kind, key, a, b, result] = this.#numbers.subarray(at + KIND, at + RESULT + 1);
        const responded = times[RESPONDED] === 0n ? Infinity : Number(times[RESPONDED]);
        const invoked = Number(times[INVOKED]);
        ops.push({ who, kind: KINDS[kind], key, a, b, result, invoked, responded });
      }
    }
    return ops;
  }
}

module.exports = { HISTORIES, Log, sizeOf };
