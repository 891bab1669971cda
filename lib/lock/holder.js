/*
 * Who holds the lock of a file, for the message of a timeout: as Linux tells in /proc/locks.
 */
'use strict';

const fs = require('node:fs');

/* As bytes: a tracer of deployments (@vercel/nft) would ship what a literal path names. */
const LOCKS = Buffer.from('/proc/locks');

/*
 * { pid } of the process that holds the file's lock, or undefined where nobody can tell. `id` is
 * 'device:inode', the device as stat has it; `shares`: the request is a range or shared, and takes a
 * shared flock itself, so that of several shared ones any may be the one in its way.
 */
function holderOf(id, shares) {
  const holders = flocksOf(id);
  const writer = holders.find(({ kind }) => kind === 'WRITE');
  if (writer !== undefined) return { pid: writer.pid };
  const others = shares ? holders.filter(({ pid }) => pid !== process.pid) : holders;
  if (others.length === 0 || (shares && others.length > 1)) return undefined;
  return { pid: others[0].pid };
}

/* [{ kind: 'READ' | 'WRITE', pid }] of those that hold a flock on the file; not those that wait. */
function flocksOf(id) {
  let text;
  try {
    text = fs.readFileSync(LOCKS, 'latin1');
  } catch {
    return [];
  }
  const [device, inode] = id.split(':').map(BigInt);
  /* makedev(3) of glibc, taken apart */
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
