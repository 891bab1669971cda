/*
 * The lock of a stripe or of the pool: a word, owner | C. The owner is the number of a participant,
 * 0: free. C: waiters may be asleep on the word. It is the lock of sync/lock.h without the
 * reservation for waiters and without the recovery flag: it is held only inside one call of C, and
 * the next owner repairs what a dead one has left.
 *
 * An owner is dead if the kernel reports it (region.h). The process that takes the lock from it
 * first notes in its own record whose record it is about to use; only then does it swap the word.
 * If it dies, too, the next one finds both: the word names it, and its record names the other one.
 *
 * Order: the lock of a stripe, then that of the pool. While a process holds a stripe, it only tries
 * the locks of other stripes, and never waits for one.
 */
#include "../os/process.h"
#include "../os/wait.h"
#include "map_i.h"

#define OWNER ((uint32_t)MIPC_MAX_NUMBER)
#define C     ((uint32_t)1 << 31)

/* Looks before a process sleeps. A set takes 50 ns; its owner runs on another processor. */
#define SPINS 100

/* The first and the longest sleep: the time until the death of an owner is noticed. */
#define FIRST_SLICE_US 2000
#define LAST_SLICE_US  6000

/* Whether the time of the operation is over. The clock is read at the first wait only. */
static bool is_late(mipc_map_t *map) {
  uint64_t now = mipc_clock_us();
  if (!map->deadline) map->deadline = now + map->us;
  return now >= map->deadline;
}

/* The owner is dead: takes the word from it. */
static bool inherit(mipc_map_t *map, uint32_t *word, uint32_t now, uint32_t *heir) {
  mipc_i_put32(heir, mipc_i_record_of(map, now & OWNER));
  /* acquire: we see all that the dead owner has stored. The kernel reported its death by a lock of
   * its own, which orders those stores before. */
  if (mipc_atomic_swap_acquire(word, now, map->me | C)) return true;
  mipc_i_put32(heir, 0);
  return false;
}

static int lock_slowly(mipc_map_t *map, uint32_t *word, uint32_t *heir) {
  uint32_t slice = FIRST_SLICE_US;
  for (uint32_t spins = 0;; spins++) {
    /* relaxed: the swap decides. */
    uint32_t now = mipc_atomic_load_relaxed(word);
    uint32_t owner = now & OWNER;
    if (!owner) {
      /* acquire: we see what earlier owners have stored. C stays set: others may sleep. */
      if (mipc_atomic_swap_acquire(word, now, map->me | (spins > SPINS ? C : now & C))) return 0;
      continue;
    }
    if (spins < SPINS) {
      mipc_atomic_pause();
      continue;
    }
    /* No call of ours returns with the lock: another process has written our number. */
    if (owner == map->me) return mipc_i_corrupt(map);
    if (mipc_region_alive(map->region, owner) == 0) {
      if (inherit(map, word, now, heir)) return 1;
      continue;
    }
    if (is_late(map)) return MIPC_MAP_BUSY;
    /* relaxed: it asks for a wake, and publishes nothing. */
    if (!(now & C) && !mipc_atomic_swap_relaxed(word, now, now | C)) continue;
    mipc_wait_on(word, now | C, slice);
    slice = slice * 2 < LAST_SLICE_US ? slice * 2 : LAST_SLICE_US;
  }
}

int mipc_i_lock(mipc_map_t *map, uint32_t *word, uint32_t *heir, bool once) {
  /* acquire: as above. */
  if (mipc_atomic_swap_acquire(word, 0, map->me)) return 0;
  return once ? MIPC_MAP_BUSY : lock_slowly(map, word, heir);
}

void mipc_i_unlock(mipc_map_t *map, uint32_t *word) {
  mipc_atomic_fence_compiler();
  /* release: the next owner sees what we have stored. */
  if (mipc_atomic_swap_release(word, map->me, 0)) return;
  if (mipc_atomic_swap_release(word, map->me | C, 0)) {
    /* If the process dies before this line, the sleeper looks again when its slice ends. */
    mipc_wait_wake(word, false);
    return;
  }
  map->is_corrupt = true; /* another process has overwritten the word: it is not ours to store */
}

int mipc_i_enter(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, bool once) {
  if (!map->own) {
    int status = mipc_i_record_take(map);
    if (status != MIPC_MAP_DONE) return status;
  }
  int taken = mipc_i_lock(map, &stripe->lock, &map->own->recovering, once);
  if (taken != 0 && taken != 1) return taken;
  if (taken == 1) mipc_i_recover(map, stripe);
  mipc_i_put32(&map->own->stripe, mipc_i_index_of(map, stripe) + 1);
  return MIPC_MAP_DONE;
}

void mipc_i_leave(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  if (map->is_corrupt) mipc_i_record_reset(map->own);
  mipc_i_unlock(map, &stripe->lock);
  /* If the process dies before it notifies, listeners look by themselves within a second. */
  if (map->has_changed) mipc_i_notify(map);
}
