/*
 * The event of a region: the protocol of event.h, and the watch.
 */
#include "event.h"

#include <stdlib.h>

#include "../base/atomic.h"
#include "../base/status.h"
#include "../os/fork.h"
#include "../os/process.h"
#include "../os/thread.h"
#include "../os/wait.h"
#include "waiter.h"

#define W ((uint32_t)1)

/* A sleep ends after this long: the process that should wake us may have died. */
#define SLICE_US 250000

/* For a waiter that cannot set W: the first and the longest time between two looks. */
#define FIRST_NAP_US 1000
#define LAST_NAP_US  20000

uint32_t mipc_event_count(const mipc_region_shm_t *h) {
  /* acquire: pairs with the release of mipc_event_publish(). */
  return mipc_atomic_load_acquire(&h->event) >> 1;
}

void mipc_event_publish(mipc_region_shm_t *h) {
  for (;;) {
    /* relaxed: the swap decides. */
    uint32_t now = mipc_atomic_load_relaxed(&h->event);
    /* release: a process that sees the count also sees what was published. */
    if (!mipc_atomic_swap_release(&h->event, now, ((now >> 1) + 1) << 1)) continue;
    /* If the process is killed before this line, the sleepers look again by themselves; and if it
     * held the lock, the process that recovers the lock wakes them. */
    if (now & W) mipc_wait_wake(&h->event, true);
    return;
  }
}

/* Sleeps once at most. */
static void sleep_once(mipc_region_shm_t *h, bool can_write, uint32_t count, uint32_t us,
                       uint32_t *looks) {
  if (!can_write) {
    uint32_t nap = *looks < 5 ? FIRST_NAP_US << *looks : LAST_NAP_US;
    if (nap > LAST_NAP_US) nap = LAST_NAP_US;
    ++*looks;
    mipc_thread_nap(nap < us ? nap : us);
    return;
  }
  /* relaxed: it asks for a wake, and publishes nothing. A word whose count has changed is left
   * alone: that change is published, and the W beside it belongs to those that wait for the next.
   */
  uint32_t armed = count << 1 | W;
  bool is_armed = mipc_atomic_swap_relaxed(&h->event, count << 1, armed) ||
                  mipc_atomic_load_relaxed(&h->event) == armed;
  if (is_armed) mipc_wait_on(&h->event, armed, us < SLICE_US ? us : SLICE_US);
}

int mipc_event_wait(mipc_region_shm_t *h, bool can_write, uint32_t count, uint32_t us,
                    uint32_t *looks) {
  uint64_t begin = mipc_clock_us();
  for (uint32_t spent = 0;;) {
    if (mipc_event_count(h) != count) return 1;
    if (spent >= us) return 0;
    sleep_once(h, can_write, count, us - spent, looks);
    uint64_t passed = mipc_clock_us() - begin;
    spent = passed < us ? (uint32_t)passed : us;
  }
}

struct mipc_watch {
  const mipc_region_t *region;
  mipc_region_shm_t *header;
  bool can_write;
  uint32_t fork_generation;
  mipc_waiter_t *waiter;
  /* Only the waiter's thread touches these, and open before that thread exists. */
  uint32_t count; /* reported last */
  uint32_t looks;
};

static int look(void *context, bool fresh) {
  mipc_watch_t *watch = context;
  if (fresh) watch->looks = 0;
  uint32_t now = mipc_event_count(watch->header);
  /* A region that was cut off shows zeros here, or its last count, which never changes again. */
  if (now == watch->count && mipc_region_whole(watch->region) == 0) return 0;
  watch->count = now;
  return 1;
}

static void sleep_on(void *context) {
  mipc_watch_t *watch = context;
  sleep_once(watch->header, watch->can_write, watch->count, SLICE_US, &watch->looks);
}

int mipc_watch_open(mipc_region_t *region, void (*notify)(void *), void *notified,
                    mipc_watch_t **ret_watch) {
  mipc_watch_t *watch = calloc(1, sizeof *watch);
  if (!watch) return mipc_no_memory();
  *watch = (mipc_watch_t){.region = region,
                          .header = mipc_region_header(region),
                          .can_write = !mipc_region_read_only(region),
                          .fork_generation = mipc_region_fork_generation(region),
                          .count = mipc_event_count(mipc_region_header(region))};
  const mipc_waiter_ways_t ways = {look, sleep_on, NULL, notify, watch, notified};
  int status = mipc_waiter_open(&ways, &watch->waiter);
  if (status < 0) {
    free(watch);
    return status;
  }
  *ret_watch = watch;
  return 0;
}

/* In the child of a fork() the thread of the waiter does not exist. */
void mipc_watch_close(mipc_watch_t *watch) {
  if (!watch) return;
  if (watch->fork_generation == mipc_fork_generation()) mipc_waiter_close(watch->waiter);
  free(watch);
}

int mipc_watch_arm(mipc_watch_t *watch) {
  if (watch->fork_generation != mipc_fork_generation()) return MIPC_E_CLOSED;
  /* A damaged region would cause one wake-up after the other. */
  int status = mipc_region_whole(watch->region);
  if (status < 0) return status;
  mipc_waiter_enter(watch->waiter);
  bool waits = mipc_waiter_waits(watch->waiter);
  mipc_waiter_leave(watch->waiter);
  return waits ? 0 : mipc_waiter_begin(watch->waiter);
}

void mipc_watch_disarm(mipc_watch_t *watch) {
  /* In the child of a fork() the thread that had entered the waiter may not exist. */
  if (watch->fork_generation != mipc_fork_generation()) return;
  mipc_waiter_enter(watch->waiter);
  mipc_waiter_stop(watch->waiter);
  mipc_waiter_leave(watch->waiter);
}
