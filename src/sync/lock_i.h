/*
 * The lock from inside: shared by lock.c (the protocol) and lock_object.c (its life, its waiter,
 * its neighbours) and nobody else.
 */
#ifndef MIPC_SYNC_LOCK_I_H
#define MIPC_SYNC_LOCK_I_H

#include "../base/atomic.h"
#include "lock.h"
#include "waiter.h"

/* One wait for the lock, from its first look on. */
typedef struct {
  bool barge;      /* takes what is kept for others */
  bool beside;     /* the waiter's: what a call of the object has is another's for it */
  bool has_waited; /* slept, or was too late for it again and again: may take what is kept */
  bool recovers;   /* has taken it from a dead owner */
  bool must_ask;   /* whether the owner lives, at the next look */
  uint32_t word;   /* to sleep on */
  uint32_t slept_on;
  uint32_t slice_us; /* of the next sleep */
  uint32_t missed;   /* sleeps that the word had changed before */
  uint32_t chance;
} mipc_i_attempt_t;

typedef enum {
  MIPC_I_LOCK_FREE,
  MIPC_I_LOCK_USER,      /* a user has it */
  MIPC_I_LOCK_OPERATION, /* an operation of ours has it, for the time of one call */
} mipc_i_lock_use_t;

struct mipc_lock {
  mipc_region_t *region;
  mipc_region_shm_t *header; /* the region's, as is the guard; NULL: unguarded */
  const mipc_guard_t *guard;
  uint64_t id[2];
  uint32_t me; /* number */
  uint32_t fork_generation;
  const void *thread;
  /* All of these are touched by its thread only. */
  mipc_i_lock_use_t use;
  bool updating; /* a user's update() runs: it alone may set (lock.h) */
  uint32_t turn; /* counts the times that a user got it */
  bool told;     /* its user knows that it is recovered */
  bool recovers; /* it was taken from a dead owner, by this object */
  bool borrowed; /* from the waiter */
  bool waits;    /* `attempt` goes on at the next take */
  mipc_i_attempt_t attempt;
  /* The waiter's wait; NULL: none yet. `waiting` is touched by the waiter's thread only. */
  mipc_waiter_t *waiter;
  mipc_i_attempt_t waiting;
  mipc_lock_t *next; /* in the table of all of this process */
};

/* lock.c */

/* What a look gives besides: the word says that we have it. */
#define MIPC_I_LOCK_OURS 3

void mipc_i_lock_attempt(mipc_lock_t *lock, mipc_i_attempt_t *ret_attempt);
int mipc_i_lock_look(mipc_lock_t *lock, mipc_i_attempt_t *attempt);
void mipc_i_lock_sleep(mipc_lock_t *lock, mipc_i_attempt_t *attempt, uint32_t most_us);
/* Whether the region is what it was. */
int mipc_i_lock_check(const mipc_lock_t *lock);
/* Gives the word back, and wakes one who waits. */
int mipc_i_lock_release(mipc_lock_t *lock);

/* lock_object.c */

/* Another lock of the same thread on the same region that the word says is the owner; NULL: none.
 */
mipc_lock_t *mipc_i_lock_neighbour(const mipc_lock_t *lock);

/* Whether the owner is none of this table, and yet attached by the calling thread: by another copy
 * of this library in the process. A row that lies can only cause an error. */
bool mipc_i_lock_own_thread(const mipc_lock_t *lock);

#endif
