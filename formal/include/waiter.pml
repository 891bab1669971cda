/*
 * The waiter that process 1 of lock.pml may have: a thread that waits for the same lock, and the
 * shared state of its wait. Both access that under a monitor, which is free between any two steps
 * except TAKING and DONE. It is no model of its own.
 */

#define IDLE 0
#define WAITING 1
#define TAKING 2 /* has the word, and has yet to set the recovery flag */
#define DONE 3   /* has won, and the process does not know yet */
byte wait = IDLE;
bool fresh;         /* it has not read the word yet */
bool thread_waited; /* like `waited` of a process */
bool threaded;      /* there is a waiter */

#ifdef NOTIFIED_WHEN_WON
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
#ifdef NOTIFIED_WHEN_WON
  recovered_when_won = recovered;
#endif
#ifdef BROKEN_CLEARED_WHEN_WON
  recovered = false;
#endif
  wait = DONE
}

/* Its state belongs to the process and is lost with it: so this is also the thread of the next one.
 * */
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
  :: d_step { /* its own process counts as another owner */
       THREAD_LOOKS && owner != DEAD && (owner != FREE || (kept && !THREAD_HAS_WAITED)) ->
       thread_waited = THREAD_HAS_WAITED;
       fresh = false;
       mark_word(thread_waited);
       at[THREAD] = ARMED
     }
  :: d_step { at[THREAD] == ARMED -> at[THREAD] = ASLEEP }
  :: d_step { at[THREAD] == ASLEEP && SLICE_ENDS(THREAD) -> at[THREAD] = WOKEN }
  :: atomic { /* the wait has ended, and the wake may have been for another */
       wait == IDLE && at[THREAD] == WOKEN ->
       at[THREAD] = AWAKE;
#ifndef BROKEN_CANCEL_EATS_WAKE
       if WAKE(1) WAKE(2) :: else fi
#endif
     }
  od
}
