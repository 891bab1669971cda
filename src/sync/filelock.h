/*
 * The lock of one object on its file. It is taken at once, or a thread of its own waits for it. A
 * synchronous call of JS polls meanwhile; an asynchronous one is notified. An object has one lock
 * or one wait at a time.
 *
 *   FREE -- try ---------------------------------> HELD -- release --> FREE
 *   FREE -- begin --> WAITING -- (thread) --> WON -- poll --> HELD
 *                     WAITING, WON -- cancel ----------------> FREE, nothing held
 *
 * All calls come from the one thread that the object belongs to. The waiting thread only goes from
 * WAITING to WON or FAILED, and from WON that was not polled to LOST, under the monitor.
 */
#ifndef MIPC_SYNC_FILELOCK_H
#define MIPC_SYNC_FILELOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../os/flock.h"

typedef struct mipc_filelock mipc_filelock_t;

/* `own`: `file` is an open file of the caller's own; it is used as it is and not closed here.
 * Otherwise it shares its description with others, and is opened once more. Failures: the system's.
 */
int mipc_filelock_open(mipc_file_t file, bool own, mipc_filelock_t **ret_lock);

/* Releases the lock or ends the wait. NULL is fine. */
void mipc_filelock_close(mipc_filelock_t *lock);

/* Takes the lock if it is free; else tries again `naps` times, after a short sleep each. An
 * unfinished wait is cancelled first. 1; 0: it is taken; or a failure (os/flock.h). */
int mipc_filelock_take(mipc_filelock_t *lock, const mipc_flock_range_t *range, uint32_t naps);

/* Starts a wait; an unfinished one is cancelled first. `notify`, if any, is called once on the
 * waiting thread when the lock is WON or the wait has failed. Without it the caller must poll: a
 * lock that is WON and not polled for within 100 ms is released, as the caller may have been
 * unwound; a later poll starts another wait. */
int mipc_filelock_begin(mipc_filelock_t *lock, const mipc_flock_range_t *range,
                        void (*notify)(void *), void *context);

/* WAITING or WON: sleeps up to `ms` for the end of the wait. 1: HELD now; 0: still waiting; a
 * failure: FREE again. EAGAIN: no thread can be started for another wait. */
int mipc_filelock_poll(mipc_filelock_t *lock, uint32_t ms);

/* Any state: ends the wait, and releases a lock that is WON. A lock that is HELD stays held. */
void mipc_filelock_cancel(mipc_filelock_t *lock);

/* Whether it is HELD. */
bool mipc_filelock_held(const mipc_filelock_t *lock);

/* Of a lock that is HELD: a number that differs for each acquisition. */
uint32_t mipc_filelock_turn(const mipc_filelock_t *lock);

/* Whether it is HELD or WON. */
bool mipc_filelock_holds(const mipc_filelock_t *lock);

/* HELD -> FREE; does nothing in other states. */
void mipc_filelock_drop(mipc_filelock_t *lock);

#endif
