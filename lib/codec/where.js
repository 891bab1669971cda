/*
 * Where in a value is what a codec refused, in the words of an error: ` at .users[3].callback`. Searched
 * only after a failure. Runs no getter and no trap of the user's; what only such code would show is not
 * found, and the place is left out then.
 */
'use strict';

const { types } = require('node:util');

const MOST = 2 ** 20; /* objects that are looked at */
const DEEP = 300;
const LONGEST = 120; /* characters of a place */
const SPARSE = 2 ** 22; /* places of a sparse array, as codec/v8-scan.js allows */

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const INDEX = /^(?:0|[1-9]\d*)$/;

function step(key) {
  if (INDEX.test(key)) return `[${key}]`;
  return NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

const isObject = (value) => typeof value === 'object' && value !== null;

/* [step, value] of what lies in the object, as structured clone sees it: own enumerable properties,
 * entries of a Map and a Set, and message, stack and cause of an error. */
function* children(object) {
  if (types.isProxy(object)) return;
  if (types.isMap(object)) {
    let i = 0;
    for (const [key, value] of Map.prototype.entries.call(object)) {
      yield [`.keys()[${i}]`, key];
      yield [typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${i}]`, value];
      i++;
    }
  }
  if (types.isSet(object)) {
    let i = 0;
    for (const value of Set.prototype.values.call(object)) yield [`.values()[${i++}]`, value];
  }
  if (ArrayBuffer.isView(object)) return;
  if (types.isNativeError(object)) {
    const own = Object.getOwnPropertyDescriptor(object, 'cause');
    if (own !== undefined) yield ['.cause', own.value];
    return;
  }
  for (const key of Object.keys(object)) {
    yield [step(key), Object.getOwnPropertyDescriptor(object, key)?.value];
  }
}

/* One found value: what leads to it. */
class Node {
  constructor(value, name, parent) {
    this.value = value;
    this.name = name;
    this.parent = parent;
  }

  get place() {
    const names = [];
    for (let node = this; node.parent !== undefined; node = node.parent) names.push(node.name);
    const text = names.reverse().join('');
    if (text === '') return '';
    return ` at ${text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text}`;
  }
}

/* The place of the value nearest to the top that `isBad` takes; '' when there is none. */
function findNearest(value, isBad, mayEnter = () => true) {
  const seen = new Set([value]);
  let level = [new Node(value, '', undefined)];
  while (level.length > 0 && seen.size < MOST) {
    const next = [];
    for (const node of level) {
      if (isBad(node.value)) return node.place;
      if (!isObject(node.value) || !mayEnter(node.value)) continue;
      for (const [name, item] of children(node.value)) {
        const isRef = isObject(item) || typeof item === 'function';
        if (isRef ? seen.has(item) : typeof item !== 'symbol' && typeof item !== 'bigint') continue;
        if (isRef) seen.add(item);
        next.push(new Node(item, name, node));
      }
    }
    level = next;
  }
  return '';
}

/* `canClone(object)`: whether V8 clones an object that nothing lies in. */
function findUnclonable(value, canClone) {
  return findNearest(value, (one) => {
    if (typeof one === 'function' || typeof one === 'symbol') return true;
    if (!isObject(one)) return false;
    if (types.isProxy(one) || types.isPromise(one)) return true;
    if (types.isWeakMap(one) || types.isWeakSet(one)) return true;
    if (Array.isArray(one) && one.length > SPARSE) return !canClone(one);
    return children(one).next().done && !canClone(one);
  });
}

function findBigint(value) {
  const mayEnter = (one) => typeof one.toJSON !== 'function';
  return findNearest(value, (one) => typeof one === 'bigint', mayEnter);
}

/* The way to the first object that lies in itself, as JSON.stringify walks. */
function findCycle(value) {
  const above = new Set([value]);
  const done = new Set();
  const stack = [{ node: new Node(value, '', undefined), rest: children(value) }];
  while (stack.length > 0 && done.size < MOST) {
    const { node, rest } = stack[stack.length - 1];
    const { done: isEnd, value: entry } = rest.next();
    if (isEnd) {
      stack.pop();
      above.delete(node.value);
      done.add(node.value);
      continue;
    }
    const [name, item] = entry;
    if (!isObject(item) || done.has(item)) continue;
    const child = new Node(item, name, node);
    if (above.has(item)) return child.place;
    above.add(item);
    stack.push({ node: child, rest: children(item) });
  }
  return '';
}

/* The beginning of the way down when it is the value that is deep; undefined when it is not, as the
 * stack was full before. */
function findDeep(value) {
  const seen = new Set([value]);
  let level = isObject(value) ? [new Node(value, '', undefined)] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEP) return level[0].place;
    const next = [];
    for (const node of level) {
      for (const [name, item] of children(node.value)) {
        if (!isObject(item) || seen.has(item)) continue;
        seen.add(item);
        next.push(new Node(item, name, node));
      }
    }
    level = next;
  }
  return undefined;
}

module.exports = { findBigint, findCycle, findDeep, findUnclonable };
