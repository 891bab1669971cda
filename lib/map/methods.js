/*
 * The methods that a SharedMap and its namespaces share. They check their arguments; keys get the prefix
 * of the namespace.
 */
'use strict';

const { getAndDelete, getAndSet, update, updateAsync } = require('./change');
const { keyType } = require('./errors');
const { objectOf } = require('./object');
const { IF } = require('./table');
const { lifeOf, ttlOf } = require('./ttl');
const { clear, countOf, getMany, walk } = require('./walk');
const { invalidType, outOfRange } = require('../base/errors');
const { abortSignal, callback, integer, options, timeoutOf } = require('../base/validate');

/* view[START](core, table, prefix): before its first use. `core`: what all views of one map share, see
 * map/map.js; `table`: of the view, which adds the prefix to each key. */
const START = Symbol('start');

const OPTIONS = 'The options object';
const MAKING = ['ttl', 'timeout', 'signal'];
const CHANGED = ['since', 'timeout', 'signal'];

function finite(value, what) {
  if (typeof value !== 'number') throw invalidType(what, 'of type number', value);
  if (!Number.isFinite(value)) throw outOfRange(what, 'a finite number', value);
  return value;
}

function iterable(value, what, of) {
  if (typeof value === 'object' && typeof value?.[Symbol.iterator] === 'function') return value;
  throw invalidType(what, `an iterable of ${of}`, value);
}

function text(value, what) {
  if (typeof value !== 'string') throw invalidType(what, 'of type string', value);
  return value;
}

function checked(key) {
  if (typeof key !== 'string') throw keyType(key);
  return key;
}

/* Base with the methods of a map. */
const mapLike = (Base) =>
  class extends Base {
    #core;
    #table;
    #prefix = '';
    #ttl = Infinity; /* of entries set without one */
    #object;

    [START](core, table, prefix) {
      this.#core = core;
      this.#table = table;
      this.#prefix = prefix;
      this.#ttl = core.ttl;
    }

    /* The key in the whole map. */
    #whole(key) {
      return this.#prefix + checked(key);
    }

    #life(ttl) {
      return ttl === undefined ? this.#ttl : lifeOf(ttl, this.#ttl);
    }

    get(key) {
      return this.#table.get(checked(key));
    }

    peek(key) {
      return this.#table.peek(checked(key));
    }

    has(key) {
      return this.#table.has(checked(key));
    }

    set(key, value, ttl) {
      this.#table.set(checked(key), value, this.#life(ttl));
      return this;
    }

    delete(key) {
      return this.#table.delete(checked(key));
    }

    clear() {
      clear(this.#core.table, this.#prefix, this.#core.buckets);
    }

    get size() {
      const { size, buckets } = this.#core;
      return this.#prefix === '' ? size() : countOf(this.#core.table, this.#prefix, buckets);
    }

    keys(opts) {
      return this.#walk(opts, true);
    }

    entries(opts) {
      return this.#walk(opts, false);
    }

    *values(opts) {
      for (const [, value] of this.#walk(opts, false)) yield value;
    }

    [Symbol.iterator]() {
      return this.#walk(undefined, false);
    }

    forEach(fn, thisArg) {
      callback(fn, 'The "fn" argument');
      for (const [key, value] of this.#walk(undefined, false)) fn.call(thisArg, value, key, this);
    }

    #walk(opts, isKeys) {
      const { prefix = '' } = options(opts, ['prefix'], OPTIONS);
      text(prefix, 'The option "prefix"');
      const own = this.#prefix.length;
      return walk(this.#core.table, this.#prefix + prefix, own, this.#core.buckets, isKeys);
    }

    getMany(keys) {
      const list = [...iterable(keys, 'The "keys" argument', 'strings')];
      for (let i = 0; i < list.length; i++) list[i] = this.#whole(list[i]);
      return getMany(this.#core.table, list);
    }

    setMany(entries, ttl) {
      const life = this.#life(ttl);
      for (const entry of iterable(entries, 'The "entries" argument', '[key, value] pairs')) {
        if (typeof entry !== 'object' || entry === null) {
          throw invalidType('An entry', 'a [key, value] pair', entry);
        }
        this.#table.set(checked(entry[0]), entry[1], life);
      }
      return this;
    }

    deleteMany(keys) {
      let count = 0;
      for (const key of iterable(keys, 'The "keys" argument', 'strings')) {
        if (this.#table.delete(checked(key))) count++;
      }
      return count;
    }

    add(key, value, ttl) {
      return this.#table.setIf(checked(key), value, IF.ADD, this.#life(ttl));
    }

    replace(key, value, ttl) {
      return this.#table.setIf(checked(key), value, IF.REPLACE, this.#life(ttl));
    }

    getAndSet(key, value, ttl) {
      return getAndSet(this.#table, checked(key), value, this.#life(ttl));
    }

    getAndDelete(key) {
      return getAndDelete(this.#table, checked(key));
    }

    increment(key, by = 1, opts = undefined) {
      finite(by, 'The "by" argument');
      if (opts === undefined) return this.#table.add(checked(key), by, 0, this.#ttl);
      const { initial = 0, ttl } = options(opts, ['initial', 'ttl'], OPTIONS);
      finite(initial, 'The option "initial"');
      const life = ttlOf(ttl, this.#ttl, 'The option "ttl"');
      return this.#table.add(checked(key), by, initial, life);
    }

    count(key, by = 1, opts = undefined) {
      finite(by, 'The "by" argument');
      const { ttl } = options(opts, ['ttl'], OPTIONS);
      const life = ttlOf(ttl, this.#ttl, 'The option "ttl"');
      return this.#table.count(checked(key), by, 0, life);
    }

    entry(key) {
      return this.#table.entry(checked(key));
    }

    compareAndSet(key, version, value, ttl) {
      integer(version, 'The "version" argument');
      return this.#table.compareAndSet(checked(key), version, value, this.#life(ttl));
    }

    update(key, fn, opts) {
      checked(key);
      callback(fn, 'The "fn" argument');
      const life = ttlOf(options(opts, ['ttl'], OPTIONS).ttl, undefined, 'The option "ttl"');
      return update(this.#table, key, fn, life, this.#ttl, this.#core.timeout);
    }

    async updateAsync(key, fn, opts) {
      checked(key);
      callback(fn, 'The "fn" argument');
      const life = ttlOf(options(opts, ['ttl'], OPTIONS).ttl, undefined, 'The option "ttl"');
      return updateAsync(this.#table, key, fn, life, this.#ttl, this.#core.timeout);
    }

    async getOrSetAsync(key, make, opts) {
      const full = this.#whole(key);
      callback(make, 'The "make" argument');
      const { ttl, timeout = Infinity, signal } = options(opts, MAKING, OPTIONS);
      timeoutOf(timeout, 'The option "timeout"');
      abortSignal(signal);
      const life = ttlOf(ttl, this.#ttl, 'The option "ttl"');
      return this.#core.makings.get(full, () => make(key), life, { timeout, signal });
    }

    ttl(key) {
      return this.#table.ttl(checked(key));
    }

    expire(key, ms) {
      checked(key);
      if (ms === undefined) throw invalidType('The "ms" argument', 'of type number or null', ms);
      return this.#table.expire(key, ms === null ? Infinity : ttlOf(ms, ms, 'The "ms" argument'));
    }

    async changed(key, opts) {
      checked(key);
      const { since, timeout = Infinity, signal } = options(opts, CHANGED, OPTIONS);
      if (since !== undefined) integer(since, 'The option "since"');
      timeoutOf(timeout, 'The option "timeout"');
      abortSignal(signal);
      return this.#core.observer.changed(this.#table, key, since, timeout, signal);
    }

    watch(opts) {
      const { prefix = '', signal } = options(opts, ['prefix', 'signal'], OPTIONS);
      text(prefix, 'The option "prefix"');
      abortSignal(signal);
      this.#core.checkOpen();
      const own = this.#prefix.length;
      return this.#core.observer.watch(this.#prefix + prefix, own, signal);
    }

    namespace(prefix) {
      return this.#core.view(this.#prefix + text(prefix, 'The "prefix" argument'));
    }

    get object() {
      return (this.#object ??= objectOf(this));
    }
  };

module.exports = { START, mapLike };
