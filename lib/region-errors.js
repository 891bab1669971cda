/*
 * What can go wrong with a region, said so that the reader knows what to do: what was found, what
 * was expected, and the way on.
 */
'use strict';

const binding = require('./binding');
const { MmapipcError, errnoOf, invalidValue, outOfRange, systemError } = require('./errors');
const { holderOf } = require('./lock-holder');
const { PLACE, describe, namesParent, variableOf } = require('./region-options');
const { KIND_DIRECTORY, codeOf, field } = require('./report');

const DEFAULT_SHM = '/dev/shm';

const kindName = (number) => binding.regionKinds[number] ?? `number ${number}`;

/* How to be rid of it, where there is a way. */
function removal({ place, where }) {
  if (place === PLACE.name) return `remove it with npx mmapipc unlink --name '${where}'`;
  if (place === PLACE.path) return `remove it with npx mmapipc unlink '${where}'`;
  return 'close it everywhere and make a new one';
}

function namesDirectory() {
  const found = binding.namesDirectory(namesParent());
  return typeof found === 'string' ? found : (namesParent() ?? DEFAULT_SHM);
}

const REGION_ERRORS = {
  ERR_OUT_OF_RANGE(spec) {
    const capacity = Number(field('capacity'));
    if (capacity > 0) return outOfRange('"size"', "within this process' address space", capacity);
    if (spec.place === PLACE.handle) {
      return invalidValue('The option "handle"', `is no handle of mmapipc ('${spec.where}')`);
    }
    if (spec.place === PLACE.inherit && spec.inherited !== undefined) {
      return invalidValue(
        `The environment variable ${variableOf(spec.where)}`,
        `holds no handle of mmapipc ('${spec.inherited}')`,
      );
    }
    if (spec.place === PLACE.name && spec.where.length > 500) return tooLong(spec);
    return outOfRange('"size"', "> 0 and within this process' address space", spec.size);
  },

  ERR_MMAPIPC_TOO_SMALL(spec) {
    const capacity = Number(field('capacity'));
    const required = spec.capacity ?? spec.size;
    return [
      `${describe(spec)} exists with ${capacity} bytes, and ${required} are wanted; ask for at ` +
        `most ${capacity} (or open it without a size), or ${removal(spec)}`,
      { required, capacity },
    ];
  },

  ERR_MMAPIPC_KIND(spec) {
    const [found, wanted] = [kindName(field('region_kind')), kindName(spec.kind)];
    return [
      `${describe(spec)} was made by class ${found}, and is opened as ${wanted}; open it with ` +
        `${found}, or choose another name`,
      { found, wanted },
    ];
  },

  ERR_MMAPIPC_VERSION(spec) {
    const [found, ours] = [field('version'), binding.regionVersion];
    const what =
      found === 0
        ? 'was made on a machine of another byte order'
        : found === ours
          ? `has layout version ${found} with features that this package does not know`
          : `has layout version ${found}, and this package knows version ${ours}`;
    return [
      `${describe(spec)} ${what}; use one version of mmapipc everywhere, or ${removal(spec)}`,
    ];
  },

  ERR_MMAPIPC_FOREIGN: (spec) => [
    `${describe(spec)} is a file that no mmapipc has made (it does not begin as a region does), ` +
      'and is left alone; choose another name, or move the file away',
  ],

  ERR_MMAPIPC_CORRUPT: (spec) => [
    `${describe(spec)} has a header that cannot be true: another process has overwritten it or cut ` +
      `it off; ${removal(spec)}`,
  ],

  ERR_MMAPIPC_TRUNCATED: (spec) => [
    `${describe(spec)} is cut off, or was overwritten, while others have it open; ${removal(spec)}`,
  ],

  ERR_MMAPIPC_EXHAUSTED: (spec) => [
    `${describe(spec)} has given out all its 2^30 - 1 numbers of participants; close it in all ` +
      'processes once, and it starts anew',
  ],

  ERR_MMAPIPC_UNCLEAN: (spec) => [
    `${describe(spec)} was open when the machine went down, and may hold anything; ${removal(spec)}`,
  ],

  ERR_MMAPIPC_NOT_INHERITED: (spec) => [
    spec.inherited === undefined
      ? `nothing named '${spec.where}' came down to this process (no environment variable ` +
        `${variableOf(spec.where)}): open it in the primary before the first fork, and give children ` +
        'its environment; processes that no common parent starts (pm2) meet with { name }; ' +
        "{ create: 'exclusive' } makes one here"
      : `what came down to this process as '${spec.where}' is gone, as nobody has it open any more: ` +
        'open it in the primary before the first fork, and keep it open there',
  ],

  ERR_MMAPIPC_OWNER: (spec) => [
    `${describe(spec)} cannot be trusted: ${namesDirectory()}, or the file in it, belongs to another ` +
      'user, or others may look into it (the directory must be yours, with mode 0700); remove it, or ' +
      'set MMAPIPC_DIR to a directory of yours',
  ],

  ERR_MMAPIPC_FILESYSTEM: (spec) => [
    `${describe(spec)} lies on a network or FUSE file system (${namesDirectory()}), which does not ` +
      'promise that all who map it see the same bytes; set MMAPIPC_DIR to a local directory, or ' +
      'insist with { anyFilesystem: true }',
  ],

  ERR_MMAPIPC_UNSUPPORTED(spec) {
    if (field('kind') === KIND_DIRECTORY) {
      return systemError(errnoOf('EISDIR'), 'open', spec.where);
    }
    return [
      field('kind') === 0
        ? 'memory without a file is not part of this version on this system; use { file }'
        : `${describe(spec)} is a FIFO, socket or device; choose another name, or remove it`,
    ];
  },

  ERR_MMAPIPC_TIMEOUT(spec) {
    const holder = holderOf(`${field('device')}:${field('inode')}`, false);
    const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
    return [
      `${describe(spec)} was not to be had within ${spec.timeout} ms: ${who} is about to make, join ` +
        'or leave it, and does not go on (is it stopped?)',
      { holder },
    ];
  },
};

function tooLong({ where }) {
  return invalidValue(
    'The option "name"',
    `is too long for a file name ('${where.slice(0, 20)}...')`,
  );
}

/* What a refusal of the system means here. */
const HINTS = {
  ENOENT(spec) {
    if (spec.place === PLACE.inherit && spec.inherited === undefined) {
      return ': neither this process nor one above it has opened anything of this name';
    }
    if (spec.place === PLACE.handle || spec.place === PLACE.inherit) {
      return (
        ': nobody has it open whom this process may look at (a handle works while anybody is ' +
        'attached; across users and containers, use { name } or a file)'
      );
    }
    if (spec.place === PLACE.path) return '';
    return spec.create === 0
      ? ': nobody has a region of this name'
      : ': nobody has a region of this name, and none is made without a size and the right to write';
  },
  EACCES: (spec) =>
    spec.place === PLACE.handle || spec.place === PLACE.inherit
      ? ': its process belongs to another user, or has changed its user since it started, and may not ' +
        'be looked into; use { name: ... }, which the new user opens, or a file'
      : '',
  EEXIST: () => ": it exists, and { create: 'exclusive' } makes new ones only",
  ENOSPC: (spec) =>
    spec.place === PLACE.name
      ? `: ${namesDirectory()} has no room for ${spec.size} bytes; in Docker /dev/shm has 64 MB ` +
        'unless it is started with --shm-size, and MMAPIPC_DIR may name a directory elsewhere'
      : '',
  ENAMETOOLONG: (spec) =>
    spec.place === PLACE.name
      ? ': the name is too long (255 letters and digits; each other byte counts for three)'
      : '',
  ELOOP: () => ': it is a symbolic link, which is never followed; remove it',
};

/* The error of a call with this specification; with a file name or handle as `path`. */
function regionError(status, spec) {
  const code = codeOf(status);
  const where = spec.place === PLACE.anonymous ? undefined : spec.where;
  if (code === undefined) {
    const call = binding.calls[field('call')] || 'open';
    const name = systemError(status, call).code;
    return systemError(status, call, where, HINTS[name]?.(spec) ?? '');
  }
  const made = REGION_ERRORS[code](spec);
  if (!Array.isArray(made)) return made;
  const [message, details] = made;
  return new MmapipcError(code, message, { path: where, ...details });
}

module.exports = { kindName, namesDirectory, regionError };
