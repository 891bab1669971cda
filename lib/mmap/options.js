/*
 * Both forms of the Mmap constructor, interpreted: arguments in, one plain specification out.
 * Nothing is opened here.
 */
'use strict';

const { fileURLToPath } = require('node:url');

const binding = require('../native/binding');
const { constants } = require('../native/constants');
const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const { CREATE, PLACE, absolute, placeOf } = require('../region/options');
const { boolean, integer, options, timeoutOf } = require('../base/validate');

const { PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_ANON, MAP_FILE } = constants;

const RW = PROT_READ | PROT_WRITE;
const [KIND] = Object.entries(binding.regionKinds).find(([, name]) => name === 'Mmap');

const KNOWN = [
  'file',
  'size',
  'offset',
  'prot',
  'readOnly',
  'private',
  'protect',
  'create',
  'mode',
  'anyFilesystem',
  'autolock',
  'onTruncate',
  'timeout',
  'handle',
  'inherit',
  'name',
];

const DEFAULTS = {
  path: undefined,
  fd: undefined,
  protect: false,
  anyFilesystem: false,
  create: CREATE.get(true),
  mode: 0o600,
  autolock: false,
  onTruncate: 'throw',
  timeout: 10000,
};

const FILE_TYPES = 'a path (string), a file: URL, a file descriptor or a FileHandle';

function isUrl(value) {
  return typeof value.href === 'string' && typeof value.protocol === 'string';
}

function isFileHandle(value) {
  return 'fd' in value && typeof value.close === 'function';
}

/* { path } or { fd } of whatever names a file. */
function interpretFile(file) {
  if (typeof file === 'string') {
    if (file === '') throw invalidValue('The "file" argument', 'must not be an empty string');
    if (file.includes('\0')) {
      throw invalidValue('The "file" argument', 'must be a path without null bytes');
    }
    return { path: absolute(file) };
  }
  if (typeof file === 'number') {
    return { fd: integer(file, 'The "file" argument', 0, 0x7fffffff) };
  }
  if (file !== null && typeof file === 'object') {
    if (isUrl(file)) return interpretFile(fileURLToPath(file));
    if (isFileHandle(file)) {
      if (typeof file.fd === 'number' && file.fd >= 0) return { fd: file.fd };
      throw invalidValue('The "file" argument', 'is a file handle that is not open');
    }
  }
  throw invalidType('The "file" argument', FILE_TYPES, file);
}

function interpretProt(prot, what) {
  integer(prot, what, 0, 0xffffffff);
  if (prot === 0 || prot & ~(PROT_READ | PROT_WRITE)) {
    throw outOfRange(what, 'PROT_READ, PROT_WRITE or PROT_READ | PROT_WRITE', prot);
  }
  return prot;
}

/* Whether the flags ask for private memory, and for memory without a file. */
function interpretFlags(flags) {
  const what = 'The "flags" argument';
  integer(flags, what, 0, 0xffffffff);
  const kind = flags & ~(MAP_FILE | MAP_ANON);
  if (kind !== MAP_SHARED && kind !== MAP_PRIVATE) {
    throw outOfRange(what, 'MAP_SHARED or MAP_PRIVATE, alone or with MAP_FILE or MAP_ANON', flags);
  }
  return { copyOnWrite: kind === MAP_PRIVATE, isAnonymous: (flags & MAP_ANON) !== 0 };
}

function fromPositions(file, length = 0, prot = undefined, flags = MAP_SHARED, offset = 0) {
  integer(length, 'The "length" argument');
  const { copyOnWrite, isAnonymous } = interpretFlags(flags);
  const given = prot ?? (isAnonymous ? RW : PROT_READ);
  interpretProt(given, 'The "prot" argument');
  integer(offset, 'The "offset" argument');
  if (!isAnonymous) return { ...interpretFile(file), length, prot: given, copyOnWrite, offset };
  if (file !== null && file !== undefined && typeof file !== 'string') {
    throw invalidType('The "file" argument', 'with MAP_ANON a name (string) or null', file);
  }
  if (length === 0 && (copyOnWrite || typeof file !== 'string')) {
    throw outOfRange('"length"', '> 0 for memory without a file', length);
  }
  const named = copyOnWrite || typeof file !== 'string' ? {} : { inherit: file };
  return withoutFile(placeOf(named), { length, prot: given, copyOnWrite, offset });
}

/*
 * Of memory that is no file of the user's: { anonymous: true } for memory of this process alone,
 * else what region/open.js wants. `place`: see placeOf(), undefined for none.
 */
function withoutFile(place, spec) {
  const { length, prot, copyOnWrite, offset, create = CREATE.get(true) } = spec;
  if (offset !== 0) {
    throw invalidValue('The option "offset"', 'is for files; use view(offset, length)');
  }
  if (place === undefined && length === 0) {
    const expected = `${FILE_TYPES}, unless "size" asks for memory without a file`;
    throw invalidType('The option "file"', expected, undefined);
  }
  const attachReadOnly = !(prot & PROT_WRITE) || copyOnWrite;
  if (spec.autolock && attachReadOnly) {
    throw invalidValue(
      'The option "autolock"',
      'needs a lock, and memory that is not shared for ' + 'writing has none',
    );
  }
  if (place === undefined && copyOnWrite) return { ...spec, anonymous: true };
  if (place === undefined && (attachReadOnly || create === CREATE.get(false))) {
    throw invalidValue(
      attachReadOnly ? 'The option "readOnly"' : 'The option "create"',
      'is for what exists; say which by handle, inherit, name or file',
    );
  }
  checkExclusive(place, create, length, attachReadOnly);
  return {
    ...spec,
    ...(place ?? { place: PLACE.anonymous, where: undefined }),
    kind: Number(KIND),
    size: length,
    attachReadOnly,
    guard: spec.onTruncate !== 'crash' /* where it is a file at all */,
  };
}

function checkExclusive(place, create, length, attachReadOnly) {
  if (create !== CREATE.get('exclusive')) return;
  if (place?.place === PLACE.handle) {
    throw invalidValue('The option "create"', "'exclusive' makes a region, and a handle is of one");
  }
  if (attachReadOnly || length === 0) {
    const wants = attachReadOnly ? 'the right to write' : 'a size';
    throw invalidValue('The option "create"', `'exclusive' makes a region, which needs ${wants}`);
  }
}

function fromOptions(given) {
  if ('path' in given) {
    throw invalidValue('The option "path"', 'is not one of Mmap; use "file" for a file of yours');
  }
  const opts = options(given, KNOWN, 'The options object');
  const place = placeOf(opts, ['file']);
  const isFile = opts.file !== undefined;
  const { size = 0, offset = 0, create = true, mode = 0o600 } = opts;
  const { onTruncate = 'throw', timeout = DEFAULTS.timeout } = opts;
  if (onTruncate !== 'throw' && onTruncate !== 'crash') {
    throw invalidValue('The option "onTruncate"', "must be 'throw' or 'crash'");
  }
  integer(size, 'The option "size"');
  integer(offset, 'The option "offset"');
  integer(mode, 'The option "mode"', 0, 0o7777);
  if (!CREATE.has(create)) {
    throw invalidValue('The option "create"', "must be true, false or 'exclusive'");
  }
  const flag = (name) => boolean(opts[name] ?? false, `The option "${name}"`);
  const spec = {
    length: size,
    offset,
    prot: protOf(opts, isFile ? PROT_READ : RW),
    copyOnWrite: flag('private'),
    protect: flag('protect'),
    anyFilesystem: flag('anyFilesystem'),
    autolock: flag('autolock'),
    onTruncate,
    timeout: timeoutOf(timeout, 'The option "timeout"'),
    create: CREATE.get(create),
    mode,
  };
  return isFile ? { ...interpretFile(opts.file), ...spec } : withoutFile(place, spec);
}

/* What it is mapped for unless readOnly or prot says otherwise: `otherwise`. */
function protOf({ prot, readOnly }, otherwise) {
  if (readOnly !== undefined) boolean(readOnly, 'The option "readOnly"');
  if (prot === undefined) return readOnly === undefined ? otherwise : readOnly ? PROT_READ : RW;
  interpretProt(prot, 'The option "prot"');
  if (readOnly !== undefined && readOnly === (prot !== PROT_READ)) {
    throw invalidValue('The option "readOnly"', `contradicts "prot" (${prot})`);
  }
  return prot;
}

function checkTogether(spec) {
  if (spec.offset + spec.length > Number.MAX_SAFE_INTEGER) {
    throw outOfRange('offset + length', `<= ${Number.MAX_SAFE_INTEGER}`, spec.offset + spec.length);
  }
  if (spec.protect && (spec.prot !== PROT_READ || spec.anonymous)) {
    throw invalidValue('The option "protect"', 'is for read-only mappings');
  }
  if (spec.place === undefined && !spec.anonymous) checkExclusiveFile(spec);
  return spec;
}

function checkExclusiveFile(spec) {
  if (spec.create === CREATE.get('exclusive')) {
    const wants = !(spec.prot & PROT_WRITE) || spec.copyOnWrite ? 'readOnly: false' : 'a size';
    if (wants !== 'a size' || spec.length === 0) {
      throw invalidValue('The option "create"', `'exclusive' makes a file, which needs ${wants}`);
    }
    if (spec.path === undefined) {
      throw invalidValue('The option "create"', "'exclusive' needs a path, not an open file");
    }
  }
}

function isOptions(first) {
  return first !== null && typeof first === 'object' && !isUrl(first) && !isFileHandle(first);
}

/*
 * { path | fd, offset, length, prot, copyOnWrite, protect, anyFilesystem, create, mode, autolock,
 * onTruncate, timeout } of the constructor's arguments; without a file, instead of path and fd,
 * { anonymous: true } or { place, where, kind, size, attachReadOnly, guard }.
 */
function interpret(args) {
  const spec = isOptions(args[0]) ? fromOptions(args[0]) : fromPositions(...args);
  return checkTogether({ ...DEFAULTS, ...spec });
}

module.exports = { interpret };
