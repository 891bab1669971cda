/*
 * A cell with many writers and readers: threads and processes at the same time, and writers that
 * are killed. Every value that is read is whole, and versions never decrease.
 */
#include <pthread.h>

#include "cells.h"

/* A value that shows whether it is whole: `n`, then numbers computed from it. */
#define MOST_WORDS 2000

static size_t make_value(uint64_t *words, uint64_t n) {
  size_t count = 1 + (size_t)(n * 2654435761u % MOST_WORDS);
  for (size_t i = 0; i < count; i++)
    words[i] = n + i * 0x9E3779B97F4A7C15u;
  return count * sizeof *words;
}

static bool is_whole(const uint64_t *words, const mipc_cell_value_t *value) {
  uint64_t n = words[0];
  size_t count = 1 + (size_t)(n * 2654435761u % MOST_WORDS);
  if (value->length != count * sizeof *words || value->type != n % 256) return false;
  for (size_t i = 0; i < count; i++) {
    if (words[i] != n + i * 0x9E3779B97F4A7C15u) return false;
  }
  return true;
}

/* Shared by all parties. */
typedef struct {
  pthread_mutex_t mutex; /* shared, for writers */
  _Atomic int stop, reading;
  _Atomic int64_t reads, overtaken;
} arena_t;

static arena_t *arena;
static fixture_t contested;

static void write_on(void) {
  uint64_t *words = malloc(MOST_WORDS * sizeof *words);
  for (uint64_t n = 1; words && !arena->stop; n++) {
    mipc_cell_value_t value = {.length = make_value(words, n), .type = n % 256, .checked = n % 2};
    pthread_mutex_lock(&arena->mutex);
    CHECK_EQ(mipc_cell_write(&contested.cell, words, &value), 0);
    pthread_mutex_unlock(&arena->mutex);
  }
  free(words);
}

static void read_on(void) {
  uint64_t *words = malloc(MOST_WORDS * sizeof *words), last = 0;
  arena->reading++;
  while (words && !arena->stop) {
    mipc_cell_value_t value = {0};
    int status = mipc_cell_read(&contested.cell, words, MOST_WORDS * sizeof *words, &value);
    if (status == MIPC_CELL_OVERTAKEN) {
      arena->overtaken++;
      continue;
    }
    if (!CHECK_EQ(status, 0) || !CHECK(value.version >= last)) break;
    last = value.version;
    if (last && !CHECK(is_whole(words, &value))) break;
    arena->reads++;
  }
  free(words);
}

static void *write_thread(void *unused) {
  write_on();
  return unused;
}

static void *read_thread(void *unused) {
  read_on();
  return unused;
}

static void write_process(void *unused) {
  (void)unused;
  write_on();
}

static void read_process(void *unused) {
  (void)unused;
  read_on();
}

static void new_mutex(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&arena->mutex, &attributes);
}

static void new_arena(void) {
  arena = shared_memory(sizeof *arena);
  new_mutex();
  contested = new_cell(MOST_WORDS * sizeof(uint64_t));
}

static void end_arena(void) {
  nap_us(1500000);
  arena->stop = 1;
}

static void free_arena(const char *who) {
  CHECK(arena->reads > 0);
  printf("  %s: %llu versions, %lld reads whole, %lld overtaken\n", who,
         (unsigned long long)mipc_cell_version(&contested.cell), (long long)arena->reads,
         (long long)arena->overtaken);
  free_cell(&contested);
  munmap(arena, sizeof *arena);
}

static void among_threads(void) {
  pthread_t ids[5];
  new_arena();
  for (int i = 0; i < 5; i++)
    pthread_create(&ids[i], NULL, i < 2 ? write_thread : read_thread, NULL);
  end_arena();
  for (int i = 0; i < 5; i++)
    pthread_join(ids[i], NULL);
  free_arena("threads");
}

static void among_processes(void) {
  pid_t children[5];
  new_arena();
  for (int i = 0; i < 5; i++)
    children[i] = start_child(i < 2 ? write_process : read_process, NULL);
  end_arena();
  for (int i = 0; i < 5; i++)
    CHECK_EQ(end_of(children[i]), 0);
  free_arena("processes");
}

/* One writer at a time, killed repeatedly; the next one continues where it stopped. */
static void killed_writers(void) {
  uint64_t *words = malloc(MOST_WORDS * sizeof *words), last = 0;
  uint32_t random = 1;
  new_arena();
  pid_t reader = start_child(read_process, NULL);
  wait_for(&arena->reading);
  for (int i = 0; i < FEWER(100); i++) {
    new_mutex(); /* the dead writer may hold it */
    pid_t child = start_child(write_process, NULL);
    for (int patience = 0; mipc_cell_version(&contested.cell) <= last && patience < 5000;
         patience++)
      nap_us(1000);
    nap_us(next_random(&random) % 5000);
    kill_child(child);
    mipc_cell_value_t value = {0};
    CHECK_EQ(mipc_cell_read(&contested.cell, words, MOST_WORDS * sizeof *words, &value), 0);
    CHECK(value.version > last);
    CHECK(is_whole(words, &value));
    last = value.version;
  }
  arena->stop = 1;
  CHECK_EQ(end_of(reader), 0);
  free_arena("killed");
  free(words);
}

int main(void) {
  among_threads();
  among_processes();
  killed_writers();
  return check_done("cell_race");
}
