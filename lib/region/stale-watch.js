/*
 * Watches for names and paths that lead elsewhere, for objects with listeners: one check a second, by a
 * timer that does not keep the process alive, until a check finds that the object is stale.
 */
'use strict';

const { clearInterval, nextTick, setInterval } = require('../base/clock');

const PERIOD = 1000; /* ms */

/* All objects of a thread share one timer. */
const watching = new Set();
let timer;

function checkAll() {
  for (const watch of [...watching]) if (watching.has(watch)) watch.check();
}

class StaleWatch {
  #object;
  #findError;

  /* `object` (an EventEmitter) emits the first error that findError() returns. */
  constructor(object, findError) {
    this.#object = object;
    this.#findError = findError;
  }

  check() {
    const error = this.#findError();
    if (error === undefined) return;
    this.turn(false);
    /* Without a listener, 'error' would end the process, although it can go on with its memory. */
    if (this.#object.listenerCount('error') === 0) {
      process.emitWarning(error.message, { type: 'MmapipcWarning', code: 'MMAPIPC_STALE' });
      return;
    }
    nextTick(() => this.#object.emit('error', error));
  }

  turn(on) {
    if (on) watching.add(this);
    else watching.delete(this);
    if (watching.size > 0) {
      timer ??= setInterval(checkAll, PERIOD).unref();
    } else if (timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  }
}

module.exports = { StaleWatch };
