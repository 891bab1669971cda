/*
 * The lock of one mapping on its file: one at a time, taken at once, or waited for by a thread of
 * its own while JS looks in from time to time (a synchronous call) or is told (an asynchronous
 * one).
 *
 *   FREE -- try ---------------------------------> HELD -- release --> FREE
 *   FREE -- begin --> WAITING -- (thread) --> WON -- poll --> HELD
 *                     WAITING, WON -- cancel ----------------> FREE, nothing held
 *
 * All calls come from the one thread that the mapping belongs to; the waiting thread only ever goes
 * from WAITING to WON or FAILED, under the monitor.
 */
#ifndef MIPC_SYNC_FILELOCK_H
#define MIPC_SYNC_FILELOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../os/flock.h"

typedef struct mipc_filelock mipc_filelock_t;

/* `own`: `file` is an open file of the mapping's own, used as it is and not closed here; otherwise
 * it shares its description with others and is opened once more. Failures: the system's. */
int mipc_filelock_open(mipc_file_t file, bool own, mipc_filelock_t **ret_lock);

/* Gives up what is held or waited for. NULL is fine. */
void mipc_filelock_close(mipc_filelock_t *lock);

/* Takes it if it is free, after a wait that was left undone is cancelled; trying again `naps` times
 * after a short sleep. 1, 0 (somebody else's), or a failure (os/flock.h). */
int mipc_filelock_take(mipc_filelock_t *lock, const mipc_flock_range_t *range, uint32_t naps);

/* Starts waiting, likewise. `notify`, if any, is called on the waiting thread, once, when it is WON
 * or has failed. Without it polls must follow each other: what is WON and not polled for within 100
 * ms is released, as the caller may have been unwound; a later poll starts another wait. */
int mipc_filelock_begin(mipc_filelock_t *lock, const mipc_flock_range_t *range,
                        void (*notify)(void *), void *context);

/* WAITING or WON: sleeps up to `ms` for the end of the wait. 1: HELD now; 0: still waiting; a
 * failure: FREE again. EAGAIN: no thread can be started for the wait. */
int mipc_filelock_poll(mipc_filelock_t *lock, uint32_t ms);

/* Any state: stops waiting and gives back what was won. Does nothing to a lock HELD. */
void mipc_filelock_cancel(mipc_filelock_t *lock);

/* Whether it is HELD. */
bool mipc_filelock_held(const mipc_filelock_t *lock);

/* Of what is HELD: another number than that of any acquisition before. */
uint32_t mipc_filelock_turn(const mipc_filelock_t *lock);

/* Whether it is HELD or WON. */
bool mipc_filelock_holds(const mipc_filelock_t *lock);

/* HELD -> FREE; does nothing in other states. */
void mipc_filelock_drop(mipc_filelock_t *lock);

#endif
