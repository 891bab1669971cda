/*
 * base/slots.h: a number finds its own item and no other, from the first to the last of 2^20, and
 * as a model does in a long random run.
 */
#include "../../src/base/slots.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define LAST_NUMBER (((int64_t)1 << 52) - 1)

static void empty_table_finds_nothing(void) {
  mipc_slots_t table;
  memset(&table, 0xA5, sizeof table);
  mipc_slots_init(&table);
  CHECK(mipc_slots_get(&table, 0) == NULL);
  CHECK(mipc_slots_get(&table, UINT64_MAX) == NULL);
  CHECK(mipc_slots_remove(&table, 0) == NULL);
  CHECK_EQ(table.used, 0);
  mipc_slots_done(&table);
  mipc_slots_done(&table);
}

static void removed_number_is_stale(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  int a, b;
  uint64_t first = (uint64_t)mipc_slots_add(&table, &a);
  CHECK(mipc_slots_get(&table, first) == &a);
  CHECK(mipc_slots_remove(&table, first) == &a);
  CHECK(mipc_slots_get(&table, first) == NULL);
  CHECK(mipc_slots_remove(&table, first) == NULL);
  CHECK_EQ(table.used, 0);
  uint64_t second = (uint64_t)mipc_slots_add(&table, &b);
  CHECK(second != first);
  CHECK(mipc_slots_get(&table, first) == NULL);
  CHECK(mipc_slots_remove(&table, first) == NULL);
  CHECK(mipc_slots_get(&table, second) == &b);
  mipc_slots_done(&table);
}

/* With 12 bits of generation a number was reused after 4,096 uses of its index, and a closed object
 * reached another one. */
static void one_index_over_and_over(void) {
  enum { TIMES = 10000 };
  static uint64_t numbers[TIMES];
  mipc_slots_t table;
  mipc_slots_init(&table);
  int item;
  for (int i = 0; i < TIMES; i++) {
    int64_t number = mipc_slots_add(&table, &item);
    CHECK(number >= 0 && number <= LAST_NUMBER);
    numbers[i] = (uint64_t)number;
    CHECK(mipc_slots_remove(&table, numbers[i]) == &item);
  }
  for (int i = 1; i < TIMES; i++)
    CHECK(numbers[i] != numbers[i - 1] && numbers[i] != numbers[0]);
  uint64_t again = (uint64_t)mipc_slots_add(&table, &item);
  for (int i = 0; i < TIMES; i++)
    CHECK(mipc_slots_get(&table, numbers[i]) == NULL);
  CHECK(mipc_slots_get(&table, again) == &item);
  mipc_slots_done(&table);
}

static void last_generation_retires_its_index(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  int item;
  uint64_t first = (uint64_t)mipc_slots_add(&table, &item);
  CHECK(mipc_slots_remove(&table, first) == &item);
  table.slots[first].generation = UINT32_MAX;
  uint64_t last = (uint64_t)mipc_slots_add(&table, &item);
  CHECK_EQ(last, ((uint64_t)UINT32_MAX << MIPC_SLOT_INDEX_BITS) | first);
  CHECK(mipc_slots_remove(&table, last) == &item);
  uint64_t other = (uint64_t)mipc_slots_add(&table, &item);
  CHECK(other % MIPC_SLOT_LIMIT != first);
  CHECK(mipc_slots_get(&table, first) == NULL);
  CHECK(mipc_slots_get(&table, last) == NULL);
  mipc_slots_done(&table);
}

static void number_of_an_index_is_the_one_that_is_out(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  int item;
  CHECK_EQ(mipc_slots_number(&table, 0), -1);
  int64_t number = mipc_slots_add(&table, &item);
  CHECK(mipc_slots_remove(&table, (uint64_t)number) == &item);
  CHECK_EQ(mipc_slots_number(&table, 0), -1);
  number = mipc_slots_add(&table, &item);
  CHECK_EQ(mipc_slots_number(&table, (uint32_t)number & (MIPC_SLOT_LIMIT - 1)), number);
  CHECK_EQ(mipc_slots_number(&table, MIPC_SLOT_LIMIT), -1);
  mipc_slots_done(&table);
}

static void numbers_never_given_out_find_nothing(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  int item;
  uint64_t number = (uint64_t)mipc_slots_add(&table, &item);
  for (uint32_t bit = 0; bit < 64; bit++)
    CHECK(mipc_slots_get(&table, number ^ ((uint64_t)1 << bit)) == NULL);
  CHECK(mipc_slots_get(&table, UINT64_MAX) == NULL);
  mipc_slots_done(&table);
}

static void grows_to_its_limit_and_no_further(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  uint64_t *numbers = malloc(MIPC_SLOT_LIMIT * sizeof *numbers);
  if (!CHECK(numbers)) return;
  bool good = true;
  for (uint32_t i = 0; i < MIPC_SLOT_LIMIT; i++) {
    int64_t number = mipc_slots_add(&table, &numbers[i]);
    good = good && number >= 0 && number <= LAST_NUMBER;
    numbers[i] = (uint64_t)number;
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
 * Compared with a plain list of (number, item). A short list holds removed numbers; they are looked
 * up too, and must find nothing.
 */
enum { LIVE = 2000, STALE = 512 };
static struct {
  uint64_t number;
  void *item;
} live[LIVE];
static uint64_t stale[STALE];
static uint32_t live_count, stale_count;

static bool is_live(uint64_t number) {
  for (uint32_t i = 0; i < live_count; i++) {
    if (live[i].number == number) return true;
  }
  return false;
}

static bool add_one(mipc_slots_t *table, uintptr_t serial) {
  void *item = (void *)(serial + 1);
  int64_t number = mipc_slots_add(table, item);
  if (number < 0 || is_live((uint64_t)number)) return false;
  live[live_count].number = (uint64_t)number;
  live[live_count++].item = item;
  return true;
}

static bool remove_one(mipc_slots_t *table) {
  uint32_t i = random_below(live_count);
  uint64_t number = live[i].number;
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
    uint64_t number = stale[random_below(stale_count < STALE ? stale_count : STALE)];
    good = good && !mipc_slots_get(table, number);
  }
  return good;
}

static void random_run_follows_the_model(void) {
  mipc_slots_t table;
  mipc_slots_init(&table);
  /* The balance changes every 4,096 steps, so that the table fills and empties. */
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
  last_generation_retires_its_index();
  number_of_an_index_is_the_one_that_is_out();
  numbers_never_given_out_find_nothing();
  grows_to_its_limit_and_no_further();
  random_run_follows_the_model();
  return check_done("slots");
}
