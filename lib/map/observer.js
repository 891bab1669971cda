/*
 * changed(), watch() and the event 'change' of a map: the waits for its changes.
 */
'use strict';

const { LONGEST_TIMER, clearTimeout, setTimeout } = require('../base/clock');
const { Changes } = require('../native/changes');
const { Watch } = require('../native/watch');
const { unchanged } = require('./errors');
const { Feed, withPrefix } = require('./feed');

/* Iterators that were dropped without return() hold the watch no longer. */
const dropped = new FinalizationRegistry((end) => end());

/* The result, or `otherwise` if the map cannot be read: timers and wake-ups call this, where an error would
 * end the process. The waits look once more, and get the error. */
function tried(fn, otherwise) {
  try {
    return fn();
  } catch (error) {
    if (error.code === undefined) throw error; /* the end of the stack */
    return otherwise;
  }
}

class Observer {
  #feed;
  #changes;

  /* `owner`: { errorOf(status), emit(change), fail(error) } */
  constructor(handle, table, owner) {
    const feed = new Feed(table);
    this.#feed = feed;
    this.#changes = new Changes(handle, {
      version: (isThreaded) => feed.poll(isThreaded),
      errorOf: owner.errorOf,
      emit: (position, before) => {
        for (const change of feed.since(before)) owner.emit(change);
      },
      fail: owner.fail,
      timeoutError: unchanged,
      stop: () => feed.stop(),
    });
  }

  /* A promise of the version of a key, as soon as it is not `since`; 0: there is no entry. `table`: of the
   * view that the key is for. */
  changed(table, key, since, timeout, signal) {
    const known = since ?? table.version(key);
    let alarm;
    /* An entry that expires is no change until it is removed. The alarm comes before the wait, which would
     * stay if the stack ended here; the wait keeps the process alive. */
    const setAlarm = (ttl) => {
      alarm = setTimeout(again, Math.min(ttl + 1, LONGEST_TIMER)).unref();
    };
    const again = () => {
      const ttl = tried(() => table.ttl(key), undefined);
      if (ttl === undefined) this.#changes.look();
      else if (ttl < Infinity) setAlarm(ttl);
    };
    const ttl = table.ttl(key);
    if (ttl < Infinity) setAlarm(ttl);
    return this.#changes
      .next(() => tried(() => table.version(key) !== known, true), timeout, signal)
      .then(() => table.version(key))
      .finally(() => clearTimeout(alarm));
  }

  /* Resolves when isDue() is true after a change, or after `ms` at the latest. */
  async soon(isDue, ms) {
    try {
      await this.#changes.next(() => tried(isDue, true), ms);
    } catch (error) {
      if (error.code !== 'ERR_MMAPIPC_TIMEOUT') await new Promise((done) => setTimeout(done, ms));
    }
  }

  /* An iterator over the changes after this call, of keys with the prefix, without `skipped` characters. */
  watch(prefix, skipped, signal) {
    const feed = this.#feed;
    const changes = this.#changes;
    changes.hold(true);
    let isHeld = true;
    const end = () => {
      if (!isHeld) return;
      isHeld = false;
      changes.hold(false);
    };
    let position = feed.position;
    let next = [];
    const source = {
      isDue: (now) => {
        next.push(...withPrefix(feed.since(position), prefix, skipped));
        position = now;
        return next.length > 0;
      },
      read: () => next.shift(),
      end: () => {
        next = [];
        dropped.unregister(end);
        end();
      },
    };
    const watch = new Watch(changes, source, signal);
    dropped.register(watch, end, end);
    return watch;
  }

  listening(on) {
    this.#changes.listening(on);
  }

  ref(on) {
    this.#changes.ref(on);
  }

  close(error) {
    this.#changes.close(error);
  }
}

module.exports = { Observer };
