/*
 * Opening the region of a Share, and what a power failure may have left in a file.
 */
'use strict';

const { openRegion } = require('./region');

/* [handle, isUnclean]: the caller has yet to check the checksum of what a power failure has left. A
 * read-only attachment does that first: a writer that leaves declares it whole. */
function openWhole(Share, owner, spec) {
  try {
    return [openRegion(owner, spec), false];
  } catch (error) {
    if (error.code !== 'ERR_MMAPIPC_UNCLEAN' || !spec.checksum) throw error;
  }
  const { where: path, timeout, anyFilesystem, attachReadOnly } = spec;
  if (!attachReadOnly) {
    Share.open({ path, readOnly: true, checksum: true, timeout, anyFilesystem }).close();
  }
  return [openRegion(owner, { ...spec, acceptUnclean: true }), attachReadOnly];
}

module.exports = { openWhole };
