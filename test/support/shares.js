/*
 * Shares for tests: unlocked and closed after each test, in a names directory of the test, as in
 * regions.js.
 */
'use strict';

const { Share } = require('../..');
const { regions } = require('./regions');

const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

/*
 * Call it inside a describe(). Gives { make(capacity, options), open(options), attach(share, options),
 * mmap(options), directory, folder, files() }; attach() gives a second object of the same region.
 */
function shares() {
  const places = regions();
  let opened = [];
  afterEach(() => {
    for (const share of opened) share[DISPOSE]();
    opened = [];
  });
  const keep = (share) => {
    opened.push(share);
    return share;
  };
  const where = ({ handle, name, path }) => (handle ? { handle } : name ? { name } : { path });
  return {
    ...places,
    mmap: places.open,
    make: (capacity = 4096, options = undefined) => keep(new Share(capacity, options)),
    open: (options) => keep(Share.open(options)),
    attach: (share, options) => keep(Share.open({ ...where(share), ...options })),
  };
}

/* The error that a call throws. */
function thrownBy(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('it does not throw');
}

/* Rejects if the promise is not settled within `ms`. */
async function within(ms, promise) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { DISPOSE, shares, thrownBy, within };
