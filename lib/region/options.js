/*
 * Where a region lives, as every class asks for it: the options handle, inherit, name, path and
 * create, checked and turned into the form that C takes. Nothing is opened here.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const binding = require('../native/binding');
const { invalidType, invalidValue } = require('../base/errors');

const { create: CREATE, place: PLACE } = binding.numbers;
const PLACES = ['handle', 'inherit', 'name', 'path']; /* the options; PLACE has them in capitals */

const CREATES = new Map([
  [false, CREATE.NEVER],
  [true, CREATE.IF_MISSING],
  ['exclusive', CREATE.EXCLUSIVE],
]);

const MOST_INHERIT = 255; /* bytes of UTF-8 */

function text(value, what) {
  if (typeof value !== 'string') throw invalidType(what, 'of type string', value);
  if (value === '') throw invalidValue(what, 'must not be an empty string');
  if (value.includes('\0')) throw invalidValue(what, 'must not contain null bytes');
  if (!value.isWellFormed()) throw invalidValue(what, 'must not contain lone surrogates');
  return value;
}

/* The name becomes a file name. `fileOption`: the option of the class for a file at any path. */
function nameOf(value, what, fileOption) {
  text(value, what);
  if (/[/\\]/.test(value) || value === '.' || value === '..') {
    throw invalidValue(
      what,
      `must be a plain name without slashes, and not '.' or '..' (received '${value}'); ` +
        `for a file in a directory of your choice use "${fileOption}"`,
    );
  }
  return value;
}

function handleOf(value, what) {
  text(value, what);
  if (!/^[!-~]{1,63}$/.test(value)) {
    throw invalidValue(
      what,
      `is not a handle (received '${value.slice(0, 63)}'); pass the .handle of another object`,
    );
  }
  return value;
}

/* The path from the root, so that it names the same file after process.chdir(). '..' is left to the
 * system: after a symbolic link it is not the parent in the text. */
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

/* The name becomes part of the name of an environment variable. A variable that is too long would
 * make every later spawn of this process fail (E2BIG). */
function inheritOf(value, what) {
  const size = Buffer.byteLength(text(value, what));
  if (size <= MOST_INHERIT) return value;
  throw invalidValue(what, `must have at most ${MOST_INHERIT} bytes of UTF-8, not ${size}`);
}

const CHECKS = { handle: handleOf, inherit: inheritOf, name: nameOf, path: pathOf };

/* { place, where } of the option that is given, undefined for none; `others`: options of the class
 * that exclude these. */
function placeOf(opts, others = []) {
  const given = [...others, ...PLACES].filter((name) => opts[name] !== undefined);
  if (given.length > 1) {
    const list = given.map((name) => `"${name}"`).join(' and ');
    throw invalidValue(
      `The options ${list}`,
      'exclude each other: each of them selects where the memory lives',
    );
  }
  const [name] = given;
  if (name === undefined || others.includes(name)) return undefined;
  const where = CHECKS[name](opts[name], `The option "${name}"`, others[0] ?? 'path');
  return { place: PLACE[name.toUpperCase()], where };
}

/* The option "create" as C takes it. */
function createOf({ create = true }) {
  if (CREATES.has(create)) return CREATES.get(create);
  throw invalidValue('The option "create"', "must be true, false or 'exclusive'");
}

/*
 * Checks that 'exclusive', if it is given, comes with everything that creating needs. `what` is
 * created, such as 'a region'; `needs` is [option, whether it is given] pairs; `existing`: the option
 * that names something that exists already, or undefined.
 */
function checkExclusive(create, what, needs, existing) {
  if (create !== CREATE.EXCLUSIVE) return;
  const value = 'The value \'exclusive\' of the option "create"';
  if (existing !== undefined) {
    throw invalidValue(
      value,
      `creates ${what}, but ${existing} names one that exists; leave one of them out`,
    );
  }
  for (const [option, isGiven] of needs) {
    if (!isGiven) throw invalidValue(value, `creates ${what}, which needs ${option}; add it`);
  }
}

/* Checks the options of a region of size or capacity `size`, whose option has the name `sizeOption`:
 * a region that may not be created, or is attached read-only, must be named. */
function checkRegion({ place, create, size, isReadOnly }, what, sizeOption, fileOption) {
  if (place === undefined && (isReadOnly || create === CREATE.NEVER)) {
    throw invalidValue(
      isReadOnly ? 'The option "readOnly"' : 'The option "create"',
      `is for memory that exists; name it with "handle", "inherit", "name" or "${fileOption}"`,
    );
  }
  checkExclusive(
    create,
    what,
    [
      ['readOnly: false', !isReadOnly],
      [`"${sizeOption}"`, size > 0],
    ],
    place?.place === PLACE.HANDLE ? '"handle"' : undefined,
  );
}

/* The options of the constructor for Class.attach(handle, opts). */
function attachOptions(handle, opts = {}) {
  if (opts === null || typeof opts !== 'object') {
    throw invalidType('The "options" argument', 'of type object', opts);
  }
  if (opts.handle !== undefined) {
    throw invalidValue('The option "handle"', 'is the first argument of attach(); leave it out');
  }
  if (handle === undefined) throw invalidType('The "handle" argument', 'of type string', handle);
  return { ...opts, handle };
}

/* The options of the constructor for Class.open(opts). `fileOption`: the option of the class for a
 * file, 'file' or 'path'. */
function openOptions(opts, fileOption) {
  if (opts === null || typeof opts !== 'object') {
    throw invalidType('The "options" argument', 'of type object', opts);
  }
  if (opts.create !== undefined && opts.create !== false) {
    throw invalidValue('The option "create"', 'is not for open(), which creates nothing');
  }
  if (!['file', ...PLACES].some((name) => opts[name] !== undefined)) {
    throw invalidValue(
      'The options object',
      `must name what to open: "handle", "inherit", "name" or "${fileOption}"`,
    );
  }
  return { ...opts, create: false };
}

/* The environment variable that holds the handle of what is inherited as `name`. */
function variableOf(name) {
  return `MMAPIPC_INHERIT_${Buffer.from(name, 'utf8').toString('hex')}`;
}

/* MMAPIPC_DIR as given -> the absolute directory, decided at its first use in this thread. */
const parents = new Map();

/* The directory in which the user wants the directory of names; undefined: the system's. */
function namesParent() {
  const parent = process.env.MMAPIPC_DIR;
  if (parent === undefined || parent === '') return undefined;
  if (!parents.has(parent)) parents.set(parent, absolute(parent));
  return parents.get(parent);
}

/* Whether the path leads to no file, or to another file than the one with this id (device:inode).
 * False where the process may not look, because it has dropped its privileges since: that proves
 * nothing. */
function leadsElsewhere(file, fileId) {
  try {
    const found = fs.statSync(file, { bigint: true });
    return `${found.dev}:${found.ino}` !== fileId;
  } catch (error) {
    return error.code === 'ENOENT' || error.code === 'ENOTDIR';
  }
}

/* The region in words, for errors. */
function describe({ place, where }) {
  if (place === PLACE.HANDLE) return `the region with the handle ${where}`;
  if (place === PLACE.INHERIT) return `the inherited region '${where}'`;
  if (place === PLACE.NAME) return `the region named '${where}'`;
  return place === PLACE.PATH ? where : 'an anonymous region';
}

module.exports = {
  CREATE,
  PLACE,
  absolute,
  attachOptions,
  checkExclusive,
  checkRegion,
  createOf,
  describe,
  leadsElsewhere,
  namesParent,
  openOptions,
  placeOf,
  variableOf,
};
