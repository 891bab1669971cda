/*
 * The changes of a map that this object has read: the latest are kept, under rising positions.
 * Listeners and iterators read them from their own position on. What is not known (too much has changed
 * at once) is one change without a key.
 */
'use strict';

const binding = require('../native/binding');
const { SLICE } = require('../base/clock');
const memory = require('./memory');
const { changesOf } = require('./walk');

const { CREATED, HANDLE, MS, doubles, status, words } = memory;
const { BUSY, DONE, MORE } = binding.numbers.map;

const MOST = 1024; /* changes that are kept */
const MANY = Object.freeze({ key: undefined, what: 'many' });

/* 'set', 'delete', ... by their numbers. */
const WHATS = [];
for (const [name, number] of Object.entries(binding.numbers.mapChange)) {
  WHATS[number] = name.toLowerCase();
}

class Feed {
  #table;
  #changes = []; /* the last of them has the position `end` */
  #end = 0;
  #isOn = false;
  #isReading = false;
  #isThreaded = false;

  constructor(table) {
    this.#table = table;
  }

  /* Reads what is new, and returns the position of the last change. The first call begins to listen. */
  poll(isThreaded) {
    if (!this.#isOn || (isThreaded && !this.#isThreaded)) this.#listen(isThreaded);
    /* A read that was unwound, as at the end of the stack, has lost what it had read. */
    if (this.#isReading) this.#add(MANY);
    let isMore = true;
    while (isMore) {
      this.#isReading = true;
      isMore = this.#read() === MORE;
      this.#isReading = false;
    }
    const extra = this.#changes.length - MOST;
    if (extra > 0) this.#changes.splice(0, extra);
    return this.#end;
  }

  #listen(isThreaded) {
    const { handle } = this.#table;
    const call = (ms) => binding.mapListen(handle, isThreaded, ms);
    let result = call(SLICE);
    if (result === BUSY) result = this.#table.wait(call);
    if (result !== DONE) throw this.#table.errorOf(result, '', 0);
    this.#isOn = true;
    this.#isThreaded = isThreaded;
  }

  #read() {
    const call = (ms) => {
      doubles[HANDLE] = this.#table.handle;
      words[MS] = ms;
      binding.mapChanges();
      return status[0];
    };
    let result = call(SLICE);
    if (result === BUSY) result = this.#table.wait(call);
    if (result < 0) throw this.#table.errorOf(result, '', 0);
    const isLost = words[CREATED] === 1;
    for (const { kind, key } of changesOf()) {
      const what = WHATS[kind] ?? 'many';
      this.#add({ key: what === 'clear' || what === 'many' ? undefined : key, what });
    }
    if (isLost) this.#add(MANY);
    return result;
  }

  #add(change) {
    this.#changes.push(change);
    this.#end++;
  }

  get position() {
    return this.#end;
  }

  /* The changes behind this position. */
  since(position) {
    const first = this.#end - this.#changes.length;
    if (position >= first) return this.#changes.slice(position - first);
    return [MANY, ...this.#changes];
  }

  stop() {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#isThreaded = false;
    binding.mapUnlisten(this.#table.handle);
  }
}

/* What concerns keys with this prefix: the changes, without the first `skipped` characters of the keys. */
function withPrefix(changes, prefix, skipped) {
  if (prefix === '') return changes;
  const found = [];
  for (const change of changes) {
    const { key, what } = change;
    if (key === undefined) found.push(change);
    else if (key.startsWith(prefix)) found.push({ key: key.slice(skipped), what });
  }
  return found;
}

module.exports = { Feed, withPrefix };
