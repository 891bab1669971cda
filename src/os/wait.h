/*
 * Sleeping on a word of memory that processes share, until somebody changes it and wakes.
 *
 * A sleeper may be woken for no reason, and may stay asleep although the word has changed, when the
 * one who was to wake him has died: every sleep has an end, after which the word is looked at.
 */
#ifndef MIPC_OS_WAIT_H
#define MIPC_OS_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/atomic.h"

/*
 * Sleeps while the word is `value`, for about `us` microseconds at most, less long when a signal
 * comes or the page is gone. False: not at all, as the word had another value by then. The word is
 * compared and the sleep begun as one step, so that no wake which follows a change is missed. The
 * memory may be read-only for this process.
 */
bool mipc_wait_on(const mipc_atomic_u32_t *word, uint32_t value, uint32_t us);

/* Wakes one, or all, who sleep on the word, in any process. */
void mipc_wait_wake(const mipc_atomic_u32_t *word, bool all);

#endif
