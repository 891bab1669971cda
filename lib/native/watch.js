/*
 * watch(): an iterator over the values of a Share, or the changes of a map. It is not an async generator,
 * because return() of a generator waits until the pending next() settles, which is at the next change.
 */
'use strict';

const { abortError } = require('../base/errors');

const AsyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(async function* () {}).prototype,
);

class Watch {
  #changes; /* Changes */
  #source; /* { isDue(version), read(): the next item, end() } */
  #signal;
  #pending =
    []; /* { resolve, reject, isLost } of calls of next(); the first of them waits for a change */
  #entry; /* of that wait in #changes */
  #isDone = false;

  constructor(changes, source, signal) {
    this.#changes = changes;
    this.#source = source;
    this.#signal = signal;
  }

  next() {
    return new Promise((resolve, reject) => {
      const call = { resolve, reject, isLost: false };
      try {
        this.#pending.push(call);
        if (!this.#changes.isWaiting(this.#entry)) this.#wait();
      } catch (error) {
        call.isLost = true; /* a store, because no function can be called at the end of the stack */
        throw error;
      }
    });
  }

  return(value) {
    this.#end();
    return Promise.resolve({ value, done: true });
  }

  throw(error) {
    this.#end();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /* Starts a wait for the first pending call. */
  #wait() {
    if (this.#isDone || this.#changes.isClosed) {
      this.#end();
    } else if (this.#signal?.aborted) {
      this.#fail(abortError(this.#signal));
    } else {
      this.#entry = {
        isDue: (version) => this.#source.isDue(version),
        signal: this.#signal,
        resolve: () => this.#give(),
        reject: (error) => this.#fail(error),
        close: () => this.#end(),
      };
      try {
        this.#changes.wait(this.#entry);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  #give() {
    const call = this.#take();
    if (call === undefined) return;
    try {
      call.resolve({ value: this.#source.read(), done: false });
    } catch (error) {
      call.reject(error);
      this.#end();
      return;
    }
    if (this.#pending.length > 0) this.#wait();
  }

  #fail(error) {
    this.#take()?.reject(error);
    this.#end();
  }

  /* Removes and returns the first call whose promise was returned to the user. */
  #take() {
    let call;
    do call = this.#pending.shift();
    while (call?.isLost);
    return call;
  }

  #end() {
    this.#isDone = true;
    this.#source.end();
    if (this.#entry !== undefined) this.#changes.forget(this.#entry);
    for (const { resolve } of this.#pending.splice(0)) resolve({ value: undefined, done: true });
  }
}
Object.setPrototypeOf(Watch.prototype, AsyncIteratorPrototype);

module.exports = { Watch };
