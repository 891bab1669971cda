/*
 * wait.h without help of the system: looks at the word again and again, less and less often.
 */
#include "thread.h"
#include "wait.h"

#define FIRST_NAP_US 50
#define LAST_NAP_US  1000

/* Nothing ends this but its time, also not an interruption: a longer sleep is woken for no reason
 * after so long, so that a thread that is to end is not waited for. */
#define MOST_US 8000

bool mipc_wait_on(const mipc_atomic_u32_t *word, uint32_t value, uint32_t us) {
  uint32_t slept = 0;
  if (us > MOST_US) us = MOST_US;
  for (uint32_t nap = FIRST_NAP_US; slept < us;
       nap = nap * 2 < LAST_NAP_US ? nap * 2 : LAST_NAP_US) {
    /* relaxed: who finds it changed looks again, with the order that he needs. */
    if (mipc_atomic_load_relaxed(word) != value) return slept > 0;
    if (nap > us - slept) nap = us - slept;
    mipc_thread_nap(nap);
    slept += nap;
  }
  return true;
}

/* They look for themselves. */
void mipc_wait_wake(const mipc_atomic_u32_t *word, bool all) {
  (void)word;
  (void)all;
}
