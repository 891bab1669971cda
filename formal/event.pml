/*
 * The event of a region: one word, (count << 1) | W. Three processes publish, wait for publications
 * of others, or do both in turn, and die at any step; one of them may be attached read-only. A
 * waiter may be a watch: a thread that sends one wake-up, and is quiet until it is armed again.
 *
 * The rules:
 *   - A publisher holds the lock. It increments the count, which clears W, wakes all if W was set,
 *     and only then releases the lock.
 *   - A waiter knows a count, sets W while that is still the count, and sleeps as long as the word
 *     stays the same; for a slice at most, as a publisher may die before it wakes.
 *   - A process that takes the lock from a dead owner wakes all.
 *   - A watch is armed with the count of its last wake-up.
 *   - A read-only process cannot set W, and polls.
 *
 * Forbidden states, each a boolean that is asserted:
 *   unheard     nothing moves, and a process sleeps that does not know the last publication: after
 *               a run without deaths, even if no slice ever ends; after deaths, if slices end, or
 *               if a process takes the lock once more
 *   idle_wake   a publisher is about to wake, and no process has set W since the last such wake
 *   went_back   the count decreases
 * pan also looks for deadlock.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_SLEEPS_UNCOMPARED      unheard    a publication between the check and the sleep
 * BROKEN_SETS_W_BY_STORE        went_back  the count has changed by now
 * BROKEN_SETS_W_ON_ANY          unheard    it sleeps on a count that it has never reported
 * BROKEN_READER_SLEEPS          unheard    it sleeps without W, and no process knows of it
 * BROKEN_REARMED_WITH_NEXT      unheard    a publication between the read and the arming
 * BROKEN_COUNTS_BY_STORE        unheard    W was set between the check and the store
 * BROKEN_WAKES_FIRST            unheard    another falls asleep between the wake and the count
 * BROKEN_WAKES_ONE              unheard    two sleep
 * BROKEN_W_STAYS                idle_wake  the process that set it was notified long ago
 * BROKEN_WAITERS_COUNTED        idle_wake  a dead process is counted forever
 * BROKEN_NO_SLICES              unheard    the publisher is dead, and no process takes the lock
 * BROKEN_RECOVERY_SILENT        unheard    the same, and one takes it
 * BROKEN_RECOVERY_READS_W       unheard    the dead publisher has cleared it
 * BROKEN_UNLOCKED_BEFORE_WAKE   unheard    it dies in between without the lock: no recovery follows
 */
#include "include/forbid.pml"

#define MOST 3 /* publications in total: the count never wraps */

byte count;
bool w;

/* The lock, as verified in lock.pml. DEAD: the owner is dead, and the kernel reports it. */
#define FREE 0
#define DEAD 5
byte owner = FREE;

#define AWAKE 0
#define ARMED 1
#define ASLEEP 2
#define NAPS 3 /* read-only: ends by itself */
byte at[5] = AWAKE;

byte seen[5]; /* the count of the last wake-up of each, or its first count */

bool deaths; /* processes may die */
bool slices; /* slices end */

/* The rest is for the assertions only; no rule reads it. */
bool unheard, idle_wake, went_back;
byte known[5]; /* the count when each last read the published state */
bool asked;    /* W was set since a publisher was last about to wake */
byte highest;
#ifdef BROKEN_WAITERS_COUNTED
byte waiters;
#endif

#define IS_UNHEARD(k) (at[k] == ASLEEP && known[k] != count)

#ifdef BROKEN_NO_SLICES
#define SLICES false
#else
#define SLICES slices
#endif
#ifdef BROKEN_SETS_W_ON_ANY
#define SLEPT_ON slept_on
#else
#define SLEPT_ON seen[me]
#endif
#ifdef BROKEN_WAITERS_COUNTED
#define UNCOUNT waiters--
#define IS_COUNTED (at[1] == ARMED || at[2] == ARMED || at[3] == ARMED) /* and is alive */
#else
#define UNCOUNT skip
#define IS_COUNTED false
#endif

#define OR_DIE :: d_step { deaths -> lose_memory() }; goto died

inline lose_memory() {
  at[me] = AWAKE;
  seen[me] = 0;
  known[me] = 0
}

inline set_count(next) {
  count = next;
  FORBID(went_back, count < highest);
  highest = count
}

#ifdef BROKEN_WAITERS_COUNTED
#define WAKE(k) waiters = waiters - (at[k] == ASLEEP); at[k] = (at[k] == ASLEEP -> AWAKE : at[k])
#define IS_ASKED (waiters > 0)
#else
#define WAKE(k) at[k] = (at[k] == ASLEEP -> AWAKE : at[k])
#define IS_ASKED w
#endif

inline sys_wake_all() {
  if
  :: d_step { WAKE(1); WAKE(2); WAKE(3) }
  OR_DIE
  fi
}

#ifdef BROKEN_WAKES_ONE
inline sys_wake_one() {
  if
  :: atomic {
       if
       :: at[1] == ASLEEP -> WAKE(1)
       :: at[2] == ASLEEP -> WAKE(2)
       :: at[3] == ASLEEP -> WAKE(3)
       :: else
       fi
     }
  OR_DIE
  fi
}
#endif

inline lock() {
  if
  :: d_step { owner == FREE -> owner = me }
#if defined(BROKEN_RECOVERY_SILENT)
  :: d_step { owner == DEAD -> owner = me }
#elif defined(BROKEN_RECOVERY_READS_W)
  :: d_step { owner == DEAD -> owner = me };
     if
     :: w -> sys_wake_all()
     :: !w
     fi
#else
  :: d_step { owner == DEAD -> owner = me }; sys_wake_all()
#endif
  OR_DIE
  fi
}

inline unlock() {
  if
  :: d_step { owner = (owner == me -> FREE : owner) }
  OR_DIE
  fi
}

/* The compare-and-swap: the load of the word and a successful swap are one step. */
inline count_up() {
  if
#ifdef BROKEN_COUNTS_BY_STORE
  :: wakes = w;
     next = count + 1;
     d_step { set_count(next); w = false }
#else
  :: d_step {
       wakes = IS_ASKED;
       set_count(count + 1);
#ifndef BROKEN_W_STAYS
       w = false;
#endif
       FORBID(idle_wake, wakes && !asked);
       asked = ((asked && !wakes) || IS_COUNTED)
     }
#endif
  OR_DIE
  fi
}

/* With the lock held; releases it. */
inline publish() {
#ifdef BROKEN_WAKES_FIRST
  wakes = w;
  if
  :: wakes -> sys_wake_all()
  :: !wakes
  fi;
  count_up();
  wakes = false;
#else
  count_up();
#endif
#ifdef BROKEN_UNLOCKED_BEFORE_WAKE
  unlock();
#endif
  if
#ifdef BROKEN_WAKES_ONE
  :: wakes -> sys_wake_one()
#else
  :: wakes -> sys_wake_all()
#endif
  :: !wakes
  fi;
  unlock()
}

inline set_w() {
#ifdef BROKEN_WAITERS_COUNTED
  waiters++;
  asked = true;
#else
  asked = (asked || !w);
#endif
  w = true;
  at[me] = ARMED
}

/* Until it is stopped. A sleep is no deadlock here: unheard covers it. */
inline watch() {
  d_step { seen[me] = count; known[me] = count };
look:
  if
  :: d_step { count != seen[me] -> seen[me] = count }; goto notify
#if defined(BROKEN_SETS_W_BY_STORE)
  :: count == seen[me] && !read_only -> d_step { set_count(seen[me]); set_w() }
#elif defined(BROKEN_SETS_W_ON_ANY)
  :: count == seen[me] && !read_only -> d_step { set_w(); slept_on = count }
#else
  :: d_step { count == seen[me] && !read_only -> set_w() }
#endif
#ifdef BROKEN_READER_SLEEPS
  :: d_step { count == seen[me] && read_only -> at[me] = ARMED }
#else
  :: d_step { count == seen[me] && read_only -> at[me] = NAPS }
#endif
  OR_DIE
  fi;
  if
#ifdef BROKEN_SLEEPS_UNCOMPARED
  :: d_step { at[me] == ARMED -> at[me] = ASLEEP }
#else
  :: d_step { at[me] == ARMED && count == SLEPT_ON -> at[me] = ASLEEP }
  :: d_step { at[me] == ARMED && count != SLEPT_ON -> at[me] = AWAKE; UNCOUNT }
#endif
  :: at[me] == NAPS
  OR_DIE
  fi;
end_asleep:
  /* A slice or nap that ends with the same count changes nothing, and is left out. */
  if
  :: at[me] == AWAKE -> goto look
  :: d_step { at[me] == ASLEEP && SLICES && count != seen[me] -> at[me] = AWAKE; UNCOUNT };
     goto look
  :: d_step { at[me] == NAPS && count != seen[me] -> at[me] = AWAKE }; goto look
  :: d_step { at[me] == AWAKE && deaths -> lose_memory() }; goto died /* or before, asleep */
  fi;
notify:
  if
  :: known[me] = count
  OR_DIE
  fi;
#ifdef BROKEN_REARMED_WITH_NEXT
  seen[me] = count;
#endif
  if
  :: goto look
  :: true
  fi
}

/* A death ends a session; the next session is another process with another number. */
proctype Process(byte me; bool read_only) {
  bool wakes;
#ifdef BROKEN_COUNTS_BY_STORE
  byte next;
#endif
#ifdef BROKEN_SETS_W_ON_ANY
  byte slept_on;
#endif
  do
  :: true -> break
  :: true ->
     watch();
     goto done
  :: !read_only ->
     lock();
     if
     :: count < MOST -> publish()
     :: true -> unlock() /* it was taken for something else */
     fi;
     goto done;
died:
     owner = (owner == me -> DEAD : owner);
done:
     atomic { wakes = false; seen[me] = 0; known[me] = 0 }
  od
}

/* When nothing moves, a process takes the lock once more; if it dies, another one, and so on. */
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
  :: deaths = true; slices = true
  :: deaths = true; visited = true
  fi;
  atomic {
    run Process(1, false);
    run Process(2, false);
    if
    :: run Process(3, false)
    :: run Process(3, true)
    fi
  };
  timeout;
  if
  :: visited -> run Visitor(4); timeout
  :: !visited
  fi;
  FORBID(unheard, IS_UNHEARD(1) || IS_UNHEARD(2) || IS_UNHEARD(3))
}
