/*
 * The lock of an Mmap, which is that of its file or of its region, and its default options.
 */
'use strict';

const { MmapipcError } = require('../base/errors');
const { FileLock } = require('../lock/file-lock');
const { RegionLock } = require('../lock/region-lock');
const { describe } = require('../region/options');
const { errorOf, readOnlyLockError } = require('../native/status');

/* `owner`: the Mmap. A held or awaited lock keeps it alive. */
function lockOf(owner, handle, spec, fileId) {
  if (spec.anonymous) {
    throw new MmapipcError(
      'ERR_MMAPIPC_UNSUPPORTED',
      'memory of this process alone has no lock; use { size } without "private", or a file, to share it',
    );
  }
  if (spec.place === undefined) {
    const path = owner.file;
    const fileError = (status) => errorOf(status, 'flock', owner.file);
    return new FileLock(handle, { id: fileId, path, errorOf: fileError });
  }
  if (spec.attachReadOnly) throw readOnlyLockError();
  return new RegionLock(handle, {
    object: owner,
    what: describe(spec),
    errorOf: (status) => errorOf(status, 'lock', owner.name),
  });
}

/* The defaults for lock/methods.js. As in IPC::Mmap, a read-only mapping locks its file shared. */
function lockDefaults(spec, size, writable) {
  const shared = !writable && spec.place === undefined;
  return {
    whole: { shared, offset: 0, length: 0, start: 0 },
    shared,
    timeout: spec.timeout,
    ranges: spec.place === undefined,
    size,
    base: spec.offset,
  };
}

module.exports = { lockDefaults, lockOf };
