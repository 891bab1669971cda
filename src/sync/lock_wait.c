/*
 * How a wait for the lock of a region sleeps, and when it asks whether the owner is dead.
 *
 * A wait sleeps in slices of a few milliseconds, and asks after each: a death wakes no waiter.
 * Once it has waited for the same owner for some time, it has the owner watched
 * (sync/owner_watch.h). As long as the kernel would report the end of exactly this owner, its
 * slices are long. What the watch does not see, a waiter that dies after it was woken, or an owner
 * of an older version that wakes one waiter where it should wake all, costs one long slice.
 */
#include "../os/process.h"
#include "../os/wait.h"
#include "lock_i.h"

#define OWNER ((uint32_t)MIPC_MAX_NUMBER)

/* The first and the longest sleep. A random part of up to a quarter is taken off, so that waiters
 * do not all ask about the owner at once. An owner that dies and wakes no waiter costs the longest
 * one. */
#define FIRST_SLICE_US 2000
#define LAST_SLICE_US  6000

/* A sleep while the owner is watched. */
#define LONG_SLICE_US 250000

/* An owner is watched once it was waited for so long. A lock that changes hands more often is not
 * worth a system call in another thread. */
#define WATCH_AFTER_MS 50

static_assert(MIPC_I_LOCK_HELD_LONG_MS < WATCH_AFTER_MS, "a watched owner wakes all waiters");

/* After so many sleeps that failed, as the word had changed before, a process counts as having
 * waited. */
#define MOST_MISSED 8

/* At most one process asks whether the owner is alive within so many milliseconds. */
#define PROBE_MS 2

void mipc_i_lock_attempt(const mipc_lock_t *lock, mipc_i_attempt_t *a) {
  *a = (mipc_i_attempt_t){
      .must_ask = true, .slice_us = FIRST_SLICE_US, .chance = lock->me * 40503, .watch = a->watch};
}

/* Processes ask in turns. A process whose watch has reported the owner's end asks in any case: it
 * was woken for that, and would go back to sleep otherwise. */
static bool may_ask(const mipc_lock_t *lock, const mipc_i_attempt_t *a, uint32_t owner) {
  uint32_t now = (uint32_t)mipc_clock_ms();
  /* relaxed, both: a stamp that is seen late costs a question, or a wait of two milliseconds. */
  if (now - mipc_atomic_load_relaxed(&lock->header->lock_probed) < PROBE_MS &&
      !mipc_owner_watch_reports(a->watch, owner)) {
    return false;
  }
  mipc_atomic_store_relaxed(&lock->header->lock_probed, now);
  return true;
}

bool mipc_i_lock_is_dead(mipc_lock_t *lock, mipc_i_attempt_t *a, uint32_t owner) {
  if (!may_ask(lock, a, owner)) return false;
  a->must_ask = false;
  /* An owner that the kernel gives no answer about counts as alive. */
  return mipc_region_alive(lock->region, owner) == 0;
}

/* Whether the sleep may be long; it is then entered in the watch. */
static bool is_watched(mipc_lock_t *lock, mipc_i_attempt_t *a, mipc_watched_sleep_t *sleep) {
  uint32_t owner = a->word & OWNER;
  uint64_t now = mipc_clock_ms();
  if (owner != a->owner) {
    a->owner = owner;
    a->since_ms = now;
  }
  /* Our own object's call ends with a release, never with a death that we would see. */
  if (owner == 0 || owner == lock->me || now - a->since_ms < WATCH_AFTER_MS) return false;
  if (!a->watch && mipc_owner_watch_open(lock->region, &a->watch) < 0) {
    a->since_ms = now; /* tries again later */
    return false;
  }
  return mipc_owner_watch_enter(a->watch, owner, sleep);
}

void mipc_i_lock_sleep(mipc_lock_t *lock, mipc_i_attempt_t *a, uint32_t most_us) {
  mipc_watched_sleep_t sleep = {.word = &lock->header->lock};
  bool watched = is_watched(lock, a, &sleep);
  /* The process that asked about the owner last looks again before its slice is over. So a process
   * that was not allowed to ask may sleep as long. */
  if (a->word != a->slept_on) a->slice_us = FIRST_SLICE_US;
  a->chance = a->chance * 1664525 + 1013904223;
  uint32_t slice = a->slice_us - (a->chance >> 16) % (a->slice_us / 4);
  if (watched) slice = LONG_SLICE_US;
  uint32_t us = slice < most_us ? slice : most_us;
  a->slept_on = a->word;
  bool slept = mipc_wait_on(&lock->header->lock, a->word, us);
  if (watched) mipc_owner_watch_leave(a->watch, &sleep);
  /* A process that is always too late to sleep would otherwise be overtaken without end
   * (formal/lock.pml, where the first time counts). Counting the first time here would cost two
   * processes that want the lock all the time a tenth of their speed. */
  if (slept || ++a->missed >= MOST_MISSED) a->has_waited = true;
  a->must_ask = true;
  if (us == slice) a->slice_us = a->slice_us * 2 < LAST_SLICE_US ? a->slice_us * 2 : LAST_SLICE_US;
}
