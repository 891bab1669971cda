/*
 * The watch of a lock's owner (src/sync/owner_watch.h): two waiters of one process, their watch, and
 * two processes elsewhere that take the lock, sleep for it, release it and die at any step. The lock
 * itself is the subject of lock.pml; here every word counts as marked with C.
 *
 * The rules:
 *   - A waiter that finds the lock taken enters its sleep in the watch, if the watch is on exactly
 *     this owner. Then nothing ends the sleep but a wake. Otherwise it asks the watch to turn to
 *     this owner, and sleeps for a slice.
 *   - The watch blocks until the owner is dead, a signal interrupts it, or the system refuses. A
 *     signal that comes before the call is lost. Then it refuses all sleeps, and wakes those that
 *     were entered until all have left.
 *   - A release wakes all if the lock was held for so long that a waiter may have entered a sleep.
 *
 * pan looks for deadlock: a waiter sleeps forever. The waiters must both get the lock. In C such a
 * sleep ends after a quarter of a second; nothing here relies on that. A waiter that must not ask
 * the kernel now, because another one has just asked, sleeps as if the owner were alive.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_WAKES_ONCE        deadlock  a waiter has entered its sleep, and does not sleep yet
 * BROKEN_WAKES_FIRST       deadlock  another enters its sleep after the wakes
 * BROKEN_RELIES_ON_ANY     deadlock  the watch is on the previous owner
 * BROKEN_RELIES_ON_WISH    deadlock  the watch was told to turn to this owner, and never got there
 * BROKEN_SEES_NO_PAST      deadlock  the owner was dead before the watch blocked
 * BROKEN_REFUSED_SILENTLY  deadlock  the system refuses the call, and waiters rely on it
 * BROKEN_RELEASE_WAKES_ONE deadlock  the one that it wakes takes the lock and dies
 */

#define FREE 0
#define FIRST 1 /* 1 and 2: the waiters of our process, which does not die */
#define ELSEWHERE 3
#define SLEEPER 4
byte owner = FREE;
bool dead[5];   /* the kernel reports it; by number, from 1 */
bool long_held; /* a waiter has entered a sleep for this acquisition */

#define AWAKE 0
#define ARMED 1 /* has read the word; FUTEX_WAIT would find it unchanged */
#define ASLEEP 2
#define CALLED_OFF 3
#define WOKEN 4
byte at[5] = AWAKE;

#define CALL_OFF(k) at[k] = (at[k] == ARMED -> CALLED_OFF : at[k])
inline set_word(number) {
  owner = number;
  CALL_OFF(1);
  CALL_OFF(2)
}

inline take_word(number) {
  set_word(number);
  long_held = false
}

#define ROUSE(k) at[k] = (at[k] == ASLEEP -> WOKEN : at[k])
inline wake_all() {
  ROUSE(1);
  ROUSE(2);
  ROUSE(SLEEPER)
}

#define WAKE(k) :: at[k] == ASLEEP -> at[k] = WOKEN
inline wake_one() {
  if WAKE(1) WAKE(2) WAKE(SLEEPER) :: else fi
}

/* The state of the watch, under its monitor. */
byte wanted, watched, ended;
bool refused;
bool entered[3];
bool in_call, signalled;

#if defined(BROKEN_RELIES_ON_ANY)
#define IS_WATCHED (watched != 0)
#elif defined(BROKEN_RELIES_ON_WISH)
#define IS_WATCHED (wanted == seen)
#else
#define IS_WATCHED (watched == seen && wanted == seen)
#endif

inline turn_to(number) {
  if
  :: !refused && ended != number ->
     wanted = number;
     signalled = in_call
  :: else
  fi
}

inline release() {
  d_step { wakes_all = long_held; set_word(FREE) }
}

inline wake_after_release() {
#ifdef BROKEN_RELEASE_WAKES_ONE
  atomic { wake_one(); wakes_all = false }
#else
  if
  :: d_step { wakes_all -> wake_all(); wakes_all = false }
  :: atomic { !wakes_all -> wake_one() }
  fi
#endif
}

proctype Waiter(byte me) {
  byte seen;
  bool wakes_all;
look:
  if
  :: d_step { owner == FREE || dead[owner] -> take_word(me) }; goto holds
  :: d_step { owner != FREE -> seen = owner; at[me] = ARMED }
  fi;
  if
  :: d_step {
       IS_WATCHED ->
       entered[me] = true;
       long_held = (long_held || owner == seen)
     }
  :: d_step { !IS_WATCHED -> turn_to(seen) }
  fi;
  if
  :: d_step { at[me] == ARMED -> at[me] = ASLEEP }
  :: at[me] == CALLED_OFF -> goto leave
  fi;
  if
  :: at[me] == WOKEN
  :: d_step { at[me] == ASLEEP && !entered[me] -> at[me] = WOKEN } /* its slice ends */
  fi;
leave:
  skip;
  d_step { at[me] = AWAKE; entered[me] = false; seen = 0 };
  goto look;
holds:
  skip;
  release();
  wake_after_release()
}

/* Another process, until it has held the lock once: it would have another number the next time. One of
 * the two sleeps for the lock, in slices, so that it may take a wake. */
proctype Elsewhere(byte me) {
  bool wakes_all;
  do
  :: d_step { owner == FREE || (owner != me && dead[owner]) -> take_word(me) };
     if
     :: release()
     :: goto dies
     fi;
     if
     :: true -> wake_after_release()
     :: goto dies
     fi;
     break
  :: d_step { me == SLEEPER && owner != FREE -> at[me] = ASLEEP };
     if
     :: at[me] = AWAKE /* it was woken, or its slice has ended */
     :: goto dies
     fi
  :: break
  od;
  if
  :: goto dies
  :: goto done /* it lives on, and does nothing */
  fi;
dies:
  skip;
  d_step { at[me] = AWAKE; dead[me] = true };
done:
  skip
}

#define HAS_SLEEPS (entered[1] || entered[2])

inline wake_entered() {
#ifdef BROKEN_WAKES_ONCE
  d_step { wake_all() }
#else
  do
  :: d_step { HAS_SLEEPS -> wake_all() }
  :: !HAS_SLEEPS -> break
  od;
  skip
#endif
}

proctype Watch() {
  byte number;
#ifdef BROKEN_SEES_NO_PAST
  bool was_dead;
#endif
end_idle:
  do
  :: d_step { wanted != 0 -> number = wanted; watched = number };
again:
     if
     :: d_step {
          in_call = true;
#ifdef BROKEN_SEES_NO_PAST
          was_dead = dead[number]
#endif
        }
     :: d_step { refused = true; watched = 0; wanted = 0 };
#ifndef BROKEN_REFUSED_SILENTLY
        wake_entered();
#endif
        goto over
     fi;
end_in_call:
     if
#ifdef BROKEN_SEES_NO_PAST
     :: d_step { dead[number] && !was_dead -> in_call = false };
#else
     :: d_step { dead[number] -> in_call = false };
#endif
#ifdef BROKEN_WAKES_FIRST
        wake_entered();
#endif
        d_step { ended = number; watched = 0; wanted = (wanted == number -> 0 : wanted) }
     :: d_step { signalled -> signalled = false; in_call = false };
        if
        :: wanted == number -> goto again
        :: d_step { wanted != number -> watched = 0 }
        fi
     fi;
#ifndef BROKEN_WAKES_FIRST
     wake_entered();
#endif
     d_step { signalled = false; number = 0 }
  od;
over:
  skip
}

init {
  atomic {
    run Waiter(FIRST);
    run Waiter(FIRST + 1);
    run Elsewhere(ELSEWHERE);
    run Elsewhere(ELSEWHERE + 1);
    run Watch()
  }
}
