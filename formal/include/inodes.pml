/*
 * The system in the models creation.pml and leave.pml: one path, the inodes that are created at it,
 * and the effects of open, flock, byte locks, close and a death. It is no model of its own.
 *
 * An inline whose name begins with sys_ is one system call, and so one step: other processes run
 * between any two steps, and before each step the process may be killed (OR_DIE). Two calls are one
 * step only where no process could see the difference: a check of the path with the close() that
 * follows if the inode is gone, and a release of bytes with that of the lock under which alone they
 * are read.
 */
#include "forbid.pml"

#define NONE 0
#define SLOTS 5 /* inodes 1 to 4: each of three processes has one open, the path names a fourth */

/*
 * One inode. Its nlink is 1 while it is at the path, otherwise 0: the rule "nlink > 0 and the path
 * still leads to this inode" is one check here. A slot is reused, as the kernel reuses inode
 * numbers, but not while a process has the inode open: so comparing numbers is enough.
 */
typedef Inode {
  byte refs;    /* processes that have it open */
  bool locked;  /* flock, the creation lock */
  byte writers; /* participants' bytes held, F_WRLCK */
  byte readers; /* those of read-only participants, F_RDLCK */
  bool sized;   /* the file is not empty */
  bool marked;  /* it begins with our magic */
  bool filled;  /* the header is whole and the space is allocated */
  bool version; /* the version is stored: the region is finished */
  /* The rest is for the assertions only; no rule reads it. */
  bool foreign; /* it has foreign content */
  bool cut;     /* another program has truncated it */
  bool removed; /* by an explicit unlink(), after which attached processes keep it */
  byte users;   /* attached objects */
  byte mapped;  /* the same, and closed objects that still have the mapping */
}

byte path = NONE; /* the inode at the path */
Inode node[SLOTS];
bool deaths;  /* processes may die */
bool patient; /* no process gives up waiting for the creation lock */

/* A process is attached to another inode, and that inode was not removed by unlink(). */
#define OWNED(k) (k != i && node[k].users > 0 && !node[k].removed)
#define OWNED_ELSEWHERE (OWNED(1) || OWNED(2) || OWNED(3) || OWNED(4))

#define OR_DIE :: d_step { deaths -> lose_memory() }; goto died

#define NO_BYTE 0
#define WRITE_BYTE 1
#define READ_BYTE 2

/* The state of a process, besides its place in the code. */
#define PROCESS_STATE \
  byte i = NONE; /* the inode that it has open */ \
  bool locks;    /* it holds the creation lock */ \
  byte presence; /* the byte that it holds */ \
  bool uses;     /* it is one of the users */ \
  bool maps;     /* it is one of mapped */ \
  bool alone     /* the result of sys_probe */

/* If nothing is at the path: creates an inode in the lowest free slot. */
inline make_inode() {
  path = 1;
  do
  :: node[path].refs == 0 -> break
  :: else -> path++
  od
}

/* An unreachable inode is cleared, so that its slot can be reused. */
inline drop_inode() {
  drop_lock();
  node[i].mapped = node[i].mapped - maps;
  maps = false;
  node[i].refs--;
  if
  :: node[i].refs == 0 && i != path -> clear_content(i); node[i].removed = false
  :: else
  fi;
  i = NONE
}

inline clear_content(k) {
  node[k].sized = false;
  node[k].marked = false;
  node[k].filled = false;
  node[k].version = false;
  node[k].foreign = false;
  node[k].cut = false
}

inline take_lock() {
  node[i].locked = true;
  locks = true
}

inline drop_lock() {
  node[i].locked = (node[i].locked && !locks);
  locks = false
}

inline take_byte(kind) {
  presence = kind;
  node[i].writers = node[i].writers + (presence == WRITE_BYTE);
  node[i].readers = node[i].readers + (presence == READ_BYTE)
}

inline drop_byte() {
  node[i].writers = node[i].writers - (presence == WRITE_BYTE);
  node[i].readers = node[i].readers - (presence == READ_BYTE);
  presence = NO_BYTE
}

inline stop_using() {
  node[i].users = node[i].users - uses;
  uses = false
}

/* A death begins: its code no longer runs. */
inline lose_memory() {
  stop_using();
  node[i].mapped = node[i].mapped - maps;
  maps = false
}

/* open(), with O_CREAT or without; i stays NONE if there is no file. */
inline sys_open(create) {
  if
  :: d_step {
       if
       :: create && path == NONE -> make_inode()
       :: else
       fi;
       i = path;
       node[i].refs = node[i].refs + (i != NONE)
     }
  OR_DIE
  fi
}

/* flock() until it is taken. An O_RDONLY descriptor is enough for LOCK_EX. */
inline sys_flock() {
  if
  :: d_step { !node[i].locked -> take_lock() }
  OR_DIE
  fi
}

/* LOCK_UN, not only close(): with a copy in a forked child, close() would not release the lock. */
inline sys_unflock() {
  if
  :: d_step { drop_lock() }
  OR_DIE
  fi
}

/* Releases everything of the inode: lock, mapping, descriptors. */
inline sys_close() {
  if
  :: d_step { drop_inode() }
  OR_DIE
  fi
}

/* Whether another process holds a byte: F_OFD_GETLK over all bytes, with F_WRLCK. */
inline sys_probe() {
  if
#ifdef BROKEN_READERS_UNSEEN
  :: d_step { alone = (node[i].writers == (presence == WRITE_BYTE)) }
#else
  :: d_step { alone = (node[i].writers + node[i].readers == (presence != NO_BYTE)) }
#endif
  OR_DIE
  fi
}

/* A death: first the memory is lost, then the descriptors and their locks one by one, in any order.
 * */
inline sys_exit() {
  do
#ifdef BROKEN_LOCK_OUTLIVES
  :: locks -> locks = false
#else
  :: locks -> d_step { drop_lock() }
#endif
  :: presence != NO_BYTE -> d_step { drop_byte() }
  :: !locks && presence == NO_BYTE -> break
  od;
  if
  :: i != NONE -> d_step { drop_inode() }
  :: i == NONE
  fi
}
