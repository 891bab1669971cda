/*
 * The errors of opening and using a region: each message names what was found, what was expected, and
 * what to do.
 */
'use strict';

const fs = require('node:fs');

const binding = require('../native/binding');
const { MmapipcError, errnoOf, invalidValue, outOfRange, systemError } = require('../base/errors');
const { holderOf } = require('../lock/holder');
const { CREATE, PLACE, describe, namesParent, variableOf } = require('./options');
const { codeOf, field, isDirectory } = require('../native/status');

/* The option of the class for a file at any path. */
const fileOption = ({ kind }) => (kindName(kind) === 'Mmap' ? 'file' : 'path');

/* As bytes, because a tracer of deployments (@vercel/nft) ships the files that literal paths name. */
const PROC = Buffer.from('/proc/self/fd');
const DEFAULT_SHM = Buffer.from('/dev/shm');

const kindName = (number) => binding.regionKinds[number] ?? `number ${number}`;

/* How to get rid of the region. */
function removal({ place, where }) {
  if (place === PLACE.NAME) return `remove it with npx mmapipc unlink --name '${where}'`;
  if (place === PLACE.PATH) return `remove it with npx mmapipc unlink '${where}'`;
  return 'close it in all processes and create a new one';
}

function namesDirectory() {
  const found = binding.namesDirectory(namesParent());
  return typeof found === 'string' ? found : (namesParent() ?? DEFAULT_SHM.toString());
}

const REGION_ERRORS = {
  ERR_OUT_OF_RANGE(spec) {
    const capacity = Number(field('capacity'));
    if (capacity > 0) return outOfRange('"size"', "within this process' address space", capacity);
    if (spec.place === PLACE.HANDLE) {
      return invalidValue(
        'The option "handle"',
        `is not a handle of mmapipc (received '${spec.where}')`,
      );
    }
    if (spec.place === PLACE.INHERIT && spec.inherited !== undefined) {
      return invalidValue(
        `The environment variable ${variableOf(spec.where)}`,
        `does not hold a handle of mmapipc ('${spec.inherited}')`,
      );
    }
    if (spec.place === PLACE.NAME && spec.where.length > 500) return tooLong(spec);
    return outOfRange('"size"', "> 0 and within this process' address space", spec.size);
  },

  ERR_MMAPIPC_TOO_SMALL(spec) {
    const capacity = Number(field('capacity'));
    const required = spec.capacity ?? spec.size;
    return [
      `${describe(spec)} has ${capacity} bytes, fewer than the ${required} requested; ` +
        `${kindName(spec.kind)}.open() opens it with the size it has; to make it larger, ` +
        `${removal(spec)}, then open it again in all processes`,
      { required, capacity },
    ];
  },

  ERR_MMAPIPC_KIND(spec) {
    const [found, wanted] = [kindName(field('region_kind')), kindName(spec.kind)];
    return [
      `${describe(spec)} was created by class ${found}, not by ${wanted}; open it with ${found}, or ` +
        'choose another name',
      { found, wanted },
    ];
  },

  ERR_MMAPIPC_VERSION(spec) {
    const [found, ours] = [field('version'), binding.regionVersion];
    const what =
      found === 0
        ? 'was created on a machine of another byte order'
        : found === ours
          ? `has layout version ${found} with features that this package does not know`
          : `has layout version ${found}, and this package knows version ${ours}`;
    return [
      `${describe(spec)} ${what}; use one version of mmapipc everywhere, or ${removal(spec)}`,
    ];
  },

  ERR_MMAPIPC_FOREIGN: (spec) => [
    `${describe(spec)} is a file that was not created by mmapipc (it does not begin with a region's ` +
      'header), and it is left unchanged; choose another name, or move the file away',
  ],

  ERR_MMAPIPC_CORRUPT: (spec) => [
    `${describe(spec)} has an invalid header, because another process has overwritten or truncated it; ` +
      `${removal(spec)}`,
  ],

  ERR_MMAPIPC_TRUNCATED: (spec) => [
    `${describe(spec)} was truncated or overwritten while other processes have it open; ` +
      `${removal(spec)}`,
  ],

  ERR_MMAPIPC_EXHAUSTED: (spec) => [
    `${describe(spec)} has used up its 2^30 - 1 numbers of participants; close it in all processes, ` +
      'then open it again',
  ],

  ERR_MMAPIPC_UNCLEAN: (spec) => [
    `${describe(spec)} was open during a power failure or reboot, so its content may be damaged or ` +
      `missing; ${removal(spec)}`,
  ],

  ERR_MMAPIPC_NOT_INHERITED: (spec) => [
    spec.inherited === undefined
      ? `this process has not inherited a region named '${spec.where}' (there is no environment variable ` +
        `${variableOf(spec.where)}); call new ${kindName(spec.kind)}() with { inherit: ` +
        `'${spec.where}' } in the primary before the first fork, and pass its environment to the ` +
        `children (${kindName(spec.kind)}.open() is enough in them); processes without a common ` +
        "parent (pm2) use { name } instead; { create: 'exclusive' } creates it in this process"
      : `the inherited region '${spec.where}' no longer exists, because no process has it open; open ` +
        'it in the primary before the first fork, and keep it open there',
  ],

  ERR_MMAPIPC_OWNER: (spec) => [ownerText(spec)],

  ERR_MMAPIPC_FILESYSTEM: (spec) => [
    `${describe(spec)} lies on a network or FUSE file system` +
      `${spec.place === PLACE.PATH ? '' : ` (${namesDirectory()})`}, where processes may see ` +
      `different bytes; ${
        spec.place === PLACE.PATH ? 'use a local path' : 'set MMAPIPC_DIR to a local directory'
      }, or use it anyway with { anyFilesystem: true }`,
  ],

  ERR_MMAPIPC_UNSUPPORTED(spec) {
    if (isDirectory()) {
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
    const holding = holder === undefined ? 'another process' : `process ${holder.pid}`;
    return [
      `the creation lock of ${describe(spec)} could not be acquired within ${spec.timeout} ms, because ` +
        `${holding} holds it; resume or end that process if it is stopped, or set a longer timeout`,
      { holder },
    ];
  },
};

function ownerText(spec) {
  const what = describe(spec);
  if (spec.place === PLACE.PATH) {
    return (
      `${what} belongs to another user and lies in a directory where any user may create files ` +
      '(sticky, such as /tmp), so its content cannot be trusted; use a directory that only your ' +
      'users may write to, or create the file as the owner of the directory'
    );
  }
  if (
    spec.place !== PLACE.NAME &&
    field('inode') === 0n &&
    binding.calls[field('call')] !== 'mkdir'
  ) {
    return (
      `${what} belongs to another user, so its content cannot be trusted; handles work among the ` +
      `processes of one user: ${acrossUsers(spec)}`
    );
  }
  return (
    `${what} cannot be trusted: ${namesDirectory()}, or the file in it, belongs to another user or ` +
    'gives others access (the directory must be yours, with mode 0700); remove it, or set ' +
    'MMAPIPC_DIR to a directory of your own'
  );
}

/* What works across users. Names do not, because each user has a directory of names. */
const acrossUsers = (spec) =>
  `processes of several users share { ${fileOption(spec)}: ..., mode: 0o660 } in a directory that ` +
  'all of them may write to (not a sticky one), or mode 0o666 without a common group; the umask of ' +
  'the process that creates it must leave these bits (process.umask(0o007))';

/* The error for a region whose name or path leads elsewhere. */
function staleError(spec) {
  const cure =
    spec.place === PLACE.NAME
      ? 'systemd removes such files when a user logs out (set RemoveIPC=no in logind.conf, run as a ' +
        'system user, or set MMAPIPC_DIR); '
      : '';
  const { place, where } = spec;
  return new MmapipcError(
    'ERR_MMAPIPC_STALE',
    `${describe(spec)} was removed or replaced, so processes that open it now do not share memory ` +
      `with this object; ${cure}close it and open it again`,
    place === PLACE.PATH ? { path: where } : {},
  );
}

function tooLong({ where }) {
  return invalidValue(
    'The option "name"',
    `is too long for a file name ('${where.slice(0, 20)}...')`,
  );
}

const notWritable = () =>
  `: ${namesDirectory()} cannot be created or used by this user; set MMAPIPC_DIR to a directory of ` +
  'your own on a local file system, the same for all processes that share';

/* What a failure of the system means here, and what to do. */
const HINTS = {
  ENOENT(spec) {
    if (process.platform === 'linux' && !fs.existsSync(PROC)) {
      return `: ${PROC.toString()} does not exist; mount /proc (a chroot or sandbox may lack it)`;
    }
    if (spec.place === PLACE.INHERIT && spec.inherited === undefined) {
      return ': neither this process nor a process above it has opened a region of this name';
    }
    if (spec.place === PLACE.HANDLE || spec.place === PLACE.INHERIT) {
      return (
        ': no process that this process may inspect has it open (a handle works while any process is ' +
        `attached; across users and containers use { ${fileOption(spec)} } in a directory that all ` +
        'may use)'
      );
    }
    if (spec.place === PLACE.PATH) return '';
    if (binding.calls[field('call')] === 'mkdir') {
      return `: ${namesParent() ?? DEFAULT_SHM.toString()} does not exist; MMAPIPC_DIR must name a directory`;
    }
    return spec.create === CREATE.NEVER
      ? ': no process has a region of this name'
      : ': no process has a region of this name; creating one needs a size and write access';
  },
  EACCES: (spec) =>
    spec.place === PLACE.HANDLE || spec.place === PLACE.INHERIT
      ? ': this process may not inspect its process, which belongs to another user or has changed its ' +
        `user since it started; ${acrossUsers(spec)}`
      : spec.place === PLACE.PATH
        ? ': this user may not open it; the process that creates it gives others access with mode: 0o660 ' +
          'or 0o666, less its umask'
        : notWritable(),
  EROFS: (spec) => (spec.place === PLACE.PATH ? '' : notWritable()),
  ENOTDIR: (spec) =>
    spec.place === PLACE.PATH
      ? ''
      : `: ${namesParent() ?? DEFAULT_SHM} is not a directory; MMAPIPC_DIR must name one`,
  EFBIG: (spec) =>
    `: a file may not have ${spec.size} bytes here (RLIMIT_FSIZE, see ulimit -f, or the limit of the ` +
    'file system)',
  ENOLCK: () => ': the system has run out of file locks, or the file system does not have any',
  EINVAL: () =>
    binding.calls[field('call')] === 'fcntl'
      ? ': this kernel has no open file description locks (F_OFD_SETLK), which mmapipc needs; Linux ' +
        'has them since 3.15, some sandboxes (gVisor) do not'
      : '',
  EEXIST: () => ": it exists, and { create: 'exclusive' } only creates new ones",
  ENOSPC: (spec) =>
    spec.place === PLACE.NAME
      ? `: ${namesDirectory()} has no space for ${spec.size} bytes; in Docker /dev/shm has 64 MB unless ` +
        'the container is started with --shm-size; set MMAPIPC_DIR to use another directory'
      : '',
  ENAMETOOLONG: (spec) =>
    spec.place === PLACE.NAME
      ? ': the name is too long (at most 255 letters and digits; any other byte counts as three)'
      : '',
  ELOOP: () => ': it is a symbolic link, which mmapipc never follows; remove it',
};

/* The error for a failed call with this specification. It has a `path` only for a file at a path. */
function regionError(status, spec) {
  const code = codeOf(status);
  const where = spec.place === PLACE.ANONYMOUS ? undefined : spec.where;
  if (code === undefined) {
    const call = binding.calls[field('call')] || 'open';
    const name = systemError(status, call).code;
    const error = systemError(status, call, where, HINTS[name]?.(spec) ?? '');
    if (spec.place !== PLACE.PATH) delete error.path;
    return error;
  }
  const made = REGION_ERRORS[code](spec);
  if (!Array.isArray(made)) return made;
  const [message, details] = made;
  return new MmapipcError(code, message, {
    ...(spec.place === PLACE.PATH && { path: where }),
    ...details,
  });
}

module.exports = { kindName, namesDirectory, regionError, staleError };
