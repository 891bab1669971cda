/*
 * The bell of a region (src/sync/bell.h): fs.watch of Node wakes the event loop when it rings, without
 * a thread. If a publisher dies before it rings, the change is found later by a timer, one for all
 * bells of the thread that have look(). For a wait for a lock, the ring is only a hint, and needs no
 * timer.
 */
'use strict';

const fs = require('node:fs');

const { clearInterval, setInterval, setTimeout } = require('../base/clock');
const binding = require('./binding');

const { watch } = fs; /* taken now, because a test runner may replace it */
const LOOK_EVERY = 1000; /* ms; at 250 ms an idle process would use 0.1 % of a processor more */
const MOST_LOOKS = 256; /* in one tick; the others follow in the next */

const REST = 1000; /* ms until a bell that is not used is closed */

const bells = new Set(); /* that have look() */
let timer;
const resting = new Set();
let restTimer;

function tick() {
  let left = MOST_LOOKS;
  for (const bell of [...bells]) {
    if (left-- === 0) return;
    bells.delete(bell);
    bells.add(bell); /* last of the next turn */
    bell.look();
  }
}

function closeResting() {
  restTimer = undefined;
  for (const bell of [...resting]) {
    bell.close();
    bell.failed();
  }
}

class Bell {
  #watcher;

  /* Calls heard() from the event loop if the bell may have rung, and look?.() from time to time. The
   * watcher does not keep the process alive. */
  constructor(watcher, { heard, look, failed }) {
    this.look = look;
    this.failed = failed;
    this.#watcher = watcher;
    watcher.on('change', heard);
    watcher.on('error', failed);
    if (look === undefined) return;
    if (bells.size === 0) {
      timer = setInterval(tick, LOOK_EVERY);
      timer.unref();
    }
    bells.add(this);
  }

  /* Sets whether the bell is used. If not, it is closed within a second, and failed() is called. */
  use(on) {
    if (on) resting.delete(this);
    else resting.add(this);
    if (!on && restTimer === undefined) restTimer = setTimeout(closeResting, REST).unref();
  }

  close() {
    this.#watcher.close();
    resting.delete(this);
    if (bells.delete(this) && bells.size === 0) clearInterval(timer);
  }
}

/* `calls`: { heard(), look?(), failed() }. undefined: the attachment is read-only, or the system has no
 * more watches. */
function openBell(handle, calls) {
  const path = binding.bellPath(handle);
  if (typeof path !== 'string') return undefined;
  let watcher;
  try {
    watcher = watch(path, { persistent: false });
    return new Bell(watcher, calls);
  } catch {
    watcher?.close();
    return undefined;
  }
}

module.exports = { openBell };
