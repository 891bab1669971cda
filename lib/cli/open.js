/*
 * Opens the Share or SharedMap that a command line names. It must exist; inspect() returns its kind first.
 * Commands that change nothing attach read-only, so that they work whatever the process may write.
 */
'use strict';

const { MmapipcError } = require('../base/errors');
const { SharedMap } = require('../map/map');
const { inspect } = require('../region/inspect');
const { Share } = require('../share/share');

const CLASSES = { Share, SharedMap };
const KINDS = Object.keys(CLASSES);

/* Values of a custom codec as the bytes that it has written; they cannot be set. */
const BYTES = {
  encode() {
    throw new MmapipcError(
      'ERR_MMAPIPC_CODEC',
      'the region was created with a custom codec, so only a program that has this codec can set its values',
    );
  },
  decode: (bytes) => bytes,
};

/* The text of the region in errors: "the region named 'x'". */
function described({ name, path, handle }) {
  if (name !== undefined) return `the region named '${name}'`;
  return path === undefined ? `the region with the handle ${handle}` : `the region in ${path}`;
}

/* The kind of the region, one of `kinds`; or an error that names the kinds of the command. */
function kindOf({ command, where }, kinds) {
  const { state, reason, kind } = inspect(where);
  if (state !== 'ok') throw new Error(`${described(where)} cannot be opened: ${reason}`);
  if (kinds.includes(kind)) return kind;
  const wanted = kinds.map((name) => `a ${name}`).join(' or ');
  throw new Error(`'${command}' is for ${wanted}, and ${described(where)} is of class ${kind}`);
}

function open(Class, options) {
  for (const codec of [undefined, 'json', BYTES]) {
    try {
      return Class.open({ ...options, codec });
    } catch (error) {
      if (error.code !== 'ERR_MMAPIPC_CODEC' || codec === BYTES) throw error;
    }
  }
  return undefined; /* not reached */
}

/* The result of fn(object, kind), awaited; the object is closed afterwards. `writes`: the kinds that are
 * opened for writing. */
async function withRegion(asked, { kinds = KINDS, writes = [] }, fn) {
  const kind = kindOf(asked, kinds);
  const object = open(CLASSES[kind], { ...asked.where, readOnly: !writes.includes(kind) });
  try {
    return await fn(object, kind);
  } finally {
    object.close();
  }
}

module.exports = { KINDS, withRegion };
