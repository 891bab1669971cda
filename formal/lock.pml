/*
 * The lock of a region: one word, owner | S | C. Processes take it and release it as often as they
 * like, for a user or for an operation of the library's own, wait for it, try it, give up waiting,
 * and die at any step. One of them may also have a waiter: a thread that waits for the same object,
 * and may win the lock before its process knows.
 *
 * The rules:
 *   - A process that finds the word 0 takes it. Otherwise it reads the word.
 *   - It takes a free word if that is not kept (S), or if the process has waited. It then sets C,
 *     as others may wait. It takes the word of a dead owner in the same way, and then sets the
 *     recovery flag.
 *   - Otherwise it sets C, and S if it has waited, and sleeps as long as the word stays exactly the
 *     same, for a slice at most. It has waited once it was woken, or its slice has ended, or the
 *     word changed before it slept.
 *   - A process that only tries takes a kept word too, and does not change S and C.
 *   - A release leaves S, and wakes one if C was set. A process that gives up waiting wakes one.
 *   - A user that gets the lock is notified if the recovery flag is set; it then clears the flag
 *     before the release.
 *   - A lock that the waiter has won is lent to calls of its process.
 *
 * Forbidden states, each a boolean that is asserted:
 *   two_holders   two hold the lock
 *   stolen        it is taken from an owner that the kernel does not report dead
 *   unreported    an owner has died with it, and the next user is not notified
 *   false_report  a user is notified, and no owner has died since a notified one released it
 * pan also looks for deadlock: a process sleeps forever. Without deaths the model does not rely on
 * slices: they end only where a comment at SLICE_ENDS says that nothing else would help. For PAIR,
 * two processes that from some moment on neither die nor give up, pan also looks for a cycle in
 * which the first does not get the lock, although each runs when it can (FAIR). There the slices
 * are longer than anything else takes: a process that is woken, or about to sleep, goes on before
 * the slice of the other ends. (Of three, any that has waited may take a kept word.)
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_TAKES_BY_STORE         two_holders   another took it between the check and the store
 * BROKEN_TIME_IS_DEATH          stolen        a slow owner is not dead
 * BROKEN_LENDS_NOTHING          deadlock      it waits for a lock that only it could release
 * BROKEN_DELIVERS_WHILE_LENT    two_holders   one user holds it, and another gets it
 * BROKEN_CANCEL_RELEASES        two_holders   the wait is cancelled, and the lent lock released
 * BROKEN_SLEEPS_UNCOMPARED      deadlock      it was released between the check and the sleep
 * BROKEN_RELEASES_BY_STORE      deadlock      C was set between the check and the store
 * BROKEN_TAKES_WITHOUT_C        deadlock      others sleep, and no process will wake them
 * BROKEN_TRY_FORGETS_OTHERS     deadlock      the same, by a process that only tries
 * BROKEN_GIVING_UP_EATS_WAKE    deadlock      it was woken as it gave up, and another sleeps
 * BROKEN_CANCEL_EATS_WAKE       deadlock      the same, of the waiter
 * BROKEN_NO_SLICES_FOR_DEATHS   deadlock      a dying process wakes none, and is not dead at once
 * BROKEN_NO_SLICES_FOR_KEPT     deadlock      a process that has waited gives up, and S stays
 * BROKEN_NO_SLICES_FOR_WON      deadlock      it sleeps, its waiter is woken, and both wait
 * BROKEN_NO_S                   cycle         whenever it reads the word, another was faster
 * BROKEN_SLICE_IS_NOTHING       cycle         a word kept for one that gave up is never taken
 * BROKEN_CALLED_OFF_IS_NOTHING  cycle         whenever it is about to sleep, the word has changed
 * BROKEN_ASKS_ONCE              cycle         the kernel reported it alive, a moment too early
 * BROKEN_FLAG_BEFORE_SWAP       false_report  another was faster, its user was notified and is gone
 * BROKEN_FLAG_READ_WHEN_WON     false_report  the process that borrowed the lock was notified
 * BROKEN_NO_FLAG                unreported    an operation recovers, and does not pass it on
 * BROKEN_OPERATION_CLEARS       unreported    no user was notified
 * BROKEN_CLEARED_WHEN_WON       unreported    it is lent or released before a user is notified
 * BROKEN_CLEARED_AFTERWARDS     unreported    it may clear the flag of the next owner's death
 */
#include "include/forbid.pml"
#include "include/word.pml"

/* scripts/formal.js: a cycle counts only if every process that can run does so in it. */
#define FAIR

#if defined(BROKEN_FLAG_READ_WHEN_WON) || defined(BROKEN_CLEARED_WHEN_WON)
#define NOTIFIED_WHEN_WON
bool delivered; /* the holder got the lock from the waiter */
#endif
#ifdef BROKEN_NO_FLAG
bool recovers; /* the holder took the lock from a dead owner */
#endif

bool recovered; /* the recovery flag, another word */

bool deaths;  /* processes may die */
bool patient; /* no process gives up or only tries */

/* The rest is for the assertions only; no rule reads it. */
bool two_holders, stolen, unreported, false_report;
byte inside; /* the process that holds the lock and knows it; 0: none */
bool owed;   /* an owner has died, and no notified user has released the lock since */

#ifdef PAIR
#define IS_STILL(k) (at[k] == AWAKE || at[k] == ASLEEP)
#define SLICE_ENDS(k) (IS_STILL(1) && IS_STILL(2))
#else
#define SLICE_ENDS(k) (MAY_BE_DEAD || IS_LEFT_KEPT || (k == 1 && HAS_WON))
#endif
/* Where nothing else would wake a sleeper: the process that should may be dead; */
#ifdef BROKEN_NO_SLICES_FOR_DEATHS
#define MAY_BE_DEAD false
#else
#define MAY_BE_DEAD deaths
#endif
/* or the word is kept for a process that has given up; */
#ifdef BROKEN_NO_SLICES_FOR_KEPT
#define IS_LEFT_KEPT false
#else
#define IS_LEFT_KEPT (owner == FREE && kept)
#endif
/* or our own waiter was woken instead, and has won. */
#ifdef BROKEN_NO_SLICES_FOR_WON
#define HAS_WON false
#else
#define HAS_WON (wait == DONE)
#endif

#ifdef BROKEN_GIVING_UP_EATS_WAKE
#define GIVE_UP goto done
#else
#define GIVE_UP goto pass_on
#endif

inline take_word(number, s, c) {
  FORBID(stolen, owner != FREE && owner != DEAD);
  set_word(number, s, c)
}

/* By a process that waits: a word that is free or of a dead owner. */
inline take_waiting(number) {
#ifdef BROKEN_TAKES_WITHOUT_C
  take_word(number, false, false)
#else
  take_word(number, false, true)
#endif
}

#ifdef BROKEN_NO_S
#define KEEPS(has_waited) kept
#else
#define KEEPS(has_waited) (kept || has_waited)
#endif

/* Before a sleep. A word that is already marked stays untouched. */
inline mark_word(has_waited) {
  if
  :: !contended || kept != KEEPS(has_waited) -> set_word(owner, KEEPS(has_waited), true)
  :: else
  fi
}

#include "include/waiter.pml"

#define HAS_WAITER (threaded && me == 1)
#ifdef BROKEN_CALLED_OFF_IS_NOTHING
#define HAS_WAITED (waited || at[me] == WOKEN)
#else
#define HAS_WAITED (waited || at[me] == WOKEN || at[me] == CALLED_OFF)
#endif
#define IS_TAKEN (owner != FREE && owner != DEAD && owner != me)

#define OR_DIE :: d_step { deaths -> lose_memory() }; goto died

/* The process is killed, with its waiter. */
inline lose_memory() {
  owed = (owed || owner == me);
  inside = (inside == me -> 0 : inside);
  at[me] = AWAKE;
  at[THREAD] = (HAS_WAITER -> AWAKE : at[THREAD]);
  wait = (HAS_WAITER -> IDLE : wait);
  fresh = (HAS_WAITER -> false : fresh);
  thread_waited = (HAS_WAITER -> false : thread_waited);
#ifdef NOTIFIED_WHEN_WON
  delivered = (HAS_WAITER -> false : delivered);
#endif
}

/* The fast path and the slow one, until it holds the lock: jumps to taken or has_recovered. */
inline wait_for_lock() {
  if
#ifdef BROKEN_TAKES_BY_STORE
  :: owner == FREE && !kept && !contended -> take_word(me, false, false); goto taken
#else
  :: d_step { owner == FREE && !kept && !contended -> take_word(me, false, false) }; goto taken
#endif
  :: owner != FREE || kept
  OR_DIE
  fi;
look:
  if
  :: d_step { owner == FREE && (!kept || HAS_WAITED) -> take_waiting(me); at[me] = AWAKE };
     goto taken
#ifdef BROKEN_ASKS_ONCE
  :: d_step { owner == DEAD && !HAS_WAITED -> take_waiting(me) }; goto has_recovered
  :: d_step { owner == DEAD && HAS_WAITED -> waited = true; mark_word(true); at[me] = ARMED }
#elif defined(BROKEN_FLAG_BEFORE_SWAP)
  :: owner == DEAD ->
     recovered = true;
     if
     :: d_step { owner == DEAD -> take_waiting(me); at[me] = AWAKE }; goto taken
     :: owner != DEAD -> goto look
     fi
#else
  :: d_step { owner == DEAD -> take_waiting(me); at[me] = AWAKE }; goto has_recovered
#endif
#ifdef BROKEN_TIME_IS_DEATH
  :: d_step { owner != FREE && owner != me && HAS_WAITED -> take_waiting(me); at[me] = AWAKE };
     goto has_recovered
#endif
#ifndef BROKEN_LENDS_NOTHING
  :: d_step { owner == me && wait == DONE -> lent = true; at[me] = AWAKE }; goto taken
#endif
  :: d_step { /* a dead owner, too: the kernel may have been asked a moment too early */
       IS_TAKEN || (owner == FREE && kept && !HAS_WAITED) || (owner == DEAD && !patient) ->
#ifndef BROKEN_SLICE_IS_NOTHING
       waited = HAS_WAITED;
#endif
       mark_word(waited);
       at[me] = ARMED
     }
  OR_DIE
  fi;
  if
#ifdef BROKEN_SLEEPS_UNCOMPARED
  :: at[me] = ASLEEP
#else
  :: d_step { at[me] == ARMED -> at[me] = ASLEEP }
  :: at[me] == CALLED_OFF -> goto look
#endif
  :: d_step { !patient -> at[me] = AWAKE }; GIVE_UP /* for ASLEEP too */
  OR_DIE
  fi;
  if
  :: at[me] == WOKEN -> goto look
  :: d_step { at[me] == WOKEN && !patient -> at[me] = AWAKE }; GIVE_UP
  :: d_step { at[me] == ASLEEP && SLICE_ENDS(me) -> at[me] = WOKEN }; goto look
  :: d_step { at[me] == WOKEN && deaths -> lose_memory() }; goto died /* or ARMED, for ASLEEP */
  fi
}

/* One try; continues as wait_for_lock() does, or jumps to done. */
inline try_lock() {
  if
#ifdef BROKEN_TRY_FORGETS_OTHERS
  :: d_step { owner == FREE -> take_word(me, false, false) }; goto taken
#else
  :: d_step { owner == FREE -> take_word(me, kept, contended) }; goto taken
#endif
  :: d_step { owner == DEAD -> take_waiting(me) }; goto has_recovered
  :: d_step { owner == me && wait == DONE -> lent = true }; goto taken
  :: owner != FREE && owner != me -> goto done
  OR_DIE
  fi
}

/* With the word taken: reads the flag. */
inline enter() {
#if defined(BROKEN_NO_FLAG)
  notified = (is_user && recovers);
  recovers = false;
#elif defined(NOTIFIED_WHEN_WON)
  notified = (is_user && (delivered -> recovered_when_won : recovered));
  delivered = false;
#else
  notified = (is_user && recovered);
#endif
  FORBID(two_holders, inside != 0);
  FORBID(unreported, is_user && owed && !notified);
  FORBID(false_report, notified && !owed);
  inside = me
}

/* The object is closed, or its thread ends, while a user holds the lock: as if the owner had died.
 * */
inline abandon() {
  recovered = true;
  owed = true;
  notified = false;
  if
  :: HAS_WAITER -> end_wait(); lent = false
  :: else
  fi
}

/* While it holds the lock, a user may begin to wait for it once more, and cancel that. */
inline use_lock() {
  do
  :: d_step { is_user && HAS_WAITER && wait == IDLE -> begin_wait() }
  :: d_step { is_user && HAS_WAITER && wait == WAITING -> end_wait() }
#ifdef BROKEN_CANCEL_RELEASES
  :: d_step { is_user && lent -> end_wait(); set_word(FREE, kept, false) }
#else
  :: d_step { is_user && lent -> end_wait(); lent = false }
#endif
#ifdef BROKEN_DELIVERS_WHILE_LENT
  :: d_step { lent -> end_wait(); enter() }
#endif
  :: d_step { is_user && !patient -> abandon() }; break
  :: true -> break
  OR_DIE
  od
}

/* Before the release. */
inline clear_flag() {
  if
#ifdef BROKEN_OPERATION_CLEARS
  :: d_step { !is_user && recovered -> recovered = false }
#endif
#ifdef BROKEN_CLEARED_AFTERWARDS
  :: d_step { notified -> owed = false }
#else
  :: d_step { notified -> recovered = false; owed = false; notified = false }
#endif
  :: !notified
  OR_DIE
  fi
}

/* Releases the word, or returns a lent lock to the waiter; continues if a process must be woken. */
inline release() {
  if
  :: d_step { lent -> inside = 0 }; goto done
#ifdef BROKEN_RELEASES_BY_STORE
  :: contended -> d_step { inside = 0; set_word(FREE, kept, false) }
  :: !contended -> d_step { inside = 0; set_word(FREE, kept, false) }; goto done
#else
  :: d_step { !lent && contended -> inside = 0; set_word(FREE, kept, false) }
  :: d_step { !lent && !contended -> inside = 0; set_word(FREE, kept, false) }
#ifndef BROKEN_CLEARED_AFTERWARDS
     ;
     goto done
#endif
#endif
  OR_DIE
  fi
#ifdef BROKEN_CLEARED_AFTERWARDS
  ;
  if
  :: notified -> recovered = false
  :: !notified
  fi
#endif
}

/* A death ends a session; the next session is another process with another number. */
proctype Process(byte me) {
  bool is_user; /* it takes the lock for a user, not for an operation of ours */
  bool waited;  /* it was woken, or has slept for a slice */
  bool notified;
  bool lent; /* by the waiter */
  do
#ifdef PAIR
  :: me != 1 -> break
#else
  :: !HAS_WAITER || wait == IDLE -> break
#endif
  OR_DIE
  :: d_step { HAS_WAITER && wait == IDLE -> begin_wait() }
  :: d_step { HAS_WAITER && wait == WAITING -> end_wait() }
  :: HAS_WAITER && wait == WAITING -> /* and does nothing else meanwhile */
     wait == DONE
  :: d_step { HAS_WAITER && wait == DONE -> end_wait() }; goto leave
  :: d_step { HAS_WAITER && wait == DONE -> end_wait(); is_user = true };
#ifdef NOTIFIED_WHEN_WON
     delivered = true;
#endif
     goto taken
  :: true ->
     if
     :: is_user = true
     :: true
     fi;
     if
     :: wait_for_lock()
     :: !patient -> try_lock()
     fi;
has_recovered:
     if
     :: recovered = true
     OR_DIE
     fi;
#ifdef BROKEN_NO_FLAG
     recovers = true;
#endif
taken:
     if
     :: d_step { enter() }
     OR_DIE
     fi;
     if
     :: me == 1 ->
progress:
        skip
     :: me != 1
     fi;
     use_lock();
     clear_flag();
leave:
     release();
pass_on:
     if
     :: atomic { true -> if WAKE(1) WAKE(2) WAKE(3) WAKE(THREAD) :: else fi }
     OR_DIE
     fi;
     goto done;
died:
     owner = (owner == me -> DEAD : owner);
done:
     atomic { is_user = false; waited = false; notified = false; lent = false }
  od
}

init {
  atomic {
#ifdef PAIR
    deaths = true;
    run Process(1);
    run Process(2)
#else
    if
    :: true
    :: deaths = true
    fi;
    run Process(1);
    run Process(2);
    if
    :: threaded = true; run Thread()
    :: run Process(3)
    fi
#endif
  };
#ifdef PAIR
  /* At any moment: this is a step like any other. */
  atomic { deaths = false; patient = true }
#endif
}
