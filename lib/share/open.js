/*
 * Opens the region of a Share: checks that its codec goes with the requested one, and verifies the
 * checksum of a value that was open during a power failure.
 */
'use strict';

const binding = require('../native/binding');
const { codecMismatch } = require('../codec/errors');
const { CODECS, goesWith } = require('../codec/types');
const { openRegion } = require('../region/open');
const { describe } = require('../region/options');
const { field } = require('../native/status');

function openChecked(owner, spec) {
  const handle = openRegion(owner, spec);
  const found = field('codec');
  const { name } = spec.codec;
  if (goesWith(name, found, spec.attachReadOnly)) return handle;
  binding.close(handle, []);
  throw codecMismatch(describe(spec), CODECS[found], name);
}

/*
 * [handle, isUnclean]: isUnclean if the checksum must still be verified, after a power failure or reboot.
 * A writer marks the file as clean when it leaves, so a read-only attachment verifies the value before
 * a writer attaches. `open`: Share.open.
 */
function openWhole(owner, spec, open) {
  try {
    return [openChecked(owner, spec), false];
  } catch (error) {
    if (error.code !== 'ERR_MMAPIPC_UNCLEAN' || !spec.checksum) throw error;
  }
  const { where: path, timeout, anyFilesystem, attachReadOnly, codecOption: codec } = spec;
  if (!attachReadOnly) {
    open({ path, codec, readOnly: true, checksum: true, timeout, anyFilesystem }).close();
  }
  return [openChecked(owner, { ...spec, acceptUnclean: true }), attachReadOnly];
}

module.exports = { openWhole };
