/*
 * Wait on a word in shared memory until another thread, of any process, changes it and wakes.
 *
 * A waiter may wake up without a reason. It may also stay asleep although the word has changed, if
 * the process that was to wake it has died: so every wait has a time limit, after which the caller
 * reads the word again.
 */
#ifndef MIPC_OS_WAIT_H
#define MIPC_OS_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/atomic.h"

/*
 * Sleeps while the word is `value`, for about `us` microseconds at most; a signal, or a lost page,
 * ends the sleep early. False: it did not sleep, as the word had another value. The comparison and
 * the start of the sleep are one step, so that no wake after a change is missed. The memory may be
 * read-only for this process.
 */
bool mipc_wait_on(const mipc_atomic_u32_t *word, uint32_t value, uint32_t us);

/* Wakes one or all of the threads that wait on the word, in any process. */
void mipc_wait_wake(const mipc_atomic_u32_t *word, bool all);

#endif
