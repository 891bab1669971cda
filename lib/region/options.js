/*
 * Where a region lives, as every class asks for it: the options handle, inherit, name and path
 * checked, and made into what C is told. Nothing is opened here.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const { invalidType, invalidValue } = require('../base/errors');

/* As mipc_place_t has them. */
const PLACE = { anonymous: 0, handle: 1, inherit: 2, name: 3, path: 4 };
const PLACES = ['handle', 'inherit', 'name', 'path'];

/* As mipc_create_t has them. */
const CREATE = new Map([
  [false, 0],
  [true, 1],
  ['exclusive', 2],
]);

const MOST_INHERIT = 255; /* bytes of UTF-8 */

function text(value, what) {
  if (typeof value !== 'string') throw invalidType(what, 'of type string', value);
  if (value === '') throw invalidValue(what, 'must not be an empty string');
  if (value.includes('\0')) throw invalidValue(what, 'must not contain null bytes');
  if (!value.isWellFormed()) throw invalidValue(what, 'must not contain lone surrogates');
  return value;
}

/* It becomes the name of a file. `fileOption`: the option of the class for a file anywhere. */
function nameOf(value, what, fileOption) {
  text(value, what);
  if (/[/\\]/.test(value) || value === '.' || value === '..') {
    throw invalidValue(
      what,
      `is a plain name, without slashes and not '.' or '..' ('${value}'); ` +
        `for a file in a directory of your choice use "${fileOption}"`,
    );
  }
  return value;
}

function handleOf(value, what) {
  text(value, what);
  if (!/^[!-~]{1,63}$/.test(value)) {
    throw invalidValue(what, "is no handle (what another object's .handle gives)");
  }
  return value;
}

/* The path from the root, so that it stays the same file after process.chdir(). '..' is left to the
 * system: after a symbolic link it is not the folder before. */
function absolute(file) {
  if (path.isAbsolute(file)) return file;
  if (path.sep === '\\') return path.resolve(file);
  return `${process.cwd().replace(/\/$/, '')}/${file.replace(/^(?:\.\/+)+/, '')}`;
}

function pathOf(value, what) {
  if (typeof value?.href === 'string' && typeof value.protocol === 'string') {
    return pathOf(fileURLToPath(value), what);
  }
  if (typeof value !== 'string') throw invalidType(what, 'a path (string) or a file: URL', value);
  return absolute(text(value, what));
}

/* It becomes the name of an environment variable: one that is too long would make every later spawn
 * of this process fail (E2BIG). */
function inheritOf(value, what) {
  const size = Buffer.byteLength(text(value, what));
  if (size <= MOST_INHERIT) return value;
  throw invalidValue(what, `must not take more than ${MOST_INHERIT} bytes of UTF-8, not ${size}`);
}

const CHECKS = { handle: handleOf, inherit: inheritOf, name: nameOf, path: pathOf };

/* { place, where } of the one option among these that is given, undefined for none; `others`: names
 * of options that stand for another place. */
function placeOf(opts, others = []) {
  const given = [...others, ...PLACES].filter((name) => opts[name] !== undefined);
  if (given.length > 1) {
    const list = given.map((name) => `"${name}"`).join(' and ');
    throw invalidValue(
      `The options ${list}`,
      'exclude each other: they say where the memory lives',
    );
  }
  const [name] = given;
  if (name === undefined || others.includes(name)) return undefined;
  const where = CHECKS[name](opts[name], `The option "${name}"`, others[0] ?? 'path');
  return { place: PLACE[name], where };
}

/* Where this process keeps its environment variable for what it inherits as `name`, and hands on. */
function variableOf(name) {
  return `MMAPIPC_INHERIT_${Buffer.from(name, 'utf8').toString('hex')}`;
}

/* MMAPIPC_DIR as it was given -> the directory that it meant at its first use in this thread. */
const parents = new Map();

/* The directory that the user wants the one of the names to be in; undefined: the system's. */
function namesParent() {
  const parent = process.env.MMAPIPC_DIR;
  if (parent === undefined || parent === '') return undefined;
  if (!parents.has(parent)) parents.set(parent, absolute(parent));
  return parents.get(parent);
}

/* Whether the path leads to another file than the one with this id (device:inode), or to none. False
 * where the process may not look (it has given up its rights since): that says nothing. */
function leadsElsewhere(file, fileId) {
  try {
    const found = fs.statSync(file, { bigint: true });
    return `${found.dev}:${found.ino}` !== fileId;
  } catch (error) {
    return error.code === 'ENOENT' || error.code === 'ENOTDIR';
  }
}

/* In words, for errors: what was asked for. */
function describe({ place, where }) {
  if (place === PLACE.handle) return `the region with the handle ${where}`;
  if (place === PLACE.inherit) return `the inherited region '${where}'`;
  if (place === PLACE.name) return `the region named '${where}'`;
  return place === PLACE.path ? where : 'an anonymous region';
}

module.exports = {
  CREATE,
  PLACE,
  absolute,
  describe,
  leadsElsewhere,
  namesParent,
  placeOf,
  variableOf,
};
