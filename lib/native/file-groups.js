/*
 * Groups of file locks: all FileLocks of this thread on one file. A lock finds its group by
 * 'device:inode' and keeps it alive. A group refers to its members weakly, because an object that
 * holds its lock may be collected. Collected groups and members are removed from time to time.
 *
 * A thread may load several copies of this package: one module loaded again over the same addon, or
 * two installations. A lock that one copy holds is a deadlock for the synchronous calls of all copies.
 * So the groups lie on the global object of the thread's main context, where every copy finds them.
 * The number in the key is the version of the methods that the copies call on each other's locks:
 * conflicts(request), suspend(), resume().
 */
'use strict';

const binding = require('./binding');

const KEY = Symbol.for('mmapipc.file-groups.1');

function groupsOfThread() {
  const global = binding.global ?? globalThis;
  if (global[KEY] === undefined) {
    /* id -> WeakRef to { members: [WeakRef], sweepAt } */
    const made = { groups: new global.Map(), sweepAt: 16 };
    Object.defineProperty(global, KEY, { value: made, configurable: true });
  }
  return global[KEY];
}

const all = groupsOfThread();

function groupOf(id) {
  const { groups } = all;
  let group = groups.get(id)?.deref();
  if (group === undefined) {
    if (groups.size >= all.sweepAt) {
      for (const [key, ref] of groups) if (ref.deref() === undefined) groups.delete(key);
      all.sweepAt = Math.max(16, groups.size * 2);
    }
    group = { members: [], sweepAt: 16 };
    groups.set(id, new WeakRef(group));
  }
  return group;
}

function join(group, lock) {
  if (group.members.length >= group.sweepAt) {
    group.members = group.members.filter((ref) => ref.deref() !== undefined);
    group.sweepAt = Math.max(16, group.members.length * 2);
  }
  group.members.push(new WeakRef(lock));
}

module.exports = { groupOf, join };
