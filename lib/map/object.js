/*
 * map.object: the entries as properties of an object. Each name of a property is a key, also `then`,
 * `__proto__` and `constructor`: the object inherits nothing, and has no method.
 */
'use strict';

const util = require('node:util');

const { invalidValue } = require('../base/errors');

const SHOWN = 100; /* properties that console.log shows */

/* A plain object with the first entries. */
function shown(map) {
  const object = Object.create(null);
  let count = 0;
  for (const [key, value] of map) {
    if (count++ === SHOWN) break;
    define(object, key, value);
  }
  return object;
}

/* `__proto__` as any other name. */
function define(object, key, value) {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function inspected(map, depth, opts, inspect) {
  try {
    const object = shown(map);
    const { size } = map;
    const more = size > SHOWN ? `, and ${size - SHOWN} more` : '';
    return `${(inspect ?? util.inspect)(object, opts)}${more}`.replace(
      /^\[Object: null prototype\] /,
      '',
    );
  } catch {
    return '{}'; /* a closed or damaged map */
  }
}

class Handler {
  proxy; /* the object that this handler serves */
  #map;

  constructor(map) {
    this.#map = map;
  }

  get(target, key) {
    return typeof key === 'symbol' ? target[key] : this.#map.get(key);
  }

  set(target, key, value, receiver) {
    if (typeof key === 'symbol') return false;
    if (receiver === this.proxy) {
      this.#map.set(key, value);
      return true;
    }
    /* An object that inherits from this one gets a property of its own. */
    define(receiver, key, value);
    return true;
  }

  has(target, key) {
    return typeof key === 'symbol' ? key in target : this.#map.has(key);
  }

  deleteProperty(target, key) {
    if (typeof key === 'symbol') return true;
    this.#map.delete(key);
    return true;
  }

  ownKeys() {
    return [...this.#map.keys()];
  }

  getOwnPropertyDescriptor(target, key) {
    if (typeof key === 'symbol') return undefined;
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    return { value, writable: true, enumerable: true, configurable: true };
  }

  defineProperty(target, key, { value, get, set, writable, enumerable, configurable }) {
    if (typeof key === 'symbol') return false;
    if (get !== undefined || set !== undefined) {
      throw invalidValue('The property', `'${key}' of a map cannot have a getter or setter`);
    }
    if (writable === false || enumerable === false || configurable === false) {
      throw invalidValue('The property', `'${key}' of a map can always be changed and listed`);
    }
    this.#map.set(key, value);
    return true;
  }

  getPrototypeOf() {
    return null;
  }

  setPrototypeOf(target, prototype) {
    return prototype === null;
  }

  preventExtensions() {
    return false;
  }
}

/* `map`: a SharedMap or a namespace. */
function objectOf(map) {
  const target = Object.create(null);
  Object.defineProperty(target, util.inspect.custom, {
    value: (depth, opts, inspect) => inspected(map, depth, opts, inspect),
    configurable: true,
  });
  const handler = new Handler(map);
  return (handler.proxy = new Proxy(target, handler));
}

module.exports = { objectOf };
