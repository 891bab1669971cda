/*
 * Creation: regions in a file, which exist until the file is removed. Three processes open
 * the region of one path (they create it or not, or only if it does not exist) and close it, or
 * some of them remove it with unlink(), as often as they like, and die at any step. At first there
 * is no file, or one with foreign content; another program may truncate a finished region. The
 * rules:
 *   - The process that holds the creation lock of the inode at the path creates the region,
 *     whichever process created the file.
 *   - It creates one in a file that is empty, or has our magic without a version, if no process
 *     holds a byte of the file.
 *   - It writes the magic first, then allocates the space, and stores the version last.
 *
 * Forbidden states, each a boolean that is asserted:
 *   two_live      a process attaches, by the path, while others are attached to another inode, and
 *                 no unlink() came between
 *   stray         a process attaches to an inode that is not at the path
 *   unfinished    a process attaches to an incomplete region
 *   remade        a region is initialised that is finished, or to which a process is attached
 *   foreign_lost  foreign content is overwritten, or its file removed
 *   false_exists  EEXIST ('exclusive') for a region that was never finished
 *   stuck         all have ended, the file is not foreign, and one more open gets no region
 * pan also looks for deadlock (a process waits forever). For PAIR, two processes that from some
 * moment on neither die nor give up waiting, it looks for deadlock, and for a cycle in which
 * neither makes progress.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_CREATION_LOCK     remade           both find it unfinished, the second comes too late
 * BROKEN_CREATOR_MAKES        remade           stalls after O_CREAT, others finish it meanwhile
 * BROKEN_LOOKS_BEFORE_LOCK    remade           the header has changed by the time it holds the lock
 * BROKEN_VERSION_FIRST        unfinished       it dies between the version and the rest
 * BROKEN_MAKES_UNDER_USERS    remade           truncated while in use, it looks unfinished
 * BROKEN_NO_RECHECK           stray, two_live  the lock of a removed inode excludes no process
 * BROKEN_SAME_INODE           cycle            waits for an inode that will not come back
 * BROKEN_REMOVE_WITHOUT_LOCK  stray            another has checked the path, not yet attached
 * BROKEN_REMOVE_NO_RECHECK    stray            it waited for a removed inode, and removes another
 * BROKEN_EXCLUSIVE_BY_FILE    false_exists     O_EXCL fails on a file whose creator died
 * BROKEN_VERSION_ALONE        foreign_lost     a foreign file may have a zero there
 * BROKEN_REMOVES_ANYTHING     foreign_lost     unlink() of a file that is no region
 * BROKEN_SPACE_FIRST          stuck            the creator dies, and a file of zeros looks foreign
 * BROKEN_LOCK_OUTLIVES        deadlock         a lock that is not released at its holder's death
 */
#include "include/inodes.pml"

bool two_live, stray, unfinished, remade, foreign_lost, false_exists, stuck;
bool final;  /* all have ended, and one more open must get a region */
bool served; /* it has got one */

#define FINISHED(k) (node[k].marked && node[k].version)
#define WHOLE(k) (FINISHED(k) && node[k].filled)
/* It was never whole, and has no foreign content. */
#define UNTRUE_OF(k) (!WHOLE(k) && !node[k].cut && !node[k].foreign)

/* The header, as read. */
#define STRANGE 1 /* it has content without our magic */
#define UNMADE 2  /* empty, or left unfinished by a dead process */
#define REGION 3

inline sys_read_header() {
  if
#ifdef BROKEN_VERSION_ALONE
  :: found = (node[i].version -> REGION : UNMADE)
#else
  :: found = (FINISHED(i) -> REGION : (node[i].marked || !node[i].sized -> UNMADE : STRANGE))
#endif
  OR_DIE
  fi
}

inline attach() {
  FORBID(two_live, OWNED_ELSEWHERE);
  FORBID(stray, path != i);
  FORBID(unfinished, !WHOLE(i) && !node[i].cut);
  uses = true;
  node[i].users++;
  served = final
}

inline sys_take_byte() {
  if
  :: d_step { take_byte(WRITE_BYTE); attach() }
  OR_DIE
  fi
}

inline sys_unlink() {
  if
  :: d_step {
       FORBID(foreign_lost, node[path].foreign);
       node[path].removed = (path != NONE);
       path = NONE
     }
  OR_DIE
  fi
}

/* ftruncate(0): the leftovers of a dead process are discarded. */
inline sys_empty() {
  if
  :: d_step {
       FORBID(remade, node[i].users > 0 || FINISHED(i));
       FORBID(foreign_lost, node[i].foreign);
       clear_content(i)
     }
  OR_DIE
  fi
}

/* Writes the first page of the header, without a version, in one call. */
inline sys_mark() {
  if
  :: d_step { node[i].sized = true; node[i].marked = true }
  OR_DIE
  fi
}

/* posix_fallocate, then the rest of the header. */
inline sys_fill() {
  if
  :: d_step { node[i].sized = true; node[i].filled = true }
  OR_DIE
  fi
}

inline store_version() {
  if
  :: node[i].version = true
  OR_DIE
  fi
}

inline make_region() {
  sys_empty();
#ifdef BROKEN_SPACE_FIRST
  sys_fill();
  sys_mark();
  store_version()
#else
  sys_mark();
#ifdef BROKEN_VERSION_FIRST
  store_version();
  sys_fill()
#else
  sys_fill();
  store_version()
#endif
#endif
}

/* Ends with a byte held, or jumps: to done, or to again to start again. */
inline open_region() {
  if
#if defined(BROKEN_CREATOR_MAKES)
  :: atomic { created = (path == NONE); sys_open(true) }
#elif defined(BROKEN_EXCLUSIVE_BY_FILE)
  :: d_step { path != NONE -> FORBID(false_exists, UNTRUE_OF(path)) }; goto done
#endif
  :: sys_open(true)
  :: !final -> sys_open(false)
  fi;
  if
  :: i == NONE -> goto done /* ENOENT */
  :: i != NONE
  fi;
#ifdef BROKEN_LOOKS_BEFORE_LOCK
  sys_read_header();
#endif
wait:
#ifndef BROKEN_NO_CREATION_LOCK
  if
  :: sys_flock()
  :: d_step { node[i].locked && !patient -> drop_inode() }; goto done /* ERR_MMAPIPC_TIMEOUT */
  fi;
#endif
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
#ifdef BROKEN_CREATOR_MAKES
  if
  :: created -> make_region(); goto made
  :: !created
  fi;
#endif
#ifndef BROKEN_LOOKS_BEFORE_LOCK
  sys_read_header();
#endif
  if
  :: found == STRANGE -> goto refused
  :: found == REGION
  :: found == REGION && !final -> /* 'exclusive' */
     d_step { FORBID(false_exists, UNTRUE_OF(i)) };
     goto refused
  :: found == UNMADE ->
#ifdef BROKEN_MAKES_UNDER_USERS
     alone = true;
#else
     sys_probe();
#endif
     if
     :: alone -> make_region()
     :: alone && !final -> goto refused /* ENOENT: create is false */
     :: !alone -> goto refused          /* ERR_MMAPIPC_TRUNCATED */
     fi
  fi;
made:
  sys_take_byte();
  sys_unflock()
}

/* Leaving removes nothing, so it needs no lock. */
inline leave_region() {
  if
  :: d_step { stop_using(); drop_byte(); drop_inode() }
  OR_DIE
  fi
}

/* unlink(): removes a region, also an unfinished one. */
inline remove_file() {
#ifndef BROKEN_REMOVE_WITHOUT_LOCK
  sys_flock();
#endif
  sys_read_header();
  if
  :: path != i
#if defined(BROKEN_REMOVES_ANYTHING)
  :: path == i -> sys_unlink()
#elif defined(BROKEN_REMOVE_NO_RECHECK)
  :: true -> sys_unlink()
#else
  :: path == i && found == STRANGE
  :: path == i && found != STRANGE -> sys_unlink()
#endif
  fi
}

/* A death ends a session; the next session is another process. */
proctype Opener() {
  PROCESS_STATE;
  byte found;
  bool created;
  do
  :: !final -> break
  :: true ->
again:
     open_region();
     leave_region();
     goto done;
refused:
     sys_close();
     goto done;
died:
     sys_exit();
done:
progress:
     atomic { alone = false; found = 0; created = false };
     if
     :: final -> break
     :: !final
     fi
  od
}

/* unlink(), and another program that truncates a finished region. */
proctype Other() {
  PROCESS_STATE;
  byte found;
  do
  :: break
  :: d_step { FINISHED(path) -> clear_content(path); node[path].cut = true }
  :: true ->
     sys_open(false);
     if
     :: i == NONE -> goto done
     :: i != NONE -> remove_file()
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
     found = 0
  od
}

init {
  if
  :: true
  :: deaths = true
  fi;
  if
  :: d_step { make_inode(); node[path].sized = true; node[path].foreign = true }
  :: true
  fi;
  atomic {
    run Opener();
    if
#ifdef PAIR
    :: run Other()
    :: run Opener()
#else
    :: run Other(); run Other()
    :: run Other(); run Opener()
    :: run Opener(); run Opener()
#endif
    fi
  };
#ifdef PAIR
  /* At any moment: this is a step like any other. */
  atomic { deaths = false; patient = true };
#endif
  _nr_pr == 1;
  atomic { deaths = false; patient = true; final = true };
  run Opener();
  _nr_pr == 1;
  FORBID(stuck, !served && !node[path].foreign)
}
