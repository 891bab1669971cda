/*
 * The objects that the present walk over a value has met. JSON and records keep neither cycles nor
 * identity, so a value in which an object appears twice is cloned.
 */
'use strict';

const { nextTick } = require('../base/clock');

/* The first objects are in a list, because most values have few, and more than that in a set. Each walk
 * makes a new set, because a V8 set is six times slower once it was cleared. */
const FEW = 12;
const few = new Array(FEW).fill(null);
let many;
let count = 0;
let busy = false;
let isDoubted = false;

/* Begins a walk. Returns false within a walk: a getter sets a value. It may also be that a walk was ended by
 * the time limit of a node:vm, which runs no `finally`. No walk lasts longer than the present tick. */
function begin() {
  if (busy) {
    doubt();
    return false;
  }
  busy = true;
  return true;
}

function doubt() {
  if (isDoubted) return;
  isDoubted = true;
  nextTick(() => {
    isDoubted = false;
    end();
  });
}

/* Records an object. Returns false if it was recorded before. */
function isNew(object) {
  if (count < FEW) {
    for (let i = 0; i < count; i++) if (few[i] === object) return false;
    few[count++] = object;
    return true;
  }
  if (count === FEW) many = new Set(few);
  count++;
  return many.add(object).size === count;
}

const areFew = () => count < FEW;

/* Ends the walk, and keeps no object alive. */
function end() {
  const used = count < FEW ? count : FEW;
  for (let i = 0; i < used; i++) few[i] = null;
  many = undefined;
  count = 0;
  busy = false;
}

module.exports = { areFew, begin, end, isNew };
