/*
 * The life of one object's lock: its entry in the table of this process, its waiter, and its end.
 * A lock that no user can release any more is released here. The contract stands in lock.h, the
 * protocol in lock.c.
 */
#include <stdlib.h>

#include "../base/status.h"
#include "../os/fork.h"
#include "../os/identity.h"
#include "../os/process.h"
#include "../os/wait.h"
#include "lock_i.h"

/* More than any slice of the lock, so that the slices decide when the waiter looks again. */
#define WAITER_SLEEP_US 250000

static mipc_lock_t *all; /* of this process; under its mutex */

int mipc_lock_open(mipc_region_t *region, const void *thread, mipc_lock_t **ret_lock) {
  if (!mipc_region_number(region)) return MIPC_E_ACCESS;
  mipc_lock_t *lock = calloc(1, sizeof *lock);
  if (!lock) return mipc_no_memory();
  lock->region = region;
  lock->header = mipc_region_header(region);
  lock->guard = mipc_region_guard(region);
  mipc_region_id(region, lock->id);
  lock->me = mipc_region_number(region);
  lock->fork_generation = mipc_region_fork_generation(region);
  lock->thread = thread;
  mipc_process_lock();
  lock->next = all;
  all = lock;
  mipc_process_unlock();
  *ret_lock = lock;
  return 0;
}

static void leave_table(const mipc_lock_t *lock) {
  mipc_process_lock();
  for (mipc_lock_t **at = &all; *at; at = &(*at)->next) {
    if (*at != lock) continue;
    *at = lock->next;
    break;
  }
  mipc_process_unlock();
}

mipc_lock_t *mipc_i_lock_neighbour(const mipc_lock_t *lock) {
  /* relaxed: if the word changes meanwhile, the caller looks again. */
  uint32_t owner = mipc_atomic_load_relaxed(&lock->header->lock) & MIPC_MAX_NUMBER;
  mipc_process_lock();
  mipc_lock_t *found = all;
  /* Entries that a fork() copied from the parent belong to no thread of this process. */
  while (found && (found->me != owner || found == lock || found->thread != lock->thread ||
                   found->fork_generation != lock->fork_generation || found->id[0] != lock->id[0] ||
                   found->id[1] != lock->id[1])) {
    found = found->next;
  }
  mipc_process_unlock();
  /* Only this thread closes it, so it exists until we return. */
  return found;
}

bool mipc_i_lock_own_thread(const mipc_lock_t *lock) {
  mipc_identity_t self;
  mipc_participant_t participant;
  /* relaxed: an owner of this thread cannot change the word now; another one may at any time. */
  uint32_t owner = mipc_atomic_load_relaxed(&lock->header->lock) & MIPC_MAX_NUMBER;
  if (!owner || owner == lock->me || !mipc_region_participant(lock->region, owner, &participant)) {
    return false;
  }
  mipc_identity(&self);
  if (participant.pid != self.pid || participant.thread != self.thread || !self.pid_namespace ||
      participant.pid_namespace != self.pid_namespace) {
    return false;
  }
  /* The waiter of a neighbour may have won the lock since the caller looked for one; a dead process
   * may have left a row with our numbers. */
  return !mipc_i_lock_neighbour(lock) &&
         (mipc_atomic_load_relaxed(&lock->header->lock) & MIPC_MAX_NUMBER) == owner &&
         mipc_region_alive(lock->region, owner) != 0;
}

static int look(void *context, bool fresh) {
  mipc_lock_t *lock = context;
  if (fresh) mipc_i_lock_attempt(lock, &lock->waiting);
  lock->waiting.beside = true;
  return mipc_i_lock_look(lock, &lock->waiting);
}

static void sleep_on(void *context) {
  mipc_lock_t *lock = context;
  mipc_region_waits(lock->region, 1);
  mipc_i_lock_sleep(lock, &lock->waiting, WAITER_SLEEP_US);
  mipc_region_waits(lock->region, -1);
}

/* The waiter may have received a wake: it passes it on. */
static void pass_on(void *context) {
  const mipc_lock_t *lock = context;
  mipc_wait_wake(&lock->header->lock, false);
}

int mipc_lock_begin(mipc_lock_t *lock, void (*notify)(void *), void *notified) {
  if (lock->fork_generation != mipc_fork_generation()) return MIPC_E_CLOSED;
  const mipc_waiter_ways_t ways = {look, sleep_on, pass_on, notify, lock, notified};
  int status = lock->waiter ? 0 : mipc_waiter_open(&ways, &lock->waiter);
  if (status < 0) return status;
  mipc_waiter_enter(lock->waiter);
  bool is_on = mipc_waiter_waits(lock->waiter) || mipc_waiter_result(lock->waiter);
  mipc_waiter_leave(lock->waiter);
  return is_on ? 0 : mipc_waiter_begin(lock->waiter);
}

void mipc_lock_listen(mipc_lock_t *lock) {
  if (lock->fork_generation != mipc_fork_generation()) return;
  /* relaxed: a hint, see mipc_i_lock_release(). */
  mipc_atomic_store_relaxed(&lock->header->lock_awaited, 1);
}

/* Entered: one look of the thread of the object in place of its waiter, which has slept and so may
 * take a reserved lock. The waiter's own attempt is not touched, since its thread may be asleep. */
static int look_for_waiter(mipc_lock_t *lock) {
  mipc_i_attempt_t own = {0};
  mipc_i_lock_attempt(lock, &own);
  own.must_ask = false;
  own.beside = own.has_waited = true;
  return mipc_i_lock_look(lock, &own);
}

static int poll(mipc_lock_t *lock, bool looks) {
  if (!lock->waiter || lock->use != MIPC_I_LOCK_FREE) return MIPC_LOCK_BUSY;
  if (lock->fork_generation != mipc_fork_generation()) return MIPC_E_CLOSED;
  mipc_waiter_enter(lock->waiter);
  int status = mipc_waiter_result(lock->waiter);
  if (!status && looks && mipc_waiter_has_slept(lock->waiter)) status = look_for_waiter(lock);
  if (status) mipc_waiter_stop(lock->waiter);
  mipc_waiter_leave(lock->waiter);
  if (status <= 0) return status;
  /* The flag is read now: a call that borrowed the lock may have reported the recovery to its user.
   * relaxed: the lock is ours. */
  bool recovered = mipc_atomic_load_relaxed(&lock->header->lock_recovered) != 0;
  status = mipc_i_lock_check(lock);
  if (status < 0) {
    mipc_i_lock_release(lock);
    return status;
  }
  lock->use = MIPC_I_LOCK_USER;
  lock->turn++;
  lock->recovers = lock->waiting.recovers; /* only a look writes it, and no wait runs */
  lock->reported = recovered;
  return recovered ? MIPC_LOCK_RECOVERED : MIPC_LOCK_TAKEN;
}

int mipc_lock_poll(mipc_lock_t *lock) {
  return poll(lock, false);
}

int mipc_lock_hear(mipc_lock_t *lock) {
  return poll(lock, true);
}

void mipc_lock_cancel(mipc_lock_t *lock) {
  if (!lock->waiter || lock->fork_generation != mipc_fork_generation()) return;
  mipc_waiter_enter(lock->waiter);
  bool won = mipc_waiter_result(lock->waiter) > 0;
  mipc_waiter_stop(lock->waiter);
  mipc_waiter_leave(lock->waiter);
  if (!won) return;
  /* A call that has borrowed the lock owns it from now on. */
  if (lock->borrowed)
    lock->borrowed = false;
  else
    mipc_i_lock_release(lock);
}

bool mipc_lock_holds(const mipc_lock_t *lock) {
  if (lock->fork_generation != mipc_fork_generation()) return false;
  if (lock->use == MIPC_I_LOCK_USER) return true;
  mipc_waiter_enter(lock->waiter);
  bool won = mipc_waiter_result(lock->waiter) > 0;
  mipc_waiter_leave(lock->waiter);
  return won;
}

void mipc_lock_abandon(mipc_lock_t *lock) {
  if (lock->fork_generation != mipc_fork_generation()) return;
  mipc_lock_give_up(lock);
  mipc_lock_cancel(lock);
  if (lock->use == MIPC_I_LOCK_FREE) return;
  lock->use = MIPC_I_LOCK_FREE;
  lock->reported = lock->updating = false;
  /* relaxed: the release of the word, which follows, orders it. */
  mipc_atomic_store_relaxed(&lock->header->lock_recovered, 1);
  mipc_i_lock_release(lock);
}

/* In the child of a fork() the waiter's thread does not exist, and nothing of ours is to be
 * released. */
void mipc_lock_close(mipc_lock_t *lock) {
  if (!lock) return;
  mipc_lock_abandon(lock);
  if (lock->fork_generation == mipc_fork_generation()) {
    mipc_waiter_close(lock->waiter);
    mipc_owner_watch_close(lock->attempt.watch);
    mipc_owner_watch_close(lock->waiting.watch);
  }
  leave_table(lock);
  free(lock);
}
