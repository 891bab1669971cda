/*
 * An EventEmitter that calls [LISTENING](on) of its subclass when 'change' gets its first listener, or
 * loses its last. The events 'newListener' and 'removeListener' cannot serve this: their listeners would
 * be visible to users, and removeAllListeners() would remove them.
 */
'use strict';

const { EventEmitter } = require('node:events');

const LISTENING = Symbol('listening');

class ChangeEmitter extends EventEmitter {
  on(name, listener) {
    super.on(name, listener);
    return this.#turnOn(name, listener);
  }

  addListener(name, listener) {
    return this.on(name, listener);
  }

  prependListener(name, listener) {
    super.prependListener(name, listener);
    return this.#turnOn(name, listener);
  }

  off(name, listener) {
    return this.removeListener(name, listener);
  }

  removeListener(name, listener) {
    super.removeListener(name, listener);
    return this.#turnOff();
  }

  removeAllListeners(...names) {
    super.removeAllListeners(...names);
    return this.#turnOff();
  }

  /* If the watch cannot be started, the listener is removed. */
  #turnOn(name, listener) {
    if (this.listenerCount('change') === 0) return this;
    try {
      this[LISTENING](true);
    } catch (error) {
      super.removeListener(name, listener);
      throw error;
    }
    return this;
  }

  #turnOff() {
    if (this.listenerCount('change') === 0) this[LISTENING](false);
    return this;
  }
}

module.exports = { ChangeEmitter, LISTENING };
