/*
 * os/quarantine.h: at most 128 ranges, the oldest leaves first, after 60 s; and mappings that four
 * threads open, use, close and collect at the same time, under ThreadSanitizer.
 *
 * The quarantine is compiled into this file, with a clock of our own.
 */
#define mipc_clock_ms test_clock_ms
#include "../../src/os/quarantine.c"
#undef mipc_clock_ms

#include <pthread.h>
#include <sys/mman.h>

#include "mappings.h"

static _Atomic uint64_t now = 1000;

uint64_t test_clock_ms(void) {
  return now;
}

static void *add_page(void) {
  void *base = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(base != MAP_FAILED);
  mipc_quarantine_add(base, 4096);
  return base;
}

/* mincore(), as /proc/self/maps shows adjacent ranges as one line. */
static bool is_there(void *base) {
  unsigned char resident;
  return mincore(base, 4096, (void *)&resident) == 0;
}

/* Empties the quarantine by an addition long after all others. */
static void *empty_the_queue(void) {
  now += 2 * MIPC_QUARANTINE_MS;
  void *last = add_page();
  CHECK_EQ(mipc_quarantine_count(), 1);
  return last;
}

static void ranges_wait_their_time(void) {
  void *first = empty_the_queue();
  now += 10;
  void *second = add_page();
  now += MIPC_QUARANTINE_MS - 11;
  void *third = add_page();
  CHECK_EQ(mipc_quarantine_count(), 3);
  CHECK(is_there(first) && is_there(second) && is_there(third));
  now += 1; /* the time of the first has passed, that of the second has not */
  void *fourth = add_page();
  CHECK_EQ(mipc_quarantine_count(), 3);
  CHECK(!is_there(first));
  CHECK(is_there(second) && is_there(third));
  now += 10;
  add_page();
  CHECK_EQ(mipc_quarantine_count(), 3);
  CHECK(is_there(third) && is_there(fourth));
}

static void at_most_128_and_the_oldest_goes_first(void) {
  enum { MORE = 300 };
  static void *added[MORE];
  empty_the_queue();
  for (int i = 0; i < MORE; i++) {
    added[i] = add_page();
    size_t expected = i + 2 < MIPC_QUARANTINE_RANGES ? (size_t)i + 2 : MIPC_QUARANTINE_RANGES;
    CHECK_EQ(mipc_quarantine_count(), expected);
    int oldest = i - (MIPC_QUARANTINE_RANGES - 1);
    for (int j = oldest < 0 ? 0 : oldest; j <= i; j++)
      CHECK(is_there(added[j]));
    if (oldest > 0 && added[oldest - 1] != added[i]) {
      bool used_again = false;
      for (int j = oldest; j <= i; j++)
        used_again = used_again || added[j] == added[oldest - 1];
      CHECK(used_again || !is_there(added[oldest - 1]));
    }
  }
}

static void gives_way_from_the_oldest_on(void) {
  void *first = empty_the_queue();
  void *second = add_page();
  CHECK(mipc_quarantine_give_way());
  CHECK(!is_there(first) && is_there(second));
  CHECK(mipc_quarantine_give_way());
  CHECK(!is_there(second));
  CHECK(!mipc_quarantine_give_way());
  CHECK_EQ(mipc_quarantine_count(), 0);
}

/* The range of a whole mapping is treated in the same way. */
static void closed_mapping_goes_in_its_turn(void) {
  mipc_mapping_t *m = open_mapping(SPEC(make_file("turn", 5000), BOTH));
  void *bytes = mipc_mapping_window(m, 0, 5000, false);
  mipc_mapping_close(m, 1);
  mipc_mapping_put(m);
  mipc_mapping_put_window(m);
  for (int i = 1; i < MIPC_QUARANTINE_RANGES; i++)
    add_page();
  CHECK_EQ(mapped_at(bytes), MAPPED_ANONYMOUS);
  CHECK(all_are(bytes, 5000, 0));
  void *last = add_page();
  CHECK(last == bytes || (char *)last == (char *)bytes + 4096 || !is_there(bytes));
}

/* ---- four threads */

enum { THREADS = 4, ROUNDS = 400, LEFT = 64 };

/* Mappings whose window is put by another thread, as by the collector of a worker. */
static struct {
  pthread_mutex_t mutex;
  mipc_mapping_t *mappings[LEFT];
  int count;
} left = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void leave(mipc_mapping_t *m) {
  pthread_mutex_lock(&left.mutex);
  bool full = left.count == LEFT;
  if (!full) left.mappings[left.count++] = m;
  pthread_mutex_unlock(&left.mutex);
  if (full) mipc_mapping_put_window(m);
}

static void collect(void) {
  pthread_mutex_lock(&left.mutex);
  mipc_mapping_t *m = left.count ? left.mappings[--left.count] : NULL;
  pthread_mutex_unlock(&left.mutex);
  if (m) mipc_mapping_put_window(m);
}

static mipc_mapping_t *open_quietly(const char *path, uint32_t prot, uint64_t length) {
  mipc_report_t own;
  mipc_mapping_t *m = NULL;
  mipc_mapping_spec_t spec = SPEC(path, prot, .length = length, .create = MIPC_CREATE_IF_MISSING);
  CHECK_EQ(mipc_mapping_open(&spec, &own, &m), 0);
  CHECK_EQ(own.size, length);
  return m;
}

/* 64 bytes of the file belong to this thread only. After close() it does not access them: the
 * others may close 128 mappings before it runs again. */
static void *open_and_close(void *argument) {
  const char *path = argument;
  uint64_t offset = (uint64_t)(uint8_t)path[0] % THREADS * 64;
  path++;
  for (int round = 0; round < ROUNDS; round++) {
    mipc_mapping_t *m = open_quietly(path, round % 3 ? BOTH : READ, 8192);
    if (!m) break;
    uint8_t *bytes = mipc_mapping_window(m, offset, 64, false);
    bytes[0] = (uint8_t)round;
    bool leaves = round % 4 == 0;
    if (leaves) {
      mipc_mapping_close(m, 0);
      CHECK(all_are(bytes, 64, 0));
      leave(m);
    } else if (round % 4 == 1) {
      leave(m); /* not closed: the last put unmaps it */
    } else {
      mipc_mapping_close(m, 1);
      mipc_mapping_put_window(m);
    }
    mipc_mapping_put(m);
    if (round % 2) collect();
    CHECK(mipc_quarantine_count() <= MIPC_QUARANTINE_RANGES);
  }
  return NULL;
}

static void threads_open_and_close_at_once(void) {
  pthread_t threads[THREADS];
  static char paths[THREADS][512];
  const char *path = make_file("threads", 8192);
  int descriptors = count_descriptors();
  now += 2 * MIPC_QUARANTINE_MS;
  for (int i = 0; i < THREADS; i++) {
    snprintf(paths[i], sizeof paths[i], "%c%.500s", 'a' + i, path);
    CHECK_EQ(pthread_create(&threads[i], NULL, open_and_close, paths[i]), 0);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  while (left.count)
    collect();
  CHECK_EQ(count_maps(path), 0);
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(mipc_quarantine_count(), MIPC_QUARANTINE_RANGES);
  CHECK_EQ(size_of(path), 8192);
}

static pthread_barrier_t start;

/* All threads create the same file, each with another size. */
static void *create_together(void *argument) {
  const char *path = argument;
  uint64_t length = 1000 + (uint64_t)(uint8_t)path[0] % THREADS * 100000;
  pthread_barrier_wait(&start);
  mipc_mapping_t *m = open_quietly(path + 1, BOTH, length);
  if (!m) return NULL;
  CHECK_EQ(mipc_mapping_write(m, length - 1, path, 1), 1);
  mipc_mapping_close(m, 0);
  mipc_mapping_put(m);
  return NULL;
}

static void threads_make_one_file_at_once(void) {
  pthread_t threads[THREADS];
  static char paths[THREADS][512];
  pthread_barrier_init(&start, NULL, THREADS);
  for (int round = 0; round < 50; round++) {
    const char *path = path_of("together");
    for (int i = 0; i < THREADS; i++) {
      snprintf(paths[i], sizeof paths[i], "%c%.500s", 'd' + i, path);
      CHECK_EQ(pthread_create(&threads[i], NULL, create_together, paths[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
      pthread_join(threads[i], NULL);
    CHECK_EQ(size_of(path), 1000 + (THREADS - 1) * 100000);
    for (int i = 0; i < THREADS; i++)
      CHECK_EQ(byte_of(path, 999 + i * 100000), 'd' + i);
    CHECK(blocks_of(path) * 512 >= 1000 + (THREADS - 1) * 100000);
    CHECK_EQ(unlink(path), 0);
  }
  pthread_barrier_destroy(&start);
}

int main(void) {
  path_of("");
  ranges_wait_their_time();
  at_most_128_and_the_oldest_goes_first();
  gives_way_from_the_oldest_on();
  closed_mapping_goes_in_its_turn();
  threads_open_and_close_at_once();
  threads_make_one_file_at_once();
  return check_done("quarantine");
}
