/*
 * What can go wrong with a region, said so that the reader knows what to do: what was found, what
 * was expected, and the way on.
 */
'use strict';

const fs = require('node:fs');

const binding = require('../native/binding');
const { MmapipcError, errnoOf, invalidValue, outOfRange, systemError } = require('../base/errors');
const { holderOf } = require('../lock/holder');
const { PLACE, describe, namesParent, variableOf } = require('./options');
const { KIND_DIRECTORY, codeOf, field } = require('../native/status');

/* The option of a class that takes a file at a path of the user's choice. */
const fileOption = ({ kind }) => (kindName(kind) === 'Mmap' ? 'file' : 'path');

/* As bytes: a tracer of deployments (@vercel/nft) would ship what a literal path names. */
const PROC = Buffer.from('/proc/self/fd');
const DEFAULT_SHM = Buffer.from('/dev/shm');

const kindName = (number) => binding.regionKinds[number] ?? `number ${number}`;

/* How to be rid of it, where there is a way. */
function removal({ place, where }) {
  if (place === PLACE.name) return `remove it with npx mmapipc unlink --name '${where}'`;
  if (place === PLACE.path) return `remove it with npx mmapipc unlink '${where}'`;
  return 'close it everywhere and make a new one';
}

function namesDirectory() {
  const found = binding.namesDirectory(namesParent());
  return typeof found === 'string' ? found : (namesParent() ?? DEFAULT_SHM.toString());
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
      `${describe(spec)} exists with ${capacity} bytes, and the size asked for is ${required}; ` +
        `${kindName(spec.kind)}.open() opens it with the size it has; to make it larger, ` +
        `${removal(spec)} and let all processes open it again`,
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
    `${describe(spec)} was open during a power failure or reset, so its content may be damaged or ` +
      `missing; ${removal(spec)}`,
  ],

  ERR_MMAPIPC_NOT_INHERITED: (spec) => [
    spec.inherited === undefined
      ? `this process has inherited nothing named '${spec.where}' (no environment variable ` +
        `${variableOf(spec.where)}): call new ${kindName(spec.kind)}() with { inherit: ` +
        `'${spec.where}' } in the primary before the first fork, and pass its environment to the ` +
        `children (there ${kindName(spec.kind)}.open() is enough); processes without a common ` +
        "parent (pm2) use { name } instead; { create: 'exclusive' } creates it in this process"
      : `the inherited region '${spec.where}' no longer exists, because no process has it open: ` +
        'open it in the primary before the first fork, and keep it open there',
  ],

  ERR_MMAPIPC_OWNER: (spec) => [ownerText(spec)],

  ERR_MMAPIPC_FILESYSTEM: (spec) => [
    `${describe(spec)} lies on a network or FUSE file system` +
      `${spec.place === PLACE.path ? '' : ` (${namesDirectory()})`}, where processes may see ` +
      `different bytes; ${
        spec.place === PLACE.path ? 'use a local path' : 'set MMAPIPC_DIR to a local directory'
      }, or insist with { anyFilesystem: true }`,
  ],

  ERR_MMAPIPC_UNSUPPORTED(spec) {
    if (field('kind') === KIND_DIRECTORY) {
      return systemError(errnoOf('EISDIR'), 'open', spec.where);
    }
    return [
      field('kind') === 0
        ? 'shared memory without a file is not supported on this system; use Mmap with { file }'
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

function ownerText(spec) {
  const what = describe(spec);
  if (spec.place === PLACE.path) {
    return (
      `${what} belongs to another user and lies in a directory where any user may create files ` +
      '(sticky, such as /tmp), so its content cannot be trusted; use a directory that only your ' +
      'users may write to, or let the owner of the directory create the file'
    );
  }
  if (
    spec.place !== PLACE.name &&
    field('inode') === 0n &&
    binding.calls[field('call')] !== 'mkdir'
  ) {
    return (
      `${what} belongs to another user, so its content cannot be trusted; a handle is for processes ` +
      `of one user: ${acrossUsers(spec)}`
    );
  }
  return (
    `${what} cannot be trusted: ${namesDirectory()}, or the file in it, belongs to another user or ` +
    'is open to others (the directory must be yours, with mode 0700); remove it, or set ' +
    'MMAPIPC_DIR to a directory of your own'
  );
}

/* What works between users; names do not, as each user has a directory of them. */
const acrossUsers = (spec) =>
  `processes of several users share { ${fileOption(spec)}: ..., mode: 0o660 } in a directory that ` +
  'all of them may write to (not a sticky one), or mode 0o666 without a common group; the umask of ' +
  'the process that creates it must leave these bits (process.umask(0o007))';

/* For listeners of a region whose name or path leads elsewhere. */
function staleError(spec) {
  const cure =
    spec.place === PLACE.name
      ? 'systemd removes such files when a user logs out (set RemoveIPC=no in logind.conf, run as a ' +
        'system user, or set MMAPIPC_DIR); '
      : '';
  const { place, where } = spec;
  return new MmapipcError(
    'ERR_MMAPIPC_STALE',
    `${describe(spec)} was removed or replaced, so processes that open it now get other memory than ` +
      `this object; ${cure}close it and open it again`,
    place === PLACE.path ? { path: where } : {},
  );
}

function tooLong({ where }) {
  return invalidValue(
    'The option "name"',
    `is too long for a file name ('${where.slice(0, 20)}...')`,
  );
}

/* What a refusal of the system means here. */
const notWritable = () =>
  `: ${namesDirectory()} cannot be created or used by this user; set MMAPIPC_DIR to a directory of ` +
  'your own on a local file system, the same for all processes that share';

const HINTS = {
  ENOENT(spec) {
    if (process.platform === 'linux' && !fs.existsSync(PROC)) {
      return `: ${PROC.toString()} does not exist; mount /proc (a chroot or sandbox may lack it)`;
    }
    if (spec.place === PLACE.inherit && spec.inherited === undefined) {
      return ': neither this process nor one above it has opened anything of this name';
    }
    if (spec.place === PLACE.handle || spec.place === PLACE.inherit) {
      return (
        ': no process that this one may look at has it open (a handle works while any process is ' +
        `attached; across users and containers use { ${fileOption(spec)} } in a directory that all ` +
        'may use)'
      );
    }
    if (spec.place === PLACE.path) return '';
    if (binding.calls[field('call')] === 'mkdir') {
      return `: ${namesParent() ?? DEFAULT_SHM.toString()} does not exist; MMAPIPC_DIR must name a directory`;
    }
    return spec.create === 0
      ? ': no process has a region of this name'
      : ': no process has a region of this name; creating one needs a size and write access';
  },
  EACCES: (spec) =>
    spec.place === PLACE.handle || spec.place === PLACE.inherit
      ? ': its process belongs to another user, or has changed its user since it started, and may ' +
        `not be looked into; ${acrossUsers(spec)}`
      : spec.place === PLACE.path
        ? ': this user may not open it; the user that creates it gives others access by mode: 0o660 ' +
          'or 0o666, less the umask of its process'
        : notWritable(),
  EROFS: (spec) => (spec.place === PLACE.path ? '' : notWritable()),
  ENOTDIR: (spec) =>
    spec.place === PLACE.path
      ? ''
      : `: ${namesParent() ?? DEFAULT_SHM} is not a directory; MMAPIPC_DIR must name one`,
  EFBIG: (spec) =>
    `: a file may not have ${spec.size} bytes here (RLIMIT_FSIZE, see ulimit -f, or the limit of the ` +
    'file system)',
  ENOLCK: () => ': the system has no more file locks, or the file system has none',
  EINVAL: () =>
    binding.calls[field('call')] === 'fcntl'
      ? ': this kernel has no open file description locks (F_OFD_SETLK), which mmapipc needs; they ' +
        'are in Linux since 3.15, and not in some sandboxes (gVisor)'
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

/* The error of a call with this specification; `path` is that of a file at a path. */
function regionError(status, spec) {
  const code = codeOf(status);
  const where = spec.place === PLACE.anonymous ? undefined : spec.where;
  if (code === undefined) {
    const call = binding.calls[field('call')] || 'open';
    const name = systemError(status, call).code;
    const error = systemError(status, call, where, HINTS[name]?.(spec) ?? '');
    if (spec.place !== PLACE.path) delete error.path;
    return error;
  }
  const made = REGION_ERRORS[code](spec);
  if (!Array.isArray(made)) return made;
  const [message, details] = made;
  return new MmapipcError(code, message, {
    ...(spec.place === PLACE.path && { path: where }),
    ...details,
  });
}

module.exports = { kindName, namesDirectory, regionError, staleError };
