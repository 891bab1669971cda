/*
 * The shapes that records were read with, and how objects of these shapes are made. A shape that is used
 * often gets a generated function, if this process allows code from strings. Without it, an object is
 * copied from a template, and the values are stored over its own properties, which gives the same object.
 */
'use strict';

const { MOST_FIELDS, isFieldName } = require('./record-format');

const { isArray } = Array;
const { parse, stringify } = JSON;
const Compile = Function;

const MOST_KNOWN = 1024;
const OFTEN = 64; // uses after which a function is generated

class Shape {
  uses = 0;
  make = undefined;
  constructor(text, keys) {
    this.text = text;
    this.keys = keys;
    this.template = parse(`{${keys.map((key) => `${stringify(key)}:null`).join()}}`);
  }
}

let known = new Map(); /* the JSON text of the keys -> Shape */
let isCompiling = true;

/* `copy()` returns the same text in memory of its own. Throws if the text is not the keys of a shape. */
function shapeOf(text, copy) {
  const found = known.get(text);
  if (found !== undefined) return found;
  const keys = parse(text);
  const isGood = isArray(keys) && keys.length <= MOST_FIELDS && keys.every(isGoodName);
  if (!isGood) throw new SyntaxError('its keys are not those of a shape');
  const shape = new Shape(copy(), keys);
  if (known.size === MOST_KNOWN) known = new Map();
  known.set(shape.text, shape);
  return shape;
}

const isGoodName = (key) => typeof key === 'string' && isFieldName(key);

/* An object of the shape with the values that read() returns, in order. */
function makeObject(shape, read) {
  const { make } = shape;
  if (make !== undefined) return make(read);
  if (isCompiling && ++shape.uses === OFTEN) shape.make = compile(shape.keys);
  const object = { ...shape.template };
  const { keys } = shape;
  for (let i = 0; i < keys.length; i++) object[keys[i]] = read();
  return object;
}

function compile(keys) {
  const fields = keys.map((key) => `${stringify(key)}: read()`);
  try {
    return new Compile('read', `'use strict'; return { ${fields.join()} };`);
  } catch (error) {
    if (error instanceof EvalError) isCompiling = false; // not if the stack was full
    return undefined;
  }
}

module.exports = { makeObject, shapeOf };
