/*
 * Birth: regions in a file, which live until somebody removes them. Three processes open the region
 * of one path (to have it made or not, or made by nobody else) and close it, or some of them remove
 * it with unlink(), as often as they like, and die anywhere. At first there is no file, or one with
 * a stranger's bytes; what is finished an outsider may truncate. The rules are these: the maker is
 * who holds the birth lock of the inode that the path names, whoever created the file; it makes
 * what is empty, or has our magic without a version, if nobody holds a byte of it; it writes the
 * magic first, then takes the space, and stores the version last.
 *
 * What must never be, each a boolean that is asserted:
 *   two_live      somebody attaches, by the path, while others are attached to another inode, and
 *                 no unlink() has come between
 *   stray         somebody attaches to an inode that the path does not name
 *   unfinished    somebody attaches to a region that is not whole
 *   remade        a region is initialised that is finished, or that somebody is attached to
 *   foreign_lost  a stranger's bytes are overwritten, or their file removed
 *   false_exists  EEXIST ('exclusive') is told of what was never finished
 *   stuck         all have ended, no stranger's file is there, and one more open gets no region
 * To these pan adds deadlock (somebody waits for ever); and for PAIR, two processes that from some
 * moment on neither die nor give up waiting, deadlock again and a cycle in which nobody gets
 * anything done.
 *
 * The twins: each lacks one rule, and must break what stands beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_BIRTH_LOCK        remade           both find it unmade, the second comes too late
 * BROKEN_CREATOR_MAKES        remade           stalled after O_CREAT, others have made it meanwhile
 * BROKEN_LOOKS_BEFORE_LOCK    remade           what it saw is no longer so once it has the lock
 * BROKEN_VERSION_FIRST        unfinished       the maker dies between version and the rest
 * BROKEN_MAKES_UNDER_USERS    remade           truncated under somebody, it looks as if unmade
 * BROKEN_NO_RECHECK           stray, two_live  the lock of an inode that is gone keeps nobody out
 * BROKEN_SAME_INODE           cycle            waits for an inode that will not come back
 * BROKEN_REMOVE_WITHOUT_LOCK  stray            somebody has looked at the path, not yet attached
 * BROKEN_REMOVE_NO_RECHECK    stray            it waited for one that is gone, and takes another
 * BROKEN_EXCLUSIVE_BY_FILE    false_exists     O_EXCL fails on a file whose maker died
 * BROKEN_VERSION_ALONE        foreign_lost     a stranger's file may have a zero there
 * BROKEN_REMOVES_ANYTHING     foreign_lost     unlink() of a file that is no region
 * BROKEN_SPACE_FIRST          stuck            the maker dies, and zeros are a stranger's
 * BROKEN_LOCK_OUTLIVES        deadlock         a lock that does not fall with its holder
 */
#include "include/inodes.pml"

bool two_live, stray, unfinished, remade, foreign_lost, false_exists, stuck;
bool final;  /* all have ended, one comes once more, who has to get a region */
bool served; /* and has got it */

#define FINISHED(k) (node[k].marked && node[k].version)
#define WHOLE(k) (FINISHED(k) && node[k].filled)
/* Nor was it ever whole, nor has a stranger bytes there. */
#define UNTRUE_OF(k) (!WHOLE(k) && !node[k].cut && !node[k].foreign)

/* What a header is found to be. */
#define STRANGE 1 /* there are bytes, but not our magic */
#define UNMADE 2  /* empty, or begun by one who died */
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

/* ftruncate(0): what a dead maker left is no beginning. */
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

/* The first page of the header, without a version, in one write. */
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

/* Comes back with a byte held, or goes to done or, to start again, to again. */
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
#ifndef BROKEN_NO_BIRTH_LOCK
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

/* Nothing is to be tidied up, so no lock is needed. */
inline leave_region() {
  if
  :: d_step { stop_using(); drop_byte(); drop_inode() }
  OR_DIE
  fi
}

/* unlink(): takes away a region, or what may become one. */
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

/* A death is the end of a session; the next one is another process's. */
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

/* unlink(), and an outsider who truncates what is finished. */
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
  /* At any moment: this is a step like those of the processes. */
  atomic { deaths = false; patient = true };
#endif
  _nr_pr == 1;
  atomic { deaths = false; patient = true; final = true };
  run Opener();
  _nr_pr == 1;
  FORBID(stuck, !served && !node[path].foreign)
}
