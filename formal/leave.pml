/*
 * Leaving: regions with a name, which live while somebody is attached. Three processes open and
 * close the region of one name, sweep it when they open another name, or remove it with unlink(),
 * as often as they like, and die anywhere. The rules are these: whoever holds the birth lock of the
 * inode that the path names may make it, attach to it or unlink it, and nobody else; what nobody
 * holds a byte of is a left-over, unlinked and never made anew in place, unless it was never
 * finished; the last to leave unlinks.
 *
 * What must never be, each a boolean that is asserted:
 *   two_live        somebody attaches, by the name, while others are attached to another inode, and
 *                   no unlink() has come between
 *   stray           somebody attaches to an inode that the path does not name
 *   unfinished      somebody attaches to a region whose version is not stored
 *   remade          a region is initialised while somebody has it mapped
 *   unlinked_live   the path is taken from somebody attached, other than by unlink()
 *   wrong_unlinked  what is unlinked is not the inode that was looked at
 *   file_left       all have ended and a file is there, though nobody died; or though one more open
 *                   and close has been, of this name or of another
 * To these pan adds deadlock (somebody waits for ever); and for PAIR, two processes that from some
 * moment on neither die nor give up waiting, deadlock again and a cycle in which nobody gets
 * anything done.
 *
 * The twins: each lacks one rule, and must break what stands beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_RECHECK           stray, two_live  the lock of an inode that is gone keeps nobody out
 * BROKEN_SAME_INODE           cycle            waits for an inode that will not come back
 * BROKEN_BYTE_AFTER_UNLOCK    unlinked_live    who leaves last does not see who has just come
 * BROKEN_BYTE_BEFORE_VERSION  unfinished       of a dead maker the lock may fall before the byte
 * BROKEN_REINIT               remade           who has given back his byte may have it mapped yet
 * BROKEN_READERS_UNSEEN       unlinked_live    a probe with F_RDLCK calls a reader's byte free
 * BROKEN_LEAVE_WITHOUT_LOCK   unlinked_live    somebody attaches between probe and unlink
 * BROKEN_LEAVE_NO_RECHECK     wrong_unlinked   unlink() came before, the path is another's now
 * BROKEN_LEAVE_NONBLOCKING    file_left        of two who leave one sees a byte, one a lock
 * BROKEN_BYTE_DROPPED_LATE    file_left        of two who leave each sees the other's byte
 * BROKEN_SWEEP_WITHOUT_LOCK   unlinked_live    somebody attaches between probe and unlink
 * BROKEN_SWEEP_NO_RECHECK     unlinked_live    nobody is on the old inode, but on the new one
 * BROKEN_SWEEP_SPARES_UNMADE  file_left        the maker is dead, and the name is not used again
 * BROKEN_REMOVE_WITHOUT_LOCK  stray            somebody has looked at the path, not yet attached
 * BROKEN_REMOVE_NO_RECHECK    wrong_unlinked   it waited for an inode that is gone
 * BROKEN_GIVING_UP_LEAVES     file_left        nobody is attached who would take the file along
 * BROKEN_LOCK_OUTLIVES        deadlock         a lock that does not fall with its holder
 */
#include "include/inodes.pml"

bool two_live, stray, unfinished, remade, unlinked_live, wrong_unlinked, file_left;
bool final; /* all have ended, one comes once more */

/* unlink(path): it takes what is there, whatever the caller looked at before. */
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

/* The version is stored last, and only then a byte taken: "a byte is held" says "finished". */
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
 * Unlinks what nobody holds. Then starts again, or gives up: who does not want to make a region
 * (create: false, readOnly) or cannot (ENOSPC) leaves none behind either.
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

/* Comes back with a byte held, or goes to done or, to start again, to again. */
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
  :: !alone /* somebody is here: attach, or be told EEXIST or ERR_MMAPIPC_TOO_SMALL */
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
 * Unlinks if nobody else is here. The byte is given back under the lock, so that of two who leave
 * the second sees that it is the last. (Given back before the lock is taken is right as well.)
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

/* Another name is opened: what nobody holds goes, unless somebody has it in hand. */
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

/* unlink(): those attached keep it. */
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

/* A death is the end of a session; the next one is another process's. */
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
  /* At any moment: this is a step like those of the processes. */
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
