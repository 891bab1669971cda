/*
 * base/slots.h: numbers find what was put in under them and nothing else, from the first to the
 * last of 2^20, and like a model over a long random run.
 */
#include "../../src/base/slots.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void empty_table_finds_nothing(void) {
  mipc_slots_t table;
  memset(&table, 0xA5, sizeof table);
  mipc_slots_init(&table);
  CHECK(mipc_slots_get(&table, 0) == NULL);
  CHECK(mipc_slots_get(&table, UINT32_MAX) == NULL);
  CHECK(mipc_slots_remove(&table, 0) == NULL);
  CHECK_EQ(table.used, 0);
  mipc_slots_done(&table);
  mipc_slots_done(&table);
}

static void removed_number_is_stale(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  int a, b;
  uint32_t first = (uint32_t)mipc_slots_add(&table, &a);
  CHECK(mipc_slots_get(&table, first) == &a);
  CHECK(mipc_slots_remove(&table, first) == &a);
  CHECK(mipc_slots_get(&table, first) == NULL);
  CHECK(mipc_slots_remove(&table, first) == NULL);
  CHECK_EQ(table.used, 0);
  uint32_t second = (uint32_t)mipc_slots_add(&table, &b);
  CHECK(second != first);
  CHECK(mipc_slots_get(&table, first) == NULL);
  CHECK(mipc_slots_remove(&table, first) == NULL);
  CHECK(mipc_slots_get(&table, second) == &b);
  mipc_slots_done(&table);
}

/* Twelve bits of generation: a number comes back after 4,096 uses of its index, never before. */
static void one_index_over_and_over(void) {
  enum { TIMES = 4096 };
  static uint32_t numbers[TIMES];
  mipc_slots_t table;
  mipc_slots_init(&table);
  int item;
  for (int i = 0; i < TIMES; i++) {
    int64_t number = mipc_slots_add(&table, &item);
    CHECK(number >= 0 && number <= UINT32_MAX);
    numbers[i] = (uint32_t)number;
    CHECK(mipc_slots_remove(&table, numbers[i]) == &item);
  }
  for (int i = 1; i < TIMES; i++)
    CHECK(numbers[i] != numbers[i - 1] && numbers[i] != numbers[0]);
  uint32_t again = (uint32_t)mipc_slots_add(&table, &item);
  for (int i = 1; i < TIMES; i++)
    CHECK(mipc_slots_get(&table, numbers[i]) == NULL);
  CHECK(mipc_slots_get(&table, again) == &item);
  mipc_slots_done(&table);
}

static void numbers_never_given_out_find_nothing(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  int item;
  uint32_t number = (uint32_t)mipc_slots_add(&table, &item);
  for (uint32_t bit = 0; bit < 32; bit++)
    CHECK(mipc_slots_get(&table, number ^ (1u << bit)) == NULL);
  CHECK(mipc_slots_get(&table, UINT32_MAX) == NULL);
  mipc_slots_done(&table);
}

static void grows_to_its_limit_and_no_further(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  uint32_t *numbers = malloc(MIPC_SLOT_LIMIT * sizeof *numbers);
  if (!CHECK(numbers)) return;
  bool good = true;
  for (uint32_t i = 0; i < MIPC_SLOT_LIMIT; i++) {
    int64_t number = mipc_slots_add(&table, &numbers[i]);
    good = good && number >= 0 && number <= UINT32_MAX;
    numbers[i] = (uint32_t)number;
  }
  CHECK(good);
  CHECK_EQ(table.used, MIPC_SLOT_LIMIT);
  CHECK_EQ(mipc_slots_add(&table, &good), -1);
  CHECK_EQ(table.used, MIPC_SLOT_LIMIT);
  for (uint32_t i = 0; i < MIPC_SLOT_LIMIT; i++) {
    good = good && mipc_slots_get(&table, numbers[i]) == &numbers[i];
  }
  CHECK(good);
  CHECK(mipc_slots_remove(&table, numbers[12345]) == &numbers[12345]);
  CHECK(mipc_slots_add(&table, &good) >= 0);
  CHECK_EQ(mipc_slots_add(&table, &good), -1);
  mipc_slots_done(&table);
  free(numbers);
}

static uint64_t seed = 0x9E3779B97F4A7C15;

static uint32_t random_below(uint32_t bound) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 33) % bound;
}

/*
 * Against a plain list of (number, item). Numbers that were removed go to a short memory of stale
 * ones; they are looked up too, and must find nothing, unless the same number was given out again
 * (which 4,096 uses of one index make right).
 */
enum { LIVE = 2000, STALE = 512 };
static struct {
  uint32_t number;
  void *item;
} live[LIVE];
static uint32_t stale[STALE];
static uint32_t live_count, stale_count;

static bool is_live(uint32_t number) {
  for (uint32_t i = 0; i < live_count; i++) {
    if (live[i].number == number) return true;
  }
  return false;
}

static bool add_one(mipc_slots_t *table, uintptr_t serial) {
  void *item = (void *)(serial + 1);
  int64_t number = mipc_slots_add(table, item);
  if (number < 0 || is_live((uint32_t)number)) return false;
  live[live_count].number = (uint32_t)number;
  live[live_count++].item = item;
  return true;
}

static bool remove_one(mipc_slots_t *table) {
  uint32_t i = random_below(live_count);
  uint32_t number = live[i].number;
  bool good = mipc_slots_remove(table, number) == live[i].item;
  live[i] = live[--live_count];
  stale[stale_count++ % STALE] = number;
  return good && !mipc_slots_get(table, number) && !mipc_slots_remove(table, number);
}

static bool look_around(const mipc_slots_t *table) {
  bool good = table->used == live_count;
  if (live_count) {
    uint32_t i = random_below(live_count);
    good = good && mipc_slots_get(table, live[i].number) == live[i].item;
  }
  if (stale_count) {
    uint32_t number = stale[random_below(stale_count < STALE ? stale_count : STALE)];
    good = good && (is_live(number) || !mipc_slots_get(table, number));
  }
  return good;
}

static void random_run_follows_the_model(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  /* The balance tips every 4,096 steps, so that the table fills and empties. */
  for (uintptr_t step = 0; step < 40000; step++) {
    bool filling = (step >> 12) % 2 == 0;
    bool add = live_count == 0 || (live_count < LIVE && random_below(100) < (filling ? 70u : 30u));
    uint64_t before = seed;
    bool good = add ? add_one(&table, step) : remove_one(&table);
    if (!CHECK(good && look_around(&table))) {
      printf("  at step %lu, seed %llx\n", (unsigned long)step, (unsigned long long)before);
      break;
    }
  }
  for (uint32_t i = 0; i < live_count; i++)
    CHECK(mipc_slots_get(&table, live[i].number) == live[i].item);
  mipc_slots_done(&table);
}

int main(void) {
  empty_table_finds_nothing();
  removed_number_is_stale();
  one_index_over_and_over();
  numbers_never_given_out_find_nothing();
  grows_to_its_limit_and_no_further();
  random_run_follows_the_model();
  return check_done("slots");
}
