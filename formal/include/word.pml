/*
 * The word of the lock in lock.pml, and the processes that sleep on it: swaps, FUTEX_WAIT and
 * FUTEX_WAKE. It is no model of its own.
 *
 * The load of the word and the swap that follows are one step: a failed swap is followed by another
 * load, as if the first had not happened. Numbers are never reused, and only one dead process can
 * be in the word: so here the number of a process is its index, and DEAD stands for a process that
 * died with the lock, once the kernel has released its byte.
 */

#define FREE 0
#define DEAD 4
byte owner = FREE;
bool kept;      /* S */
bool contended; /* C */

/*
 * Sleep. A word that has changed and changed back counts as changed: as if it had been read later.
 */
#define THREAD 4 /* the waiter of process 1; 1 to 3: the processes */
#define AWAKE 0
#define ARMED 1 /* has read the word; FUTEX_WAIT would find it unchanged */
#define ASLEEP 2
#define CALLED_OFF 3 /* FUTEX_WAIT finds another word; until the next load */
#define WOKEN 4      /* or its slice has ended; until the next load */
byte at[5] = AWAKE;

#define CALL_OFF(k) at[k] = (at[k] == ARMED -> CALLED_OFF : at[k])

inline set_word(number, s, c) {
  owner = number;
  kept = s;
  contended = c;
  CALL_OFF(1);
  CALL_OFF(2);
  CALL_OFF(3);
  CALL_OFF(THREAD)
}

/* FUTEX_WAKE of any one: if WAKE(1) WAKE(2) ... :: else fi. */
#define WAKE(k) :: at[k] == ASLEEP -> at[k] = WOKEN
