/*
 * wait.h without support of the system: reads the word repeatedly, at growing intervals.
 */
#include "thread.h"
#include "wait.h"

#define FIRST_NAP_US 50
#define LAST_NAP_US  1000

/* Nothing but its time limit ends such a sleep, not even mipc_thread_interrupt(). So a longer sleep
 * ends without a reason after this time, and a thread that must end is not delayed by more. */
#define MOST_US 8000

bool mipc_wait_on(const mipc_atomic_u32_t *word, uint32_t value, uint32_t us) {
  uint32_t slept = 0;
  if (us > MOST_US) us = MOST_US;
  for (uint32_t nap = FIRST_NAP_US; slept < us;
       nap = nap * 2 < LAST_NAP_US ? nap * 2 : LAST_NAP_US) {
    /* relaxed: after a change the caller reads the word again, with the order that it needs. */
    if (mipc_atomic_load_relaxed(word) != value) return slept > 0;
    if (nap > us - slept) nap = us - slept;
    mipc_thread_nap(nap);
    slept += nap;
  }
  return true;
}

/* Waiters read the word themselves. */
void mipc_wait_wake(const mipc_atomic_u32_t *word, bool all) {
  (void)word;
  (void)all;
}
