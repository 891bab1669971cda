/*
 * The lock of one object on its file. It is taken at once, or a waiting thread of its own waits for
 * it. A synchronous call of JS polls meanwhile; an asynchronous one is notified. An object has one
 * lock or one wait at a time.
 *
 *   from          by                            to
 *   FREE          take                          HELD
 *   FREE          begin                         WAITING
 *   WAITING       the waiting thread: taken     WON
 *   WAITING       the waiting thread: failure   FAILED
 *   WON           the waiting thread: no poll   LOST, the lock is released
 *   WON           poll                          HELD
 *   FAILED        poll, which returns it        FREE
 *   LOST          poll, which waits again       WAITING
 *   all of these  cancel                        FREE
 *   HELD          drop                          FREE, the lock is released
 *
 * All calls come from the one thread that the object belongs to. The waiting thread makes only its
 * three transitions, under the monitor, and the one to LOST only if begin had no `notify`.
 */
#ifndef MIPC_SYNC_FILELOCK_H
#define MIPC_SYNC_FILELOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../os/flock.h"

typedef struct mipc_filelock mipc_filelock_t;

/* `own`: the open file (description) of `file` belongs to the caller alone; it is used as it is,
 * and not closed here. Otherwise others share it, and the file is opened once more. Failures: the
 * system's. */
int mipc_filelock_open(mipc_file_t file, bool own, mipc_filelock_t **ret_lock);

/* Releases the lock or ends the wait. NULL is fine. */
void mipc_filelock_close(mipc_filelock_t *lock);

/* Takes the lock if it is free; else tries again `naps` times, after a short sleep each. An
 * unfinished wait is cancelled first. 1: HELD; 0: another open file holds it; or a failure
 * (os/flock.h). */
int mipc_filelock_take(mipc_filelock_t *lock, const mipc_flock_range_t *range, uint32_t naps);

/* Starts a wait; an unfinished one is cancelled first. `notify`, if any, is called once on the
 * waiting thread when the lock is WON or the wait has FAILED. Without it the caller must poll: a
 * lock that is WON and not polled within 100 ms is LOST, as the caller may have been unwound; a
 * later poll starts another wait. */
int mipc_filelock_begin(mipc_filelock_t *lock, const mipc_flock_range_t *range,
                        void (*notify)(void *), void *context);

/* After begin: sleeps up to `ms` for the end of the wait. 1: HELD now; 0: WAITING, or no wait was
 * begun; a failure: FREE now. EAGAIN: no thread could be started for another wait. */
int mipc_filelock_poll(mipc_filelock_t *lock, uint32_t ms);

/* Ends the wait, and releases a lock that is WON. Does nothing in the states FREE and HELD. */
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
