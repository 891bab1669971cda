/*
 * The bell of a region (src/sync/bell.h): two publishers, which hold the lock while they publish and
 * may die at any step, and two listeners, which arm the bell, read the version, and sleep until the
 * bell rings.
 *
 * The stores of a process wait in its store buffer. They reach memory in any order, at any time, at
 * the latest with its next fence; those of a dead process reach memory too. A ring is a system call:
 * both listeners receive it, and no earlier store is in the buffer any more.
 *
 * Forbidden states, each a boolean that is asserted:
 *   unheard     nothing moves, and a listener sleeps that does not know the last publication: after
 *               a run without deaths, or after deaths, if a process takes the lock once more
 *   idle_ring   a publisher rings, and no listener has armed the bell since the last ring
 * pan also looks for deadlock.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_LOOKS_FIRST            unheard    a publication between the read and the arming
 * BROKEN_ARMS_UNFENCED          unheard    the arming is still in the buffer when the version is read
 * BROKEN_PUBLISHES_UNFENCED     unheard    the publication is still in the buffer when armed is read
 * BROKEN_ASKS_FIRST             unheard    armed between the read of armed and the publication
 * BROKEN_CLEARS_LAST            unheard    armed again before the clearing, which removes it
 * BROKEN_RECOVERY_SILENT        unheard    the dead publisher has cleared armed
 * BROKEN_RECOVERY_READS_ARMED   unheard    the same
 * BROKEN_RINGS_UNASKED          idle_ring  no listener has armed the bell
 */
#include "include/forbid.pml"

#define MOST 3 /* publications in all */
#define FREE 0
#define DEAD 9

byte owner = FREE;

/* Memory, and the store buffers of publishers 1 and 2 and of listeners 3 and 4. */
byte version;
bool armed;
bool has_version[5], has_armed[5];
byte new_version[5];
bool new_armed[5];

/* Of listeners: a pending ring; the version read last. */
bool rung[5];
byte seen[5];

bool deaths, finished;

/* For the assertions only. */
bool unheard, idle_ring;
bool asked; /* armed since the last ring */

#define OR_DIE :: deaths -> goto died

inline drain_version(k) { version = new_version[k]; has_version[k] = false; new_version[k] = 0 }
inline drain_armed(k) { armed = new_armed[k]; asked = (asked || armed); has_armed[k] = false; new_armed[k] = false }

inline drain(k) {
  d_step {
    if
    :: has_version[k] -> drain_version(k)
    :: else
    fi;
    if
    :: has_armed[k] -> drain_armed(k)
    :: else
    fi
  }
}

/* The store buffers empty themselves, in any order. */
proctype Buffers() {
end:
  do
  :: d_step { has_version[1] -> drain_version(1) }
  :: d_step { has_version[2] -> drain_version(2) }
  :: d_step { has_armed[1] -> drain_armed(1) }
  :: d_step { has_armed[2] -> drain_armed(2) }
  :: d_step { has_armed[3] -> drain_armed(3) }
  :: d_step { has_armed[4] -> drain_armed(4) }
  :: finished -> break
  od
}

/* The value that a process itself loads: its own store, if that is still in the buffer. */
#define VERSION(k) (has_version[k] -> new_version[k] : version)
#define ARMED(k) (has_armed[k] -> new_armed[k] : armed)

inline ring() {
  if
  :: d_step {
       rung[3] = true;
       rung[4] = true;
       asked = armed
     }
  OR_DIE
  fi
}

inline store_version() {
  if
  :: d_step { new_version[me] = VERSION(me) + 1; has_version[me] = true }
  OR_DIE
  fi
}

inline clear_armed() {
  if
  :: d_step { new_armed[me] = false; has_armed[me] = true }
  OR_DIE
  fi
}

inline publish() {
#ifdef BROKEN_ASKS_FIRST
  is_armed = ARMED(me);
  store_version();
  drain(me);
#else
  store_version();
#ifndef BROKEN_PUBLISHES_UNFENCED
  drain(me);
#endif
  is_armed = ARMED(me);
#endif
#ifdef BROKEN_RINGS_UNASKED
  is_armed = true;
#endif
  if
  :: is_armed ->
#ifdef BROKEN_CLEARS_LAST
     drain(me);
     ring();
     clear_armed();
#else
     clear_armed();
     drain(me);
     d_step { FORBID(idle_ring, !asked) };
     ring();
#endif
  :: else
  fi;
  is_armed = false
}

/* Acquiring after a death: the kernel's answer orders the dead process's stores before it. */
inline lock() {
  if
  :: atomic { owner == FREE -> owner = me }
  :: atomic { owner == DEAD -> drain(1); drain(2); owner = me };
#if defined(BROKEN_RECOVERY_SILENT)
#elif defined(BROKEN_RECOVERY_READS_ARMED)
     if
     :: armed -> ring()
     :: else
     fi
#else
     ring()
#endif
  OR_DIE
  fi
}

/* A release: what was stored before is seen by whoever takes the lock. */
inline unlock() {
  if
  :: atomic { drain(me); owner = FREE }
  OR_DIE
  fi
}

proctype Publisher(byte me) {
  bool is_armed;
  do
  :: true -> break
  :: true ->
     lock();
     if
     :: VERSION(me) < MOST -> publish()
     :: true -> skip
     fi;
     unlock();
     goto done;
died:
     owner = (owner == me -> DEAD : owner);
     is_armed = false;
done:
     skip
  od
}

proctype Listener(byte me) {
  do
  :: true ->
#ifdef BROKEN_LOOKS_FIRST
     seen[me] = version;
#endif
     d_step { new_armed[me] = true; has_armed[me] = true };
#ifndef BROKEN_ARMS_UNFENCED
     drain(me);
#endif
#ifndef BROKEN_LOOKS_FIRST
     seen[me] = version;
#endif
end_asleep:
     if
     :: rung[me] -> rung[me] = false
     :: finished -> break
     fi
  od
}

/* When nothing moves, a process takes the lock once more. */
proctype Visitor(byte me) {
  do
  :: true ->
     lock();
     deaths = false;
     owner = FREE;
     break;
died:
     owner = (owner == me -> DEAD : owner)
  od
}

init {
  bool visited;
  if
  :: true
  :: deaths = true; visited = true
  fi;
  atomic {
    run Buffers();
    run Publisher(1);
    run Publisher(2);
    run Listener(3);
    run Listener(4)
  };
  timeout;
  if
  :: visited -> run Visitor(2); timeout
  :: else
  fi;
  d_step {
    FORBID(unheard, (seen[3] != version || seen[4] != version));
    finished = true
  }
}
