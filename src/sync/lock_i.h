/*
 * The inside of the lock. Only lock.c (the protocol), lock_wait.c (the sleeps of a wait) and
 * lock_object.c (its life, its waiter, its neighbours) include this file.
 */
#ifndef MIPC_SYNC_LOCK_I_H
#define MIPC_SYNC_LOCK_I_H

#include "../base/atomic.h"
#include "lock.h"
#include "owner_watch.h"
#include "waiter.h"

/* One wait for the lock, from its first look on. */
typedef struct {
  bool barge;  /* takes a lock that is reserved for others */
  bool beside; /* the wait of the waiter: a lock that a call of the object holds counts as taken */
  bool has_waited; /* slept, or was too late to sleep several times: may take a reserved lock */
  bool recovers;   /* took the lock from a dead owner */
  bool must_ask;   /* the next look asks whether the owner is alive */
  uint32_t word;   /* to sleep on */
  uint32_t slept_on;
  uint32_t slice_us; /* of the next sleep */
  uint32_t missed;   /* sleeps that failed, as the word had changed before */
  uint32_t chance;
  uint32_t foreign;          /* an owner that was found not to be of this thread; 0: none */
  uint32_t owner;            /* whom the last sleep was for */
  uint64_t since_ms;         /* the first of the sleeps in a row that were for this owner */
  mipc_owner_watch_t *watch; /* from the first long wait until the lock is closed; else NULL */
} mipc_i_attempt_t;

typedef enum {
  MIPC_I_LOCK_FREE,
  MIPC_I_LOCK_USER,      /* a user holds it */
  MIPC_I_LOCK_OPERATION, /* one of our operations holds it, during one call */
} mipc_i_lock_use_t;

struct mipc_lock {
  mipc_region_t *region;
  mipc_region_shm_t *header; /* of the region, as is the guard; a guard of NULL: unguarded */
  const mipc_guard_t *guard;
  uint64_t id[2];
  uint32_t me; /* number */
  uint32_t fork_generation;
  const void *thread;
  /* Only the thread of the object touches these. */
  mipc_i_lock_use_t use;
  bool updating; /* a user's update() runs: it alone may set (lock.h) */
  uint32_t turn; /* counts the acquisitions by a user */
  bool reported; /* its user got RECOVERED */
  bool recovers; /* this object took it from a dead owner */
  bool borrowed; /* from the waiter */
  bool waits;    /* the next take continues `attempt` */
  mipc_i_attempt_t attempt;
  /* The wait on a thread; NULL: none yet. Only the waiter's thread touches `waiting`. */
  mipc_waiter_t *waiter;
  mipc_i_attempt_t waiting;
  mipc_lock_t *next; /* in the table of all locks of this process */
};

/* lock.c */

/* Another result of a look: the word names us as the owner. */
#define MIPC_I_LOCK_OURS 3

int mipc_i_lock_look(mipc_lock_t *lock, mipc_i_attempt_t *attempt);
/* Whether the region is undamaged: 0, TRUNCATED, CORRUPT. */
int mipc_i_lock_check(const mipc_lock_t *lock);
/* Releases the word, and wakes one waiter, or all if the lock was held for long. */
int mipc_i_lock_release(mipc_lock_t *lock);

/* lock_wait.c */

/* A lock held for so long may have waiters that watch its owner. Less than the time after which
 * they begin to, by what two stamps of mipc_clock_stamp() may be late. */
#define MIPC_I_LOCK_HELD_LONG_MS 25

/* Begins an attempt; it keeps the watch of the last one. */
void mipc_i_lock_attempt(const mipc_lock_t *lock, mipc_i_attempt_t *attempt);
/* Whether the owner is dead. False also when it is not our turn to ask. */
bool mipc_i_lock_is_dead(mipc_lock_t *lock, mipc_i_attempt_t *attempt, uint32_t owner);
/* Sleeps on attempt->word. */
void mipc_i_lock_sleep(mipc_lock_t *lock, mipc_i_attempt_t *attempt, uint32_t most_us);

/* lock_object.c */

/* The lock object of the same thread and region, other than this one, that the word names as the
 * owner; NULL: none. */
mipc_lock_t *mipc_i_lock_neighbour(const mipc_lock_t *lock);

/* Whether the owner is not in the table of this process and was attached by the calling thread all
 * the same, through another copy of this library. A forged row can only cause an error. */
bool mipc_i_lock_own_thread(const mipc_lock_t *lock);

#endif
