/*
 * A thread of its own that waits for something in shared memory on behalf of the one thread (of JS)
 * that must not be held up. What it waits for, it is told by two functions: one that looks, and one
 * that sleeps a little.
 *
 *   IDLE -- begin --> WAITING -- (the thread: look() gives a result; notify) --> DONE -- take -->
 * IDLE WAITING, DONE -- stop --> IDLE
 *
 * The thread is started by the first begin, and stays, asleep, until the waiter is closed. All
 * calls come from the one thread that the waiter belongs to. What both threads touch, they touch
 * between enter and leave; look() is always called so.
 */
#ifndef MIPC_SYNC_WAITER_H
#define MIPC_SYNC_WAITER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mipc_waiter mipc_waiter_t;

typedef struct {
  /* Entered: what has come of it, not 0, or 0: not yet. `fresh`: the first look since begin. */
  int (*look)(void *context, bool fresh);
  /* Not entered: sleeps until another look is worth while, a quarter of a second at most; ends
   * early when the thread is interrupted. */
  void (*sleep)(void *context);
  /* Not entered, after a sleep: nobody waits any more. NULL: nothing to do. */
  void (*quit)(void *context);
  /* Not entered: it is DONE. */
  void (*notify)(void *notified);
  void *context, *notified;
} mipc_waiter_ways_t;

/* Failures: no memory. */
int mipc_waiter_open(const mipc_waiter_ways_t *ways, mipc_waiter_t **ret_waiter);

/* Ends the thread, whatever it is at. NULL is fine. */
void mipc_waiter_close(mipc_waiter_t *waiter);

/* IDLE -> WAITING. 0, or the system's refusal to start a thread. */
int mipc_waiter_begin(mipc_waiter_t *waiter);

void mipc_waiter_enter(mipc_waiter_t *waiter);
void mipc_waiter_leave(mipc_waiter_t *waiter);

/* Entered: the result of look() when it is DONE, else 0. NULL is fine. */
int mipc_waiter_result(const mipc_waiter_t *waiter);
/* Entered: whether it is WAITING. NULL is fine. */
bool mipc_waiter_waits(const mipc_waiter_t *waiter);
/* Entered: -> IDLE. */
void mipc_waiter_stop(mipc_waiter_t *waiter);
/* Entered: DONE -> WAITING, as what it had got was taken from it. */
void mipc_waiter_again(mipc_waiter_t *waiter);

#endif
