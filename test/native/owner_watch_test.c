/*
 * The watch of a lock's owner: it wakes a sleep of any length at the owner's death, whenever that
 * comes. The waits that use it: lock_long_test.c.
 */
#include "locks.h"

#include "../../src/sync/owner_watch.h"

/* Longer than WATCH_AFTER_MS of lock_wait.c. */
#define WATCHED_US 120000

/* A waiter as in lock_wait.c, but without slices: only its watch can wake it. */
typedef struct {
  const party_t *p;
  mipc_owner_watch_t *watch;
  uint32_t owner;
  long late_us;              /* from the entry of its sleep to the sleep */
  _Atomic int entered, over; /* over: it found the owner dead */
  pthread_t id;
} watcher_t;

/* Asks until the watch covers the owner, or has reported its end. */
static bool enter_soon(watcher_t *w, mipc_watched_sleep_t *sleep) {
  for (int i = 0; i < 20000; i++) {
    if (mipc_owner_watch_enter(w->watch, w->owner, sleep)) return true;
    if (mipc_owner_watch_reports(w->watch, w->owner)) return false;
    nap_us(500);
  }
  CHECK(!"neither watched nor dead");
  return false;
}

static void *watch_one(void *argument) {
  watcher_t *w = argument;
  mipc_watched_sleep_t sleep = {.word = &w->p->header->lock};
  uint32_t word = word_of(w->p);
  while (enter_soon(w, &sleep)) {
    w->entered = 1;
    if (w->late_us) nap_us(w->late_us);
    mipc_wait_on(sleep.word, word, LONG_US);
    mipc_owner_watch_leave(w->watch, &sleep);
    if (mipc_region_alive(w->p->region, w->owner) == 0) break;
  }
  CHECK_EQ(mipc_region_alive(w->p->region, w->owner), 0);
  w->over = 1;
  return NULL;
}

static void start_watcher(watcher_t *w, const party_t *p, uint32_t owner, long late_us) {
  *w = (watcher_t){.p = p, .owner = owner, .late_us = late_us};
  CHECK_EQ(mipc_owner_watch_open(p->region, &w->watch), 0);
  pthread_create(&w->id, NULL, watch_one, w);
}

/* In half the time of a sleep that is not woken. */
static void end_watcher(watcher_t *w) {
  for (int i = 0; i < LONG_US / 2000 && !w->over; i++)
    nap_us(1000);
  if (!CHECK(w->over)) exit(1);
  pthread_join(w->id, NULL);
  mipc_owner_watch_close(w->watch);
}

/* In a child: attaches, reports its number, and stays. */
static void attach(void *unused) {
  (void)unused;
  party_t p = join(thread_1);
  board->number = p.number;
  board->ready = 1;
  for (;;)
    pause();
}

static pid_t start_attached(void) {
  board->ready = 0;
  pid_t child = start_child(attach, NULL);
  wait_for(&board->ready);
  return child;
}

/* A death at any moment: before the watch, while it begins, during the sleep, and between the entry
 * of the sleep and the sleep. */
static void ends_at_any_moment(void) {
  party_t p = join(thread_1);
  uint32_t random = 1;
  for (int i = 0; i < 60; i++) {
    pid_t owner = start_attached();
    watcher_t w;
    if (i % 4 == 0) kill_child(owner);
    start_watcher(&w, &p, board->number, i % 4 == 3 ? 30000 : 0);
    if (i % 4 == 1) nap_us(next_random(&random) % 1000);
    if (i % 4 >= 2) wait_for(&w.entered);
    if (i % 4 == 2) nap_us(next_random(&random) % 5000);
    if (i % 4) kill_child(owner);
    end_watcher(&w);
  }
  part(&p);
}

/* Several sleeps in one watch, some of which begin late. */
static void wakes_all(void) {
  enum { COUNT = 5 };
  party_t p = join(thread_1), q = join(thread_2);
  pid_t owner = start_attached();
  watcher_t all[COUNT];
  for (int i = 0; i < COUNT; i++)
    start_watcher(&all[i], i % 2 ? &q : &p, board->number, i * 10000);
  for (int i = 0; i < COUNT; i++)
    wait_for(&all[i].entered);
  for (int i = 1; i < COUNT; i++)
    CHECK(all[i].watch == all[0].watch); /* of the region and process, not of the attachment */
  kill_child(owner);
  for (int i = 0; i < COUNT; i++)
    end_watcher(&all[i]);
  part(&p);
  part(&q);
}

/* A watch that turns to another owner wakes the sleeps that relied on it, again and again. */
static void turns_to_others(void) {
  party_t p = join(thread_1);
  pid_t first = start_attached();
  uint32_t first_number = board->number;
  pid_t second = start_attached();
  watcher_t a, b;
  start_watcher(&a, &p, first_number, 0);
  start_watcher(&b, &p, board->number, 0);
  nap_us(100000); /* they take it away from each other */
  kill_child(first);
  end_watcher(&a);
  kill_child(second);
  end_watcher(&b);
  part(&p);
}

/* The thread ends while it is blocked; no descriptor remains. */
static void closes(void) {
  party_t p = join(thread_1);
  pid_t owner = start_attached();
  int before = count_descriptors();
  for (int i = 0; i < 100; i++) {
    watcher_t w = {.p = &p, .owner = board->number};
    mipc_watched_sleep_t sleep = {.word = &p.header->lock};
    CHECK_EQ(mipc_owner_watch_open(p.region, &w.watch), 0);
    if (i % 3 == 0) {
      CHECK(enter_soon(&w, &sleep));
      mipc_owner_watch_leave(w.watch, &sleep);
    } else if (i % 3 == 1 && mipc_owner_watch_enter(w.watch, w.owner, &sleep)) {
      mipc_owner_watch_leave(w.watch, &sleep);
    }
    mipc_owner_watch_close(w.watch);
    CHECK_EQ(count_descriptors(), before);
  }
  mipc_owner_watch_close(NULL);
  CHECK(!mipc_owner_watch_reports(NULL, board->number));
  kill_child(owner);
  part(&p);
}

/* A watch that is blocked is no participant, and does not keep a dead one. */
static void is_not_counted(void) {
  party_t p = join(thread_1);
  pid_t owner = start_attached();
  watcher_t w;
  start_watcher(&w, &p, board->number, 0);
  wait_for(&w.entered);
  mipc_region_facts_t facts;
  mipc_participant_t list[8];
  CHECK_EQ(mipc_region_inspect(&place.spec, &report, &facts, list, 8, NULL, NULL), 0);
  CHECK_EQ(facts.writers, 3);
  CHECK_EQ(facts.readers, 0);
  CHECK_EQ(facts.dead, 0);
  kill_child(owner);
  end_watcher(&w);
  CHECK_EQ(mipc_region_inspect(&place.spec, &report, &facts, list, 8, NULL, NULL), 0);
  CHECK_EQ(facts.writers, 2);
  CHECK_EQ(facts.dead, 1);
  part(&p);
}

int main(void) {
  new_board();
  in_all_places(ends_at_any_moment);
  in_all_places(wakes_all);
  in_all_places(turns_to_others);
  in_all_places(closes);
  in_all_places(is_not_counted);
  return check_done("owner_watch");
}
