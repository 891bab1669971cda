/*
 * What lock.pml sees of the word of a lock, and of those who sleep on it: swaps, FUTEX_WAIT and
 * FUTEX_WAKE. Included by lock.pml; no model of its own.
 *
 * A look at the word and the swap that follows are one step: where the swap would fail, the look is
 * made again, as if it had not been. Numbers are never given twice, and of the dead only one can be
 * in the word: so here a process has its place for a number, and once the kernel lets go of one who
 * died there, DEAD is what he is called.
 */

#define FREE 0
#define DEAD 4
byte owner = FREE;
bool kept;      /* S */
bool contended; /* C */

/*
 * About sleeping. A word that has changed and changed back is one that has changed: as if the look
 * had come later.
 */
#define THREAD 4 /* the waiter of process 1; 1 to 3: the processes */
#define AWAKE 0
#define ARMED 1 /* has looked; FUTEX_WAIT would find the word as it was */
#define ASLEEP 2
#define CALLED_OFF 3 /* FUTEX_WAIT finds another word; until the next look */
#define WOKEN 4      /* or the slice is over; until the next look */
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

/* FUTEX_WAKE of one, whichever: if WAKE(1) WAKE(2) ... :: else fi. */
#define WAKE(k) :: at[k] == ASLEEP -> at[k] = WOKEN
