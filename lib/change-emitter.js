/*
 * An EventEmitter that is told when somebody begins, or nobody any more goes on, to listen to
 * 'change': its subclass has [LISTENING](on). Listeners of its own for that would show, and go with
 * removeAllListeners().
 */
'use strict';

const { EventEmitter } = require('node:events');

const LISTENING = Symbol('listening');

class ChangeEmitter extends EventEmitter {
  on(name, listener) {
    super.on(name, listener);
    return this.#turn();
  }

  addListener(name, listener) {
    return this.on(name, listener);
  }

  prependListener(name, listener) {
    super.prependListener(name, listener);
    return this.#turn();
  }

  off(name, listener) {
    return this.removeListener(name, listener);
  }

  removeListener(name, listener) {
    super.removeListener(name, listener);
    return this.#turn();
  }

  removeAllListeners(...names) {
    super.removeAllListeners(...names);
    return this.#turn();
  }

  #turn() {
    this[LISTENING](this.listenerCount('change') > 0);
    return this;
  }
}

module.exports = { ChangeEmitter, LISTENING };
