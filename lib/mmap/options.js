/*
 * The arguments of the Mmap constructor, in both forms: checks them, and makes one plain specification
 * of them. Nothing is opened here.
 */
'use strict';

const { fileURLToPath } = require('node:url');

const binding = require('../native/binding');
const { constants } = require('../native/constants');
const { invalidType, invalidValue, outOfRange } = require('../base/errors');
const {
  CREATE,
  PLACE,
  absolute,
  checkExclusive,
  checkRegion,
  createOf,
  placeOf,
} = require('../region/options');
const { boolean, integer, options, timeoutOf } = require('../base/validate');

const { PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_ANON, MAP_FILE } = constants;

const RW = PROT_READ | PROT_WRITE;
const KIND = binding.numbers.regionKind.MMAP;

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
  create: CREATE.IF_MISSING,
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

/* { path } or { fd } of a file argument. */
function interpretFile(file) {
  if (typeof file === 'string') {
    if (file === '') throw invalidValue('The "file" argument', 'must not be an empty string');
    if (file.includes('\0')) {
      throw invalidValue('The "file" argument', 'must not contain null bytes');
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
      throw invalidValue(
        'The "file" argument',
        'must be an open FileHandle, and this one is closed',
      );
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

/* Whether the flags request private memory, and memory without a file. */
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
    throw invalidType('The "file" argument', 'a name (string) or null with MAP_ANON', file);
  }
  if (length === 0 && (copyOnWrite || typeof file !== 'string')) {
    throw outOfRange('"length"', '> 0 for memory without a file', length);
  }
  const named = copyOnWrite || typeof file !== 'string' ? {} : { inherit: file };
  return withoutFile(placeOf(named), { length, prot: given, copyOnWrite, offset });
}

/*
 * The specification of memory without a file of the user: { anonymous: true } for memory of this process
 * alone, or else a region (region/open.js). `place`: see placeOf(); undefined for none.
 */
function withoutFile(place, spec) {
  const { length, prot, copyOnWrite, offset, create = CREATE.IF_MISSING } = spec;
  if (offset !== 0) {
    throw invalidValue(
      'The option "offset"',
      'is for files; use view(offset, length) on memory without a file',
    );
  }
  if (place === undefined && length === 0) {
    const expected = `${FILE_TYPES}, or "size" must be given for memory without a file`;
    throw invalidType('The option "file"', expected, undefined);
  }
  const attachReadOnly = !(prot & PROT_WRITE) || copyOnWrite;
  if (spec.autolock && attachReadOnly) {
    throw invalidValue(
      'The option "autolock"',
      'needs a lock, and memory that is not both shared and writable has none',
    );
  }
  if (place === undefined && copyOnWrite) return { ...spec, anonymous: true };
  const checked = { place, create, size: length, isReadOnly: attachReadOnly };
  checkRegion(checked, 'a region', 'size', 'file');
  return {
    ...spec,
    ...(place ?? { place: PLACE.ANONYMOUS, where: undefined }),
    kind: KIND,
    size: length,
    attachReadOnly,
    guard: spec.onTruncate !== 'crash' /* of a region in a file */,
  };
}

function fromOptions(given) {
  if ('path' in given) {
    throw invalidValue('The option "path"', 'is not an option of Mmap; use "file"');
  }
  const opts = options(given, KNOWN, 'The options object');
  const place = placeOf(opts, ['file']);
  const isFile = opts.file !== undefined;
  const { size = 0, offset = 0, mode = 0o600 } = opts;
  const { onTruncate = 'throw', timeout = DEFAULTS.timeout } = opts;
  if (onTruncate !== 'throw' && onTruncate !== 'crash') {
    throw invalidValue('The option "onTruncate"', "must be 'throw' or 'crash'");
  }
  integer(size, 'The option "size"');
  integer(offset, 'The option "offset"');
  integer(mode, 'The option "mode"', 0, 0o7777);
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
    create: createOf(opts),
    mode,
  };
  return isFile ? { ...interpretFile(opts.file), ...spec } : withoutFile(place, spec);
}

/* The protection by the options; `otherwise` if neither is given. */
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
    throw invalidValue('The option "protect"', 'is for read-only mappings of files and regions');
  }
  if (spec.place === undefined && !spec.anonymous) checkExclusiveFile(spec);
  return spec;
}

function checkExclusiveFile({ create, prot, copyOnWrite, length, path }) {
  const needs = [
    ['readOnly: false', (prot & PROT_WRITE) !== 0],
    ['private: false', !copyOnWrite],
    ['"size"', length > 0],
  ];
  checkExclusive(create, 'a file', needs, path === undefined ? 'the file descriptor' : undefined);
}

function isOptions(first) {
  return first !== null && typeof first === 'object' && !isUrl(first) && !isFileHandle(first);
}

/*
 * The specification: { path | fd, offset, length, prot, copyOnWrite, protect, anyFilesystem, create,
 * mode, autolock, onTruncate, timeout }. Without a file it has { anonymous: true } or { place, where,
 * kind, size, attachReadOnly, guard } instead of path and fd.
 */
function interpret(args) {
  const spec = isOptions(args[0]) ? fromOptions(args[0]) : fromPositions(...args);
  return checkTogether({ ...DEFAULTS, ...spec });
}

module.exports = { interpret };
