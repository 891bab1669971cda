/*
 * Locks and events for the C tests: a region in each kind of place, parties that attach to it, and
 * child processes that hold the lock until they are killed.
 */
#ifndef MIPC_TEST_LOCKS_H
#define MIPC_TEST_LOCKS_H

#include <pthread.h>

#include "../../src/base/atomic.h"
#include "../../src/os/wait.h"
#include "../../src/sync/event.h"
#include "../../src/sync/lock.h"
#include "regions.h"

#define S     ((uint32_t)1 << 30)
#define C     ((uint32_t)1 << 31)
#define OWNER ((uint32_t)MIPC_MAX_NUMBER)

/* Longer than any wait of these tests, shorter than their time limit. */
#define LONG_US 20000000

/* The region of a test, and the specification with which parties find it. */
typedef struct {
  const char *title;
  spec_t spec;
  mipc_region_t *keeper; /* keeps the region alive; does nothing else */
  mipc_region_shm_t *header;
  char handle[MIPC_HANDLE_SIZE], path[400];
} place_t;

static place_t place;

static inline void close_place(void) {
  mipc_region_put(place.keeper);
  if (place.spec.place == MIPC_PLACE_PATH) unlink(place.path);
}

static inline void open_place(mipc_place_t kind) {
  static unsigned count;
  char name[32];
  snprintf(name, sizeof name, "lock%u", ++count);
  memset(&place, 0, sizeof place);
  snprintf(place.path, sizeof place.path, "%s", path_of(name));
  if (kind == MIPC_PLACE_ANONYMOUS) {
    place.title = "anonymous";
    place.keeper = open_region(ANONYMOUS());
    CHECK_EQ(mipc_region_handle(place.keeper, place.handle), 0);
    place.spec = AT_HANDLE(place.handle);
  } else {
    place.title = kind == MIPC_PLACE_NAME ? "name" : "path";
    place.spec = kind == MIPC_PLACE_NAME ? NAMED("lock") : AT_PATH(place.path, .guard = true);
    place.keeper = open_region(place.spec);
  }
  place.header = mipc_region_header(place.keeper);
}

/* Runs a test in each kind of place. */
static inline void in_all_places(void (*test)(void)) {
  static const mipc_place_t kinds[] = {MIPC_PLACE_ANONYMOUS, MIPC_PLACE_NAME, MIPC_PLACE_PATH};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    long failures = check_failures;
    open_place(kinds[i]);
    test();
    if (check_failures > failures) printf("  in the place: %s\n", place.title);
    close_place();
  }
}

/* An attachment, its lock and its payload. */
typedef struct {
  mipc_region_t *region;
  mipc_lock_t *lock;
  mipc_region_shm_t *header;
  uint32_t number;
  volatile uint64_t *payload;
} party_t;

static inline party_t join(const void *thread) {
  party_t p = {.region = open_region(place.spec)};
  set_row_thread(p.region, NO_THREAD);
  CHECK_EQ(mipc_lock_open(p.region, thread, &p.lock), 0);
  p.header = mipc_region_header(p.region);
  p.number = mipc_region_number(p.region);
  p.payload = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                   (int)mipc_region_file(p.region).os, MIPC_PAYLOAD_OFFSET);
  CHECK(p.payload != MAP_FAILED);
  return p;
}

static inline void part(party_t *p) {
  mipc_lock_close(p->lock);
  munmap((void *)(uintptr_t)p->payload, 4096);
  mipc_region_put(p->region);
}

/* Threads: a lock knows them by their address only. */
static const char thread_1[1], thread_2[1], thread_3[1];

static inline uint32_t word_of(const party_t *p) {
  return mipc_atomic_load_relaxed(&p->header->lock);
}

static inline void set_word(const party_t *p, uint32_t value) {
  mipc_atomic_store_relaxed(&p->header->lock, value);
}

/* Shared by all processes of a test. */
typedef struct {
  _Atomic int ready, turn, done;
  _Atomic uint32_t number;
  _Atomic int64_t count;
} board_t;

static board_t *board;

static inline void new_board(void) {
  if (!board) board = shared_memory(sizeof *board);
  memset((void *)board, 0, sizeof *board);
}

/* In a child: takes the lock, reports it, and stays. `expected`: the result of the take. */
static inline void hold(void *expected) {
  party_t p = join(thread_1);
  CHECK_EQ(mipc_lock_take(p.lock, LONG_US, false), *(int *)expected);
  board->number = p.number;
  board->ready = 1;
  for (;;)
    pause();
}

static inline pid_t start_holder(int expected) {
  new_board();
  pid_t child = start_child(hold, &expected);
  wait_for(&board->ready);
  return child;
}

/* In a child: waits for the lock until it is killed. */
static inline void wait_in_vain(void *unused) {
  (void)unused;
  party_t p = join(thread_1);
  board->ready = 1;
  mipc_lock_take(p.lock, LONG_US, false);
  board->done = 1;
  for (;;)
    pause();
}

/* A child dies while it holds the lock. */
static inline void die_holding(int expected) {
  kill_child(start_holder(expected));
}

/* Checks the result of a call, and that it takes at least and at most this many milliseconds. */
#define CHECK_TIMED(call, expected, least, most)                                                   \
  do {                                                                                             \
    double begin_us = now_us();                                                                    \
    CHECK_EQ(call, expected);                                                                      \
    double took_ms = (now_us() - begin_us) / 1e3;                                                  \
    if (!CHECK(took_ms >= (least) && took_ms < (most))) printf("  it took %.1f ms\n", took_ms);    \
  } while (0)

/* A thread that sleeps on a word without using the lock, to see whether it is woken. */
typedef struct {
  const mipc_atomic_u32_t *word;
  uint32_t value;
  _Atomic int asleep, woken;
  pthread_t id;
} sleeper_t;

static inline void *sleep_on_word(void *argument) {
  sleeper_t *s = argument;
  s->asleep = 1;
  double begin = now_us();
  mipc_wait_on(s->word, s->value, 400000);
  s->woken = now_us() - begin < 390000 ? 1 : -1;
  return NULL;
}

static inline void start_sleeper(sleeper_t *s, const mipc_atomic_u32_t *word) {
  s->word = word;
  s->value = mipc_atomic_load_relaxed(word);
  s->asleep = s->woken = 0;
  pthread_create(&s->id, NULL, sleep_on_word, s);
  wait_for(&s->asleep);
  nap_us(30000);
}

/* True: it was woken. As the word does not change, only a wake does that. */
static inline bool was_woken(sleeper_t *s) {
  pthread_join(s->id, NULL);
  return s->woken == 1;
}

#endif
