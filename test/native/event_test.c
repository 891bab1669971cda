/*
 * The event: the count, waits and watches. No publication is missed, whichever processes come,
 * leave or are killed.
 */
#include "locks.h"

#include "../../src/region/region_i.h"

#define W ((uint32_t)1)

static uint32_t event_word(void) {
  return mipc_atomic_load_relaxed(&place.header->event);
}

static void counted(void) {
  CHECK_EQ(mipc_event_count(place.header), 0);
  for (uint32_t i = 1; i < 100; i++) {
    mipc_event_publish(place.header);
    CHECK_EQ(mipc_event_count(place.header), i);
    CHECK_EQ(event_word(), i << 1);
  }
  place.header->event = UINT32_MAX; /* the last count, with a waiter */
  CHECK_EQ(mipc_event_count(place.header), UINT32_MAX >> 1);
  mipc_event_publish(place.header);
  CHECK_EQ(event_word(), 0);
}

static void publish_later(void *argument) {
  party_t p = join(thread_1);
  nap_us(*(int *)argument);
  mipc_event_publish(p.header);
  part(&p);
}

static void waited_for(bool can_write) {
  uint32_t looks = 0, count = mipc_event_count(place.header);
  CHECK_TIMED(mipc_event_wait(place.header, can_write, count, 0, &looks), 0, 0, 1000);
  CHECK_TIMED(mipc_event_wait(place.header, can_write, count, 700, &looks), 0, 0.7, 1000);
  CHECK_TIMED(mipc_event_wait(place.header, can_write, count, 60000, &looks), 0, 60, 1000);
  CHECK_EQ(event_word(), count << 1 | (can_write ? W : 0));
  CHECK_TIMED(mipc_event_wait(place.header, can_write, count + 1, LONG_US, &looks), 1, 0, 1000);
  mipc_event_publish(place.header);
  CHECK_EQ(event_word(), (count + 1) << 1); /* W is cleared */
  CHECK_TIMED(mipc_event_wait(place.header, can_write, count, LONG_US, &looks), 1, 0, 1000);
  for (int us = 1000; us < 40000; us *= 2) {
    count = mipc_event_count(place.header);
    pid_t child = start_child(publish_later, &us);
    CHECK_TIMED(mipc_event_wait(place.header, can_write, count, LONG_US, &looks), 1, 0, 2000);
    CHECK_EQ(end_of(child), 0);
  }
}

static void waited_for_by_all(void) {
  waited_for(true);
  waited_for(false);
}

static void wakes(void) {
#if !defined(MIPC_TEST_WAIT_NONE)
  sleeper_t one, two;
  open_place(MIPC_PLACE_ANONYMOUS);
  place.header->event = 7 << 1; /* without W no thread is woken */
  start_sleeper(&one, &place.header->event);
  mipc_event_publish(place.header);
  CHECK(!was_woken(&one));
  place.header->event = 7 << 1 | W;
  start_sleeper(&one, &place.header->event);
  start_sleeper(&two, &place.header->event);
  mipc_event_publish(place.header);
  CHECK(was_woken(&one));
  CHECK(was_woken(&two));
  close_place();
#endif
}

/* A read-only attachment cannot set W, and is notified all the same. */
static void read_only(void) {
  open_place(MIPC_PLACE_PATH);
  mipc_region_t *reader = open_region(
      AT_PATH(place.path, .read_only = true, .create = MIPC_CREATE_NEVER, .guard = true));
  mipc_region_shm_t *h = mipc_region_header(reader);
  uint32_t looks = 0;
  double least = 1e9;
  for (int i = 0; i < 10; i++) {
    double begin = now_us();
    CHECK_EQ(mipc_event_wait(h, false, 0, 1000, &looks), 0);
    if (now_us() - begin < least) least = now_us() - begin;
  }
  CHECK(least < 10000); /* its time limit holds, however long the naps have become */
  CHECK_EQ(looks, 10);
  int us = 5000;
  pid_t child = start_child(publish_later, &us);
  CHECK_TIMED(mipc_event_wait(h, false, 0, LONG_US, &looks), 1, 0, 2000);
  CHECK_EQ(end_of(child), 0);
  CHECK_EQ(event_word(), 1 << 1);
  mipc_region_put(reader);
  close_place();
}

/* A publisher dies between the count and the wake. */
static void not_woken(bool with_the_lock) {
  open_place(MIPC_PLACE_ANONYMOUS);
  uint32_t looks = 0;
  new_board();
  pid_t holder = with_the_lock ? start_holder(MIPC_LOCK_TAKEN) : 0;
  fflush(NULL);
  pid_t waiter = fork();
  if (waiter == 0) {
    party_t p = join(thread_2);
    board->turn = 1;
    CHECK_EQ(mipc_event_wait(p.header, true, 0, LONG_US, &looks), 1);
    board->done = 1;
    _exit(check_failures > 0);
  }
  wait_for(&board->turn);
  for (int i = 0; i < 5000 && event_word() != W; i++)
    nap_us(1000);
  nap_us(20000);
  mipc_atomic_store_relaxed(&place.header->event, 1 << 1);
  double begin = now_us();
  if (with_the_lock) {
    kill_child(holder);
    party_t p = join(thread_1);
    CHECK_EQ(mipc_lock_take(p.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
    CHECK_EQ(mipc_lock_drop(p.lock), 0);
    part(&p);
  }
  CHECK_EQ(end_of(waiter), 0);
  double ms = (now_us() - begin) / 1e3;
  CHECK(ms < 1000);
#if !defined(MIPC_TEST_WAIT_NONE)
  printf("a missing wake costs %.0f ms%s\n", ms, with_the_lock ? ", with the lock" : "");
#endif
  close_place();
}

/* A watch, and the number of its wake-ups. */
typedef struct {
  mipc_watch_t *watch;
  _Atomic int wake_ups;
} watched_t;

static void count_wake_up(void *argument) {
  ((watched_t *)argument)->wake_ups++;
}

static bool has_woken(watched_t *w, int times) {
  for (int i = 0; i < 100000 && w->wake_ups < times; i++)
    nap_us(100);
  return w->wake_ups == times;
}

static void watched(mipc_region_t *region) {
  watched_t w = {.wake_ups = 0};
  mipc_event_publish(place.header);
  CHECK_EQ(mipc_watch_open(region, count_wake_up, &w, &w.watch), 0);
  mipc_watch_disarm(w.watch);
  CHECK_EQ(mipc_watch_arm(w.watch), 0);
  CHECK_EQ(mipc_watch_arm(w.watch), 0);
  nap_us(30000);
  CHECK_EQ(w.wake_ups, 0); /* it knows the publications before it */
  mipc_event_publish(place.header);
  CHECK(has_woken(&w, 1));
  mipc_event_publish(place.header);
  mipc_event_publish(place.header);
  nap_us(30000);
  CHECK_EQ(w.wake_ups, 1); /* quiet until it is armed, then one wake-up at once for all of them */
  CHECK_EQ(mipc_watch_arm(w.watch), 0);
  CHECK(has_woken(&w, 2));
  CHECK_EQ(mipc_watch_arm(w.watch), 0);
  mipc_watch_disarm(w.watch);
  mipc_watch_disarm(w.watch);
  mipc_event_publish(place.header);
  nap_us(30000);
  CHECK_EQ(w.wake_ups, 2);
  CHECK_EQ(mipc_watch_arm(w.watch), 0);
  CHECK(has_woken(&w, 3));
  CHECK_EQ(mipc_watch_arm(w.watch), 0);
  double begin = now_us();
  mipc_watch_close(w.watch); /* during a sleep */
  CHECK(now_us() - begin < 200000);
  CHECK_EQ(w.wake_ups, 3);
  CHECK_EQ(mipc_watch_open(region, count_wake_up, &w, &w.watch), 0);
  mipc_watch_close(w.watch); /* never armed */
  mipc_watch_close(NULL);
}

/* In any order: it sends a wake-up if and only if it is armed and the count differs from that of
 * the last one. */
static void watched_in_any_order(mipc_region_t *region) {
  watched_t w = {.wake_ups = 0};
  uint32_t random = 7;
  int expected = 0;
  bool armed = false, moved = false;
  CHECK_EQ(mipc_watch_open(region, count_wake_up, &w, &w.watch), 0);
  for (int i = 0; i < FEWER(2000); i++) {
    switch (next_random(&random) % 4) {
    case 0:
      CHECK_EQ(mipc_watch_arm(w.watch), 0);
      armed = true;
      break;
    case 1:
      mipc_watch_disarm(w.watch);
      armed = false;
      break;
    case 2:
      mipc_event_publish(place.header);
      moved = true;
      break;
    default:
      nap_us(next_random(&random) % 300);
    }
    if (!armed || !moved) continue;
    if (!CHECK(has_woken(&w, ++expected))) break;
    armed = moved = false;
  }
  nap_us(5000);
  CHECK_EQ(w.wake_ups, expected);
  mipc_watch_close(w.watch);
}

static void watched_by_writer_and_reader(void) {
  mipc_region_t *writer = open_region(place.spec);
  watched(writer);
  watched_in_any_order(writer);
  mipc_region_put(writer);
  if (place.spec.place != MIPC_PLACE_PATH) return;
  mipc_region_t *reader = open_region(
      AT_PATH(place.path, .read_only = true, .create = MIPC_CREATE_NEVER, .guard = true));
  watched(reader);
  mipc_region_put(reader);
}

static void in_the_child(void *argument) {
  watched_t *w = argument;
  CHECK_EQ(mipc_watch_arm(w->watch), MIPC_E_CLOSED);
  mipc_watch_disarm(w->watch);
  mipc_watch_close(w->watch);
}

/* fork() at any moment of the watch's own thread, which the child does not have. */
static void forked(void) {
  watched_t w = {.wake_ups = 0};
  mipc_region_t *region = open_region(place.spec);
  CHECK_EQ(mipc_watch_open(region, count_wake_up, &w, &w.watch), 0);
  for (int i = 0; i < FEWER(200); i++) {
    CHECK_EQ(mipc_watch_arm(w.watch), 0);
    mipc_event_publish(place.header);
    CHECK_EQ(end_of(start_child(in_the_child, &w)), 0);
  }
  mipc_watch_close(w.watch);
  mipc_region_put(region);
}

/* Two processes answer each other: a lost wake costs a quarter of a second. */
static void answer(uint32_t parity, int rounds) {
  party_t p = join(thread_1);
  uint32_t looks = 0;
  int slow = 0;
  for (int i = 0; i < rounds; i++) {
    uint32_t count = mipc_event_count(p.header);
    double begin = now_us();
    while (count % 2 != parity) {
      if (!CHECK_EQ(mipc_event_wait(p.header, true, count, LONG_US, &looks), 1)) return;
      count = mipc_event_count(p.header);
    }
    slow += now_us() - begin > 200000;
    mipc_event_publish(p.header);
  }
  board->count += slow;
  part(&p);
}

static void answer_odd(void *rounds) {
  answer(1, *(int *)rounds);
}

/* They wait for the next count, or the one after it, and are killed at any time. */
static void come_and_go(void *unused) {
  (void)unused;
  party_t p = join(thread_1);
  uint32_t looks = 0;
  for (;;)
    mipc_event_wait(p.header, true, mipc_event_count(p.header), 1000, &looks);
}

static void none_is_lost(int rounds) {
  enum { N = 2 };
  open_place(MIPC_PLACE_ANONYMOUS);
  new_board();
  pid_t other = start_child(answer_odd, &rounds), guests[N];
  for (int i = 0; i < N; i++)
    guests[i] = start_child(come_and_go, NULL);
  fflush(NULL);
  pid_t first = fork();
  if (first == 0) {
    answer(0, rounds);
    board->done = 1;
    _exit(check_failures > 0);
  }
  int killed = 0;
  for (; !board->done && mipc_event_count(place.header) < 2 * (uint32_t)rounds; killed++) {
    nap_us(3000);
    kill_child(guests[killed % N]);
    guests[killed % N] = start_child(come_and_go, NULL);
  }
  CHECK_EQ(end_of(first), 0);
  CHECK_EQ(end_of(other), 0);
  for (int i = 0; i < N; i++)
    kill_child(guests[i]);
  CHECK_EQ(mipc_event_count(place.header), 2 * (uint32_t)rounds);
  printf("%d answers, %d waiters killed, %d slow\n", 2 * rounds, killed, (int)board->count);
  CHECK(board->count <= 2); /* allowance for a busy machine */
  close_place();
}

int main(void) {
  in_all_places(counted);
  in_all_places(waited_for_by_all);
  wakes();
  read_only();
  not_woken(false);
  not_woken(true);
  in_all_places(watched_by_writer_and_reader);
  in_all_places(forked);
#if defined(MIPC_TEST_WAIT_NONE)
  none_is_lost(FEWER(5000)); /* naps are that slow */
#else
  none_is_lost(FEWER(50000));
#endif
  return check_done("event");
}
