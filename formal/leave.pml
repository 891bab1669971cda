/*
 * Leaving: regions with a name, which exist while a process is attached. Three processes open and
 * close the region of one name, sweep it when they open another name, or remove it with unlink(),
 * as often as they like, and die at any step. The rules:
 *   - Only the process that holds the creation lock of the inode at the path may create a region in
 *     it, attach to it, or unlink it.
 *   - A file of which no process holds a byte is stale: it is unlinked and never reused in place,
 *     unless it was never finished.
 *   - The last process to leave unlinks the file.
 *
 * Forbidden states, each a boolean that is asserted:
 *   two_live        a process attaches, by the name, while others are attached to another inode,
 *                   and no unlink() came between
 *   stray           a process attaches to an inode that is not at the path
 *   unfinished      a process attaches to a region whose version is not stored
 *   remade          a region is initialised while a process has it mapped
 *   unlinked_live   the path is removed while a process is attached, other than by unlink()
 *   wrong_unlinked  the unlinked inode is not the one that was checked
 *   file_left       all have ended and a file exists although no process died; or although one more
 *                   open and close followed, of this name or of another
 * pan also looks for deadlock (a process waits forever). For PAIR, two processes that from some
 * moment on neither die nor give up waiting, it looks for deadlock, and for a cycle in which
 * neither makes progress.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_RECHECK           stray, two_live  the lock of a removed inode excludes no process
 * BROKEN_SAME_INODE           cycle            waits for an inode that will not come back
 * BROKEN_BYTE_AFTER_UNLOCK    unlinked_live    the last to leave does not see a new participant
 * BROKEN_BYTE_BEFORE_VERSION  unfinished       at a death the lock may be released before the byte
 * BROKEN_REINIT               remade           a process without its byte may still have it mapped
 * BROKEN_READERS_UNSEEN       unlinked_live    a probe with F_RDLCK does not see a reader's byte
 * BROKEN_LEAVE_WITHOUT_LOCK   unlinked_live    another attaches between probe and unlink
 * BROKEN_LEAVE_NO_RECHECK     wrong_unlinked   unlink() came before, the path has another inode now
 * BROKEN_LEAVE_NONBLOCKING    file_left        of two that leave one sees a byte, the other a lock
 * BROKEN_BYTE_DROPPED_LATE    file_left        of two that leave each sees the other's byte
 * BROKEN_SWEEP_WITHOUT_LOCK   unlinked_live    another attaches between probe and unlink
 * BROKEN_SWEEP_NO_RECHECK     unlinked_live    the old inode is unused, but the new one is in use
 * BROKEN_SWEEP_SPARES_UNMADE  file_left        its creator is dead, and the name is not used again
 * BROKEN_REMOVE_WITHOUT_LOCK  stray            another has checked the path, not yet attached
 * BROKEN_REMOVE_NO_RECHECK    wrong_unlinked   it waited for a removed inode
 * BROKEN_GIVING_UP_LEAVES     file_left        no process is attached that would unlink it
 * BROKEN_LOCK_OUTLIVES        deadlock         a lock that is not released at its holder's death
 */
#include "include/inodes.pml"

bool two_live, stray, unfinished, remade, unlinked_live, wrong_unlinked, file_left;
bool final; /* all have ended, and one more process runs */

/* unlink(path): removes what is there now, whatever the caller has checked before. */
inline sys_unlink(explicit) {
  if
  :: d_step {
       FORBID(wrong_unlinked, path != i && path != NONE);
       FORBID(unlinked_live, !explicit && path != NONE && node[path].users > 0);
       node[path].removed = (explicit && path != NONE);
       path = NONE
     }
  OR_DIE
  fi
}

inline attach() {
  FORBID(two_live, OWNED_ELSEWHERE);
  FORBID(stray, path != i);
  FORBID(unfinished, !node[i].version);
  uses = true;
  maps = true;
  node[i].users++;
  node[i].mapped++
}

inline sys_take_byte() {
  if
  :: d_step { take_byte(kind); attach() }
  OR_DIE
  fi
}

/* The version is stored last, and the byte is taken after it: a held byte means a finished region.
 * */
inline make_region() {
#ifdef BROKEN_BYTE_BEFORE_VERSION
  d_step { take_byte(WRITE_BYTE) };
#endif
  d_step { FORBID(remade, node[i].mapped > 0); node[i].version = false };
  if
  :: node[i].version = true
  OR_DIE
  fi
#ifdef BROKEN_BYTE_BEFORE_VERSION
  ;
  d_step { drop_byte() }
#endif
}

/*
 * Unlinks a file that no process holds. Then starts again, or gives up: an open that must not
 * create a region (create: false, readOnly) or cannot (ENOSPC) leaves no file behind either.
 */
inline replace_region() {
  if
  :: sys_unlink(false)
#ifdef BROKEN_GIVING_UP_LEAVES
  :: true
#endif
  fi;
  if
  :: node[i].version -> sys_close(); goto again
  :: sys_close(); goto done
  fi
}

/* Ends with a byte held, or jumps: to done, or to again to start again. */
inline open_region() {
  if
  :: sys_open(true)
  :: sys_open(false)
  fi;
  if
  :: i == NONE -> goto done /* ENOENT */
  :: i != NONE
  fi;
wait:
  if
  :: sys_flock()
  :: d_step { node[i].locked && !patient -> drop_inode() }; goto done /* ERR_MMAPIPC_TIMEOUT */
  fi;
  if
  :: path == i
#if defined(BROKEN_NO_RECHECK)
  :: path != i
#elif defined(BROKEN_SAME_INODE)
  :: path != i -> sys_unflock(); goto wait
#else
  :: d_step { path != i -> drop_inode() }; goto again
#endif
  fi;
  sys_probe();
  if
  :: !alone /* it is in use: attach, or fail with EEXIST or ERR_MMAPIPC_TOO_SMALL */
  :: d_step { !alone -> drop_inode() }; goto done
#ifdef BROKEN_REINIT
  :: alone -> make_region()
#else
  :: alone && !node[i].version -> make_region()
#endif
  :: alone -> replace_region()
  fi;
#ifdef BROKEN_BYTE_AFTER_UNLOCK
  d_step { attach() };
  sys_unflock();
  take_byte(kind)
#else
  sys_take_byte();
  sys_unflock()
#endif
}

/*
 * Unlinks if no other process is attached. The byte is released under the lock, so that of two that
 * leave the second sees that it is the last. (Releasing it before the lock is taken is correct
 * too.)
 */
inline leave_region() {
  if
#ifdef BROKEN_LEAVE_WITHOUT_LOCK
  :: d_step { stop_using() }
#else
  :: d_step { !node[i].locked -> take_lock(); stop_using() }
#endif
#ifdef BROKEN_LEAVE_NONBLOCKING
  :: d_step { node[i].locked -> stop_using() }; goto unseen
#endif
  OR_DIE
  fi;
  if
  :: path != i
#ifdef BROKEN_LEAVE_NO_RECHECK
  :: true ->
#else
  :: path == i ->
#endif
     sys_probe();
     if
     :: alone -> sys_unlink(false)
     :: !alone
     fi
  fi;
#ifdef BROKEN_BYTE_DROPPED_LATE
  sys_unflock();
#endif
unseen:
  if
  :: d_step { drop_byte(); drop_lock() }
  OR_DIE
  fi;
  sys_close()
}

/* At the open of another name: unlinks a stale file, unless its lock is taken. */
inline sweep() {
#ifndef BROKEN_SWEEP_WITHOUT_LOCK
  if
  :: d_step { !node[i].locked -> take_lock() }
  :: d_step { node[i].locked -> drop_inode() }; goto done
  OR_DIE
  fi;
#endif
  if
  :: path != i
#ifdef BROKEN_SWEEP_NO_RECHECK
  :: true ->
#else
  :: path == i ->
#endif
     sys_probe();
     if
#ifdef BROKEN_SWEEP_SPARES_UNMADE
     :: alone && !node[i].version
     :: alone && node[i].version -> sys_unlink(false)
#else
     :: alone -> sys_unlink(false)
#endif
     :: !alone
     fi
  fi
}

/* unlink(): attached processes keep the region. */
inline remove_name() {
#ifndef BROKEN_REMOVE_WITHOUT_LOCK
  sys_flock();
#endif
  if
  :: path != i
#ifdef BROKEN_REMOVE_NO_RECHECK
  :: true -> sys_unlink(true)
#else
  :: path == i -> sys_unlink(true)
#endif
  fi
}

/* A death ends a session; the next session is another process. */
proctype Opener(byte kind) {
  PROCESS_STATE;
  do
  :: !final -> break
  :: true ->
again:
     open_region();
     leave_region();
     goto done;
died:
     sys_exit();
done:
progress:
     alone = false;
     if
     :: final -> break
     :: !final
     fi
  od
}

proctype Cleaner() {
  PROCESS_STATE;
  do
  :: !final -> break
  :: true ->
     sys_open(false);
     if
     :: i == NONE -> goto done
     :: i != NONE -> sweep()
     :: i != NONE -> remove_name()
     fi;
     sys_close();
     goto done;
died:
     if
     :: i != NONE -> d_step { drop_inode() }
     :: i == NONE
     fi;
done:
progress:
     alone = false;
     if
     :: final -> break
     :: !final
     fi
  od
}

init {
  bool safe; /* a run without deaths */
  if
  :: safe = true
  :: deaths = true
  fi;
  atomic {
    run Opener(READ_BYTE);
    if
#ifdef PAIR
    :: run Cleaner()
    :: run Opener(WRITE_BYTE)
#else
    :: run Cleaner(); run Cleaner()
    :: run Cleaner(); run Opener(WRITE_BYTE)
    :: run Opener(WRITE_BYTE); run Opener(WRITE_BYTE)
#endif
    fi
  };
#ifdef PAIR
  /* At any moment: this is a step like any other. */
  atomic { deaths = false; patient = true };
#endif
  _nr_pr == 1;
  FORBID(file_left, path != NONE && safe);
  atomic { deaths = false; patient = true; final = true };
  if
  :: run Opener(WRITE_BYTE)
  :: run Cleaner()
  fi;
  _nr_pr == 1;
  FORBID(file_left, path != NONE)
}
