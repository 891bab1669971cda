/*
 * A waiter: a thread of its own that waits for something in shared memory, on behalf of the one
 * thread (of JS) that must not be blocked. Its owner passes two functions that define the wait: one
 * looks, the other sleeps for a short time.
 *
 *   IDLE ---- begin --------------------> WAITING
 *   WAITING - look() returns a result --> DONE      (on the waiter's thread, which then notifies)
 *   DONE ---- again --------------------> WAITING
 *   WAITING - stop ---------------------> IDLE
 *   DONE ---- stop ---------------------> IDLE
 *
 * The first begin starts the thread. It stays, asleep, until the waiter is closed. All calls come
 * from the one thread that the waiter belongs to. Both threads touch shared state only between
 * enter and leave; look() is always called there.
 */
#ifndef MIPC_SYNC_WAITER_H
#define MIPC_SYNC_WAITER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mipc_waiter mipc_waiter_t;

typedef struct {
  /* Entered: the result of the wait, or 0: not yet. `fresh`: the first look since begin. */
  int (*look)(void *context, bool fresh);
  /* Not entered: sleeps until the next look, a quarter of a second at most; ends early if the
   * thread is interrupted. */
  void (*sleep)(void *context);
  /* Not entered, after a sleep: the wait was stopped meanwhile. NULL: nothing to do. */
  void (*quit)(void *context);
  /* Not entered: the wait is DONE. */
  void (*notify)(void *notified);
  void *context, *notified;
} mipc_waiter_ways_t;

/* Failures: no memory. */
int mipc_waiter_open(const mipc_waiter_ways_t *ways, mipc_waiter_t **ret_waiter);

/* Ends the thread in any state. NULL is fine. */
void mipc_waiter_close(mipc_waiter_t *waiter);

/* IDLE -> WAITING. 0, or the error of starting the thread. */
int mipc_waiter_begin(mipc_waiter_t *waiter);

void mipc_waiter_enter(mipc_waiter_t *waiter);
void mipc_waiter_leave(mipc_waiter_t *waiter);

/* Entered: the result of look() when it is DONE, else 0. NULL is fine. */
int mipc_waiter_result(const mipc_waiter_t *waiter);
/* Entered: whether it is WAITING. NULL is fine. */
bool mipc_waiter_waits(const mipc_waiter_t *waiter);
/* Entered: the same, and look() was called, and the thread has slept after that. NULL is fine. */
bool mipc_waiter_has_slept(const mipc_waiter_t *waiter);
/* Entered: -> IDLE. */
void mipc_waiter_stop(mipc_waiter_t *waiter);
/* Entered: DONE -> WAITING, as another lock object has taken over what the wait had won. */
void mipc_waiter_again(mipc_waiter_t *waiter);

#endif
