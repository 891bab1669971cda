/*
 * Both forms of the Mmap constructor, interpreted: arguments in, one plain specification out.
 * Nothing is opened here.
 */
'use strict';

const { fileURLToPath } = require('node:url');

const { constants } = require('./constants');
const { MmapipcError, invalidType, invalidValue, outOfRange } = require('./errors');
const { boolean, integer, options, timeoutOf } = require('./validate');

const { PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_ANON, MAP_FILE } = constants;

/* As mipc_create_t has them. */
const CREATE = new Map([
  [false, 0],
  [true, 1],
  ['exclusive', 2],
]);

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
    return { path: file };
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

/* Whether the flags ask for private memory. */
function interpretFlags(flags) {
  const what = 'The "flags" argument';
  integer(flags, what, 0, 0xffffffff);
  if (flags & MAP_ANON) {
    throw new MmapipcError(
      'ERR_MMAPIPC_UNSUPPORTED',
      'MAP_ANON: memory without a file is not part of this version; map a file in /dev/shm',
    );
  }
  const kind = flags & ~MAP_FILE;
  if (kind !== MAP_SHARED && kind !== MAP_PRIVATE) {
    throw outOfRange(what, 'MAP_SHARED or MAP_PRIVATE, alone or with MAP_FILE', flags);
  }
  return kind === MAP_PRIVATE;
}

function fromPositions(file, length = 0, prot = PROT_READ, flags = MAP_SHARED, offset = 0) {
  integer(length, 'The "length" argument');
  interpretProt(prot, 'The "prot" argument');
  const copyOnWrite = interpretFlags(flags);
  integer(offset, 'The "offset" argument');
  return { ...interpretFile(file), length, prot, copyOnWrite, offset };
}

function fromOptions(given) {
  if ('path' in given) {
    throw invalidValue('The option "path"', 'is not one of Mmap; use "file" for a file of yours');
  }
  const opts = options(given, KNOWN, 'The options object');
  if (opts.file === undefined) {
    throw invalidType('The option "file"', FILE_TYPES, undefined);
  }
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
  return {
    ...interpretFile(opts.file),
    length: size,
    offset,
    prot: protOf(opts),
    copyOnWrite: flag('private'),
    protect: flag('protect'),
    anyFilesystem: flag('anyFilesystem'),
    autolock: flag('autolock'),
    onTruncate,
    timeout: timeoutOf(timeout, 'The option "timeout"'),
    create: CREATE.get(create),
    mode,
  };
}

/* A file is mapped read-only unless readOnly: false or prot says otherwise. */
function protOf({ prot, readOnly }) {
  if (readOnly !== undefined) boolean(readOnly, 'The option "readOnly"');
  if (prot === undefined) return readOnly === false ? PROT_READ | PROT_WRITE : PROT_READ;
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
  if (spec.protect && spec.prot !== PROT_READ) {
    throw invalidValue('The option "protect"', 'is for read-only mappings');
  }
  if (spec.create === CREATE.get('exclusive')) {
    const wants = !(spec.prot & PROT_WRITE) || spec.copyOnWrite ? 'readOnly: false' : 'a size';
    if (wants !== 'a size' || spec.length === 0) {
      throw invalidValue('The option "create"', `'exclusive' makes a file, which needs ${wants}`);
    }
    if (spec.path === undefined) {
      throw invalidValue('The option "create"', "'exclusive' needs a path, not an open file");
    }
  }
  return spec;
}

function isOptions(first) {
  return first !== null && typeof first === 'object' && !isUrl(first) && !isFileHandle(first);
}

/*
 * { path | fd, offset, length, prot, copyOnWrite, protect, anyFilesystem, create, mode, autolock,
 * onTruncate, timeout } of the constructor's arguments.
 */
function interpret(args) {
  const spec = isOptions(args[0]) ? fromOptions(args[0]) : fromPositions(...args);
  return checkTogether({ ...DEFAULTS, ...spec });
}

module.exports = { interpret };
