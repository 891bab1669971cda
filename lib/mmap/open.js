/*
 * Opens the memory of a specification (mmap/options.js): a file, a region, or private memory.
 */
'use strict';

const binding = require('../native/binding');
const { openRegion } = require('../region/open');
const { openError } = require('../native/status');

/* The handle of C's mapping, which belongs to `owner`. Details are in the report (native/status.js). */
function openMapping(owner, spec) {
  if (spec.place !== undefined) return openRegion(owner, spec);
  const handle = spec.anonymous
    ? binding.openPrivate(owner, spec.length, spec.prot)
    : openFile(owner, spec);
  if (handle < 0) throw openError(handle, spec);
  return handle;
}

function openFile(owner, spec) {
  return binding.openFile(
    owner,
    spec.path ?? spec.fd,
    spec.offset,
    spec.length,
    spec.prot,
    spec.copyOnWrite,
    spec.protect,
    spec.anyFilesystem,
    spec.create,
    spec.mode,
    spec.onTruncate === 'throw',
    spec.path,
  );
}

module.exports = { openMapping };
