/*
 * The shapes that records were written with: lists of keys, found by walking over the keys. A list of
 * keys that was not learnt is not found, so a record is only made of objects like earlier ones.
 */
'use strict';

const { MOST_FIELDS, MOST_KEYS_TEXT, isFieldName } = require('./record-format');
const { isLatin1 } = require('./text');

const { stringify } = JSON;

const MOST_NODES = 4096;

/* A list of keys as far as the last one. `key` and `next` are the child used last. */
class Node {
  key = undefined;
  next = undefined;
  children = undefined; /* Map, from the second child on */
  shape = undefined; /* if a known shape ends here */
  isRefused = false;
}

class Shape {
  record = 0; /* the record that `number` is valid in */
  number = 0;
  constructor(keys) {
    this.size = keys.length;
    this.bytes = Buffer.from(stringify(keys), 'latin1');
  }
}

const root = new Node();
let nodes = 0;

/* The node for the next key, or undefined. */
function step(node, key) {
  if (node.key === key) return node.next;
  const next = node.children?.get(key);
  if (next !== undefined) {
    node.key = key;
    node.next = next;
  }
  return next;
}

/* Makes the shape with these keys known, if it can be one. An object with a getter makes it unknown for as
 * long as the nodes are kept, because a getter of a value that is refused later was called in vain. */
function learn(keys, isData) {
  if (keys.length > MOST_FIELDS || !keys.every((key) => isFieldName(key) && isLatin1(key))) return;
  if (nodes + keys.length > MOST_NODES) forgetAll();
  let node = root;
  for (const key of keys) node = step(node, key) ?? grow(node, key);
  if (!isData) node.isRefused = true;
  if (node.isRefused) node.shape = undefined;
  if (node.isRefused || node.shape !== undefined) return;
  const shape = new Shape(keys);
  if (shape.bytes.length <= MOST_KEYS_TEXT) node.shape = shape;
}

function grow(node, key) {
  const next = new Node();
  nodes++;
  if (node.next !== undefined) {
    node.children ??= new Map([[node.key, node.next]]);
    node.children.set(key, next);
  }
  node.key = key;
  node.next = next;
  return next;
}

function forgetAll() {
  nodes = 0;
  root.key = root.next = root.children = root.shape = undefined;
  root.isRefused = false;
}

module.exports = { learn, root, step };
