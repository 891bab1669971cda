/*
 * The waiter that process 1 of lock.pml may have: a thread that waits for the same lock, and what
 * both know of its wait. They look at that under a monitor, which is free between any two steps but
 * TAKING and DONE. Included by lock.pml; no model of its own.
 */

#define IDLE 0
#define WAITING 1
#define TAKING 2 /* has the word, and is yet to say RECOVERED */
#define DONE 3   /* has won, and the process is not told */
byte wait = IDLE;
bool fresh;         /* it has not looked yet */
bool thread_waited; /* as `waited` of a process */
bool threaded;      /* there is a waiter */

#ifdef TOLD_WHEN_WON
bool recovered_when_won;
#endif

#define THREAD_HAS_WAITED \
  (!fresh && (thread_waited || at[THREAD] == WOKEN || at[THREAD] == CALLED_OFF))
#define THREAD_LOOKS (wait == WAITING && at[THREAD] != ARMED && at[THREAD] != ASLEEP)

inline begin_wait() {
  wait = WAITING;
  fresh = true
}

inline end_wait() {
  wait = IDLE;
  fresh = false;
  thread_waited = false
}

inline thread_takes() {
  take_waiting(1);
  at[THREAD] = AWAKE;
  fresh = false;
  thread_waited = false
}

inline win() {
#ifdef TOLD_WHEN_WON
  recovered_when_won = recovered;
#endif
#ifdef BROKEN_CLEARED_WHEN_WON
  recovered = false;
#endif
  wait = DONE
}

/* What it has in hand is the process's, and dies with it: so this is the next one's thread, too. */
proctype Thread() {
end:
  do
  :: d_step {
       THREAD_LOOKS && owner == FREE && (!kept || THREAD_HAS_WAITED) ->
       thread_takes();
       win()
     }
  :: d_step { THREAD_LOOKS && owner == DEAD -> thread_takes(); wait = TAKING }
  :: d_step { wait == TAKING -> recovered = true; win() }
  :: d_step { /* what its own process has is another's for it */
       THREAD_LOOKS && owner != DEAD && (owner != FREE || (kept && !THREAD_HAS_WAITED)) ->
       thread_waited = THREAD_HAS_WAITED;
       fresh = false;
       mark_word(thread_waited);
       at[THREAD] = ARMED
     }
  :: d_step { at[THREAD] == ARMED -> at[THREAD] = ASLEEP }
  :: d_step { at[THREAD] == ASLEEP && SLICE_ENDS(THREAD) -> at[THREAD] = WOKEN }
  :: atomic { /* the wait is over, and the wake was perhaps for another */
       wait == IDLE && at[THREAD] == WOKEN ->
       at[THREAD] = AWAKE;
#ifndef BROKEN_CANCEL_EATS_WAKE
       if WAKE(1) WAKE(2) :: else fi
#endif
     }
  od
}
