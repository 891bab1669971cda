/*
 * Finds the part of a value that a codec refuses, for the text of an error: ` at .users[3].callback`. It
 * runs only after a failure. It runs no getter and no trap, so it does not find parts that only these
 * would return; the error does not name a location then.
 */
'use strict';

const { types } = require('node:util');

const MOST = 2 ** 20; /* objects that are examined */
const DEEP = 300;
const LONGEST = 120; /* characters of a location */
const SPARSE = 2 ** 22; /* slots of a sparse array, as codec/v8-scan.js allows */

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const INDEX = /^(?:0|[1-9]\d*)$/;

function step(key) {
  if (INDEX.test(key)) return `[${key}]`;
  return NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

const isObject = (value) => typeof value === 'object' && value !== null;

/* [step, value] of each child of the object, as structured clone sees it: own enumerable properties,
 * entries of a Map and a Set, and the cause of an error. */
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

/* A value and the steps that lead to it. */
class Node {
  constructor(value, name, parent) {
    this.value = value;
    this.name = name;
    this.parent = parent;
  }

  get location() {
    const names = [];
    for (let node = this; node.parent !== undefined; node = node.parent) names.push(node.name);
    const text = names.reverse().join('');
    if (text === '') return '';
    return ` at ${text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text}`;
  }
}

/* The location of the value nearest to the top for which isBad() is true; '' if there is none. */
function findNearest(value, isBad, mayEnter = () => true) {
  const seen = new Set([value]);
  let level = [new Node(value, '', undefined)];
  while (level.length > 0 && seen.size < MOST) {
    const next = [];
    for (const node of level) {
      if (isBad(node.value)) return node.location;
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

/* `canClone(object)`: whether V8 clones an object without children. */
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

/* The location of the first object that contains itself, in the order of JSON.stringify. */
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
    if (above.has(item)) return child.location;
    above.add(item);
    stack.push({ node: child, rest: children(item) });
  }
  return '';
}

/* The location of the deep part if the value is deep. undefined if it is not: the stack was nearly full
 * before. */
function findDeep(value) {
  const seen = new Set([value]);
  let level = isObject(value) ? [new Node(value, '', undefined)] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEP) return level[0].location;
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
