/*
 * The report that C leaves after an open: read by the layout that C gives, and made into the error
 * that it tells of.
 */
'use strict';

const { constants } = require('node:buffer');
const os = require('node:os');

const binding = require('./binding');
const { MmapipcError, errnoOf, outOfRange, systemError } = require('../base/errors');

const LITTLE = os.endianness() === 'LE';
const GETTERS = { uint64_t: 'getBigUint64', uint32_t: 'getUint32', int32_t: 'getInt32' };
const KIND_DIRECTORY = 1;

const bytes = new DataView(binding.report);
const names = new Map(binding.codes.map(({ status, name }) => [status, name]));

/* C's count of truncations met in this process: while it stands still, no mapping was hit. */
const hitsBuffer = binding.hitsBuffer();
const hits = hitsBuffer === undefined ? undefined : new Uint32Array(hitsBuffer);
const countHits = hits === undefined ? binding.hits : () => hits[0];

/* The value of a field: a bigint where it has 64 bits. */
function field(name) {
  const { offset, type } = binding.layout.report.fields[name];
  return bytes[GETTERS[type]](offset, LITTLE);
}

/* The name in JS of one of our own failures, undefined for the system's. */
function codeOf(status) {
  return names.get(status);
}

/* What it means, in words. */
function textOf(status) {
  return binding.codes.find((row) => row.status === status)?.text;
}

/* The error of a negative status from any call but open; `syscall` names what the system refused. */
function errorOf(status, syscall, path) {
  const code = names.get(status);
  if (code === undefined) return systemError(status, syscall, path);
  if (code === 'ERR_MMAPIPC_TRUNCATED') return truncatedError(path);
  return new MmapipcError(code, textOf(status));
}

/* Of a mapping that shows zeros in the place of its file: why, a status. */
function lostError(status, path) {
  if (codeOf(status) !== undefined) return errorOf(status, 'mmap', path);
  const hint =
    ': a page could not be read, or a hole of the file could not be filled; it reads as zeros from now ' +
    'on, and stores into it are lost; close the mapping, and map the file with a size, which takes the space';
  return systemError(status, 'mmap', path, hint);
}

function truncatedError(path) {
  return new MmapipcError(
    'ERR_MMAPIPC_TRUNCATED',
    `${path ?? 'the file'} was made shorter than its mapping by another process; what is missing ` +
      'reads as zeros and stays so: close this object and open the file again',
    { path },
  );
}

const OPEN_ERRORS = {
  ERR_OUT_OF_RANGE: ({ offset, length }) =>
    outOfRange('offset + length', "within this process' address space", offset + length),

  ERR_MMAPIPC_FILE_TOO_SMALL({ length, offset, path, fd }) {
    const actual = Number(field('file_size'));
    const required = offset + length;
    const wanted = length === 0 ? `nothing lies beyond offset ${offset}` : `${required} are needed`;
    return new MmapipcError(
      'ERR_MMAPIPC_FILE_TOO_SMALL',
      `${path ?? `file descriptor ${fd}`} has ${actual} bytes, ${wanted}; give a length and map ` +
        'it shared with PROT_WRITE to make it longer, or ask for less',
      { required, actual, path },
    );
  },

  ERR_MMAPIPC_FILESYSTEM: ({ path, fd }) =>
    new MmapipcError(
      'ERR_MMAPIPC_FILESYSTEM',
      `${path ?? `file descriptor ${fd}`} lies on a network or FUSE file system, which does not ` +
        'promise that all who map it see the same bytes; use a local file, or insist with ' +
        '{ anyFilesystem: true }',
      { path },
    ),

  ERR_MMAPIPC_UNSUPPORTED({ path, fd }) {
    if (field('kind') === KIND_DIRECTORY) return systemError(errnoOf('EISDIR'), 'open', path);
    return new MmapipcError(
      'ERR_MMAPIPC_UNSUPPORTED',
      `${path ?? `file descriptor ${fd}`} is a FIFO, socket or device; only files can be mapped`,
      { path },
    );
  },
};

/* The error of a failed open of this specification (mmap/options.js). */
function openError(status, spec) {
  const code = names.get(status);
  if (code !== undefined) return OPEN_ERRORS[code](spec);
  const call = binding.calls[field('call')];
  const hint =
    call === 'mmap' && spec.fd !== undefined
      ? ': the descriptor must be open for reading, for a writable mapping also for writing'
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
    'it is attached read-only, and taking its lock is writing; attach without readOnly to lock',
  );
}

function closedError() {
  return new MmapipcError('ERR_MMAPIPC_CLOSED', 'the mapping is closed');
}

/* More than one Buffer, or one string, can hold. */
function tooLong(n) {
  return outOfRange('"length"', `<= ${constants.MAX_LENGTH}, the most that a Buffer holds`, n);
}

module.exports = {
  KIND_DIRECTORY,
  closedError,
  codeOf,
  countHits,
  errorOf,
  field,
  lostError,
  openError,
  readOnlyError,
  readOnlyLockError,
  textOf,
  tooLong,
};
