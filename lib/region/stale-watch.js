/*
 * Objects with listeners find out here that their name or path leads elsewhere: one look a second,
 * by a timer that does not keep the process alive, until the first look that finds it.
 */
'use strict';

const { clearInterval, nextTick, setInterval } = require('../base/clock');

const PERIOD = 1000; /* ms */

/* All of a thread share one timer. */
const watching = new Set();
let timer;

function lookAtAll() {
  for (const watch of [...watching]) if (watching.has(watch)) watch.look();
}

class StaleWatch {
  #object;
  #findError;

  /* The listeners of `object` (an EventEmitter) get what findError() gives, once it gives anything. */
  constructor(object, findError) {
    this.#object = object;
    this.#findError = findError;
  }

  look() {
    const error = this.#findError();
    if (error === undefined) return;
    this.turn(false);
    /* Without a listener for it, 'error' would end a process that can go on with what it has. */
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
      timer ??= setInterval(lookAtAll, PERIOD).unref();
    } else if (timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  }
}

module.exports = { StaleWatch };
