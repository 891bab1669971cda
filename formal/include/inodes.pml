/*
 * What the models of birth and leaving see of the system: one path, the inodes made at it, and what
 * open, flock, byte locks, close and a death do to them. Included by birth.pml and leave.pml; no
 * model of its own.
 *
 * An inline whose name begins with sys_ is one system call, hence one step: others act between any
 * two of them, and before any of them the process may be killed (OR_DIE). Two calls are one step
 * only where nobody could tell the difference: a look at the path with the close() that follows
 * when the inode is gone, and the bytes given back with the lock under which alone they are read.
 */
#include "forbid.pml"

#define NONE 0
#define SLOTS 5 /* inodes 1 to 4: each of three processes has one open, the path names a fourth */

/*
 * One inode. Its nlink is 1 while path names it, else 0: the rule's "nlink > 0 and the path still
 * this inode" is one question here. A slot is used again, as the kernel uses numbers again, but not
 * while somebody has the inode open: that is why comparing numbers is enough.
 */
typedef Inode {
  byte refs;    /* processes that have it open */
  bool locked;  /* flock, the birth lock */
  byte writers; /* participants' bytes held, F_WRLCK */
  byte readers; /* the same of read-only attachers, F_RDLCK */
  bool sized;   /* the file is not empty */
  bool marked;  /* it begins with our magic */
  bool filled;  /* the header is whole and the space is taken */
  bool version; /* the version is stored: the region is finished */
  /* The rest is for the assertions only; no rule reads it. */
  bool foreign; /* somebody else's bytes */
  bool cut;     /* an outsider has truncated it */
  bool removed; /* by an explicit unlink(), which those attached survive */
  byte users;   /* objects attached */
  byte mapped;  /* the same, and those closed that still have the mapping */
}

byte path = NONE; /* the inode that the name leads to */
Inode node[SLOTS];
bool deaths;  /* processes may die */
bool patient; /* nobody gives up waiting for the birth lock */

/* Somebody is attached to another inode than mine, and no unlink() has taken the name from it. */
#define OWNED(k) (k != i && node[k].users > 0 && !node[k].removed)
#define OWNED_ELSEWHERE (OWNED(1) || OWNED(2) || OWNED(3) || OWNED(4))

#define OR_DIE :: d_step { deaths -> lose_memory() }; goto died

#define NO_BYTE 0
#define WRITE_BYTE 1
#define READ_BYTE 2

/* What a process has, besides its place in the code. */
#define PROCESS_STATE \
  byte i = NONE; /* the inode that I have open */ \
  bool locks;    /* I hold its birth lock */ \
  byte presence; /* the byte of it that I hold */ \
  bool uses;     /* I am one of its users */ \
  bool maps;     /* I am one of its mapped */ \
  bool alone     /* what sys_probe told */

/* Where nothing is at the path: a new inode, in the lowest free slot. */
inline make_inode() {
  path = 1;
  do
  :: node[path].refs == 0 -> break
  :: else -> path++
  od
}

/* An inode that nobody can reach any more is forgotten, so that its slot is as new. */
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

/* A death begins: nothing of it runs any more. */
inline lose_memory() {
  stop_using();
  node[i].mapped = node[i].mapped - maps;
  maps = false
}

/* open(), with O_CREAT or without; i stays NONE where nothing is. */
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

/* flock() until it has it. One O_RDONLY descriptor is as good as another: LOCK_EX asks no more. */
inline sys_flock() {
  if
  :: d_step { !node[i].locked -> take_lock() }
  OR_DIE
  fi
}

/* LOCK_UN, not only close(): that would not let go while a forked child has a copy. */
inline sys_unflock() {
  if
  :: d_step { drop_lock() }
  OR_DIE
  fi
}

/* Gives back all there is of the inode: lock, mapping, descriptors. */
inline sys_close() {
  if
  :: d_step { drop_inode() }
  OR_DIE
  fi
}

/* Does anybody else hold a byte? F_OFD_GETLK over all of them, with F_WRLCK. */
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

/* A death: memory goes first, then the descriptors with their locks one by one, in any order. */
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
