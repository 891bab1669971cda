/*
 * The failures of C as errors: a status becomes an error, with the details of the report that C fills
 * in when something is opened.
 */
'use strict';

const { constants } = require('node:buffer');
const os = require('node:os');

const binding = require('./binding');
const { MmapipcError, errnoOf, outOfRange, systemError } = require('../base/errors');

const LITTLE = os.endianness() === 'LE';
const GETTERS = { uint64_t: 'getBigUint64', uint32_t: 'getUint32', int32_t: 'getInt32' };
const { DIRECTORY } = binding.numbers.fileKind;
const NO_THREAD = -os.constants.errno.EAGAIN; /* the status of a wait that gets no thread */

const bytes = new DataView(binding.report);
const names = new Map(binding.codes.map(({ status, name }) => [status, name]));

/* C's count of faults in this process: as long as it does not change, no mapping has lost a page. */
const hitsBuffer = binding.hitsBuffer();
const hits = hitsBuffer === undefined ? undefined : new Uint32Array(hitsBuffer);
const countHits = hits === undefined ? binding.hits : () => hits[0];

/* The value of a field of the report: a bigint if it has 64 bits. */
function field(name) {
  const { offset, type } = binding.layout.report.fields[name];
  return bytes[GETTERS[type]](offset, LITTLE);
}

/* The code of one of this package's failures; undefined for a failure of the system. */
function codeOf(status) {
  return names.get(status);
}

/* The text of one of this package's failures. */
function textOf(status) {
  return binding.codes.find((row) => row.status === status)?.text;
}

/* The error for a negative status of any call but an open; `syscall`: the call that the system
 * refuses. */
function errorOf(status, syscall, path) {
  const code = names.get(status);
  if (code === undefined) return systemError(status, syscall, path);
  if (code === 'ERR_MMAPIPC_TRUNCATED') return truncatedError(path);
  return new MmapipcError(code, textOf(status));
}

/* The error for a mapping that shows zeros instead of its file; the status is the reason. */
function lostError(status, path) {
  if (codeOf(status) !== undefined) return errorOf(status, 'mmap', path);
  const hint =
    ': a page could not be read, or a hole of the file could not be filled; the page reads as zeros ' +
    'from now on, and stores into it are lost; close the mapping, and map the file with a size, which ' +
    'allocates its space';
  return systemError(status, 'mmap', path, hint);
}

function truncatedError(path) {
  return new MmapipcError(
    'ERR_MMAPIPC_TRUNCATED',
    `another process made ${path ?? 'the file'} shorter than its mapping; the missing bytes read as ` +
      'zeros from now on; close this object and open the file again',
    { path },
  );
}

const OPEN_ERRORS = {
  ERR_OUT_OF_RANGE: ({ offset, length }) =>
    outOfRange('offset + length', "within this process' address space", offset + length),

  ERR_MMAPIPC_FILE_TOO_SMALL({ length, offset, path, fd }) {
    const actual = Number(field('file_size'));
    const required = offset + length;
    const wanted = length === 0 ? `none beyond offset ${offset}` : `${required} are needed`;
    return new MmapipcError(
      'ERR_MMAPIPC_FILE_TOO_SMALL',
      `${path ?? `file descriptor ${fd}`} has ${actual} bytes, ${wanted}; map it shared, with ` +
        'PROT_WRITE and a length, to make it longer, or map fewer bytes',
      { required, actual, path },
    );
  },

  ERR_MMAPIPC_FILESYSTEM: ({ path, fd }) =>
    new MmapipcError(
      'ERR_MMAPIPC_FILESYSTEM',
      `${path ?? `file descriptor ${fd}`} lies on a network or FUSE file system, where processes may ` +
        'see different bytes of one file; use a local file, or map it anyway with ' +
        '{ anyFilesystem: true }',
      { path },
    ),

  ERR_MMAPIPC_UNSUPPORTED({ path, fd }) {
    if (isDirectory()) return systemError(errnoOf('EISDIR'), 'open', path);
    return new MmapipcError(
      'ERR_MMAPIPC_UNSUPPORTED',
      `${path ?? `file descriptor ${fd}`} is a FIFO, socket or device; only files can be mapped`,
      { path },
    );
  },
};

/* Whether the report is about a directory. */
const isDirectory = () => field('kind') === DIRECTORY;

/* The error for a failed open of a file or of private memory; `spec`: see mmap/options.js. */
function openError(status, spec) {
  const code = names.get(status);
  if (code !== undefined) return OPEN_ERRORS[code](spec);
  const call = binding.calls[field('call')];
  const hint =
    call === 'mmap' && spec.fd !== undefined
      ? ': the descriptor must be open for reading, and for a writable mapping also for writing'
      : '';
  return systemError(status, call || 'mmap', spec.path, hint);
}

function readOnlyError() {
  return new MmapipcError(
    'ERR_MMAPIPC_ACCESS',
    'the mapping is read-only; map with PROT_WRITE or readOnly: false to write',
  );
}

function readOnlyLockError() {
  return new MmapipcError(
    'ERR_MMAPIPC_ACCESS',
    'the region is attached read-only, and taking its lock writes to it; attach without readOnly to lock',
  );
}

function closedError() {
  return new MmapipcError('ERR_MMAPIPC_CLOSED', 'the mapping is closed');
}

/* The error for a length that one Buffer cannot have. */
function tooLong(n) {
  return outOfRange('"length"', `<= ${constants.MAX_LENGTH}, the most that one Buffer can hold`, n);
}

module.exports = {
  NO_THREAD,
  closedError,
  codeOf,
  countHits,
  errorOf,
  field,
  isDirectory,
  lostError,
  openError,
  readOnlyError,
  readOnlyLockError,
  textOf,
  tooLong,
};
