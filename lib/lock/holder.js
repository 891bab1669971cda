/*
 * The process that holds the lock of a file, for the message of a timeout: read from /proc/locks of Linux.
 */
'use strict';

const fs = require('node:fs');

/* Bytes, not a string: @vercel/nft adds files that a literal path names to a deployment. */
const LOCKS = Buffer.from('/proc/locks');

/*
 * { pid } of the process that holds the file's lock, or undefined if it is not known. `id` is
 * 'device:inode', with the device number of stat. `shares`: the request is shared or for a range, and
 * takes a shared flock itself; so each of several shared flocks may belong to the holder.
 */
function holderOf(id, shares) {
  const holders = flocksOf(id);
  const writer = holders.find(({ kind }) => kind === 'WRITE');
  if (writer !== undefined) return { pid: writer.pid };
  const others = shares ? holders.filter(({ pid }) => pid !== process.pid) : holders;
  if (others.length === 0 || (shares && others.length > 1)) return undefined;
  return { pid: others[0].pid };
}

/* [{ kind: 'READ' | 'WRITE', pid }] of the holders of a flock on the file, without the waiters. */
function flocksOf(id) {
  let text;
  try {
    text = fs.readFileSync(LOCKS, 'latin1');
  } catch {
    return [];
  }
  const [device, inode] = id.split(':').map(BigInt);
  /* the reverse of glibc's makedev(3) */
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  const hex = (number) => number.toString(16).padStart(2, '0');
  const wanted = `${hex(major)}:${hex(minor)}:${inode}`;
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, type, , , pid, file]) => type === 'FLOCK' && file === wanted && Number(pid) > 0)
    .map(([, , , kind, pid]) => ({ kind, pid: Number(pid) }));
}

module.exports = { holderOf };
