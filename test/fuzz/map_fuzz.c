/*
 * Fuzz target: the table of a SharedMap, with words as a hostile peer could write them: of the
 * pool, the stripes, records, rings, pages, buckets and entries of a filled map. Then readers,
 * writers, an iteration and a recovery use it. For any input there is no access outside the payload
 * (it is a heap block of exactly its size), no endless loop, and only results that map/map.h names;
 * and no lock is kept.
 *
 * The input: a byte, bit 0: two stripes, bit 1: the map evicts; a byte: number of changed words;
 * for each word a byte that names its table and how the new value is made, two for its place, eight
 * of value; then two bytes for each operation.
 *
 * With FUZZ_SHOW in the environment it only shows the first input.
 */
#include "../../src/map/entry_i.h"
#include "../../src/shm/object.h"

#include "fuzz.h"

enum { KEYS = 120, MOST_OPERATIONS = 24, MOST_VALUE = 20000, KINDS = 4 };

typedef struct {
  mipc_region_t *region;
  mipc_map_t *map;
  uint8_t *payload, *image;
  struct mipc_map state;
} stage_t;

static stage_t stages[KINDS];
static uint8_t bytes[80000], got[1 << 20];

/* Counts of this run. */
static uint64_t good, refused, full;

typedef struct {
  uint64_t words[8];
  mipc_map_key_t key;
} fuzz_key_t;

static const mipc_map_key_t *key_of(const mipc_map_t *map, fuzz_key_t *to, uint32_t id) {
  memset(to->words, 0, sizeof to->words);
  int n = snprintf((char *)to->words, sizeof to->words, id % 7 ? "key:%u" : "key:%u:01234567890123",
                   id);
  to->key = (mipc_map_key_t){.words = to->words, .length = (uint32_t)n};
  mipc_map_hash(map, &to->key);
  return &to->key;
}

static void judge(int status, const char *what) {
  if (status == MIPC_E_CORRUPT || status == MIPC_E_EXHAUSTED)
    refused++;
  else if (status == MIPC_MAP_FULL)
    full++;
  else if (status >= MIPC_MAP_DONE && status <= MIPC_MAP_NOT_NUMBER)
    good++;
  else
    fuzz_die("%s gave %d", what, status);
}

static void walk(mipc_map_t *map, const mipc_map_key_t *prefix, bool keys) {
  uint64_t cursor = 0, used = 0;
  uint64_t end = (uint64_t)map->geometry.stripe_count * map->geometry.buckets_of_stripe;
  while (cursor < end) {
    uint64_t before = cursor;
    int status = mipc_map_next(map, prefix, keys, &cursor, got, 60000, &used);
    judge(status, "next");
    if (status == MIPC_MAP_DONE && used > 60000) fuzz_die("more than there is room for");
    if (status != MIPC_MAP_DONE) break;
    if (cursor <= before) fuzz_die("an iteration stands still");
  }
}

static void clear(mipc_map_t *map, const mipc_map_key_t *prefix) {
  uint64_t cursor = 0, removed;
  uint64_t end = (uint64_t)map->geometry.stripe_count * map->geometry.buckets_of_stripe;
  while (cursor < end) {
    int status = mipc_map_clear(map, prefix, &cursor, 0, &removed);
    judge(status, "clear");
    if (status != MIPC_MAP_DONE) break;
  }
}

static void get(mipc_map_t *map, const mipc_map_key_t *key, uint64_t room) {
  fuzz_block_t to = fuzz_block((size_t)room);
  mipc_map_value_t value = {0};
  int status = mipc_map_get(map, key, true, to.at, room, &value);
  judge(status, "get");
  if (status == MIPC_MAP_DONE && value.type != MIPC_MAP_TYPE_NUMBER && value.length > room)
    fuzz_die("more than there is room for");
  free(to.memory);
}

static void operate(mipc_map_t *map, uint8_t what, uint8_t id) {
  fuzz_key_t room;
  const mipc_map_key_t *key = key_of(map, &room, id % KEYS);
  mipc_map_how_t how = {.ttl = what & 64 ? 1000 : MIPC_MAP_FOREVER, .keep_ttl = what & 128};
  mipc_map_value_t value = {.type = 8};
  bool created;
  static const uint64_t lengths[4] = {20, 1500, 9000, 70000};
  switch (what % 16) {
  case 0:
  case 1:
  case 2:
  case 3:
    value.length = lengths[what % 4];
    judge(mipc_map_set(map, key, bytes, &how, &value), "set");
    break;
  case 4:
    value.type = MIPC_MAP_TYPE_NUMBER;
    judge(mipc_map_set(map, key, NULL, &how, &value), "set of a number");
    break;
  case 5:
    judge(mipc_map_add(map, key, 1, 0, &how, &value, &created), "add");
    break;
  case 6:
    judge(mipc_map_delete(map, key, &how, &value), "delete");
    break;
  case 7:
    judge(mipc_map_expire(map, key, &how, &value), "expire");
    break;
  case 8:
    walk(map, NULL, what & 16);
    break;
  case 9:
    clear(map, what & 16 ? key : NULL);
    break;
  case 10:
    judge(mipc_map_recover(map, 0), "recover");
    break;
  case 11:
    value.type = MIPC_MAP_TYPE_LEASE;
    value.length = 16;
    how.when = MIPC_MAP_IF_ADD;
    judge(mipc_map_set(map, key, bytes, &how, &value), "lease");
    break;
  case 12:
    /* As another participant, which has no record yet. */
    map->own = map->record = NULL;
    judge(mipc_map_recover(map, 0), "recover");
    break;
  default:
    get(map, key, what & 16 ? MOST_VALUE : id);
    break;
  }
}

static void fill(stage_t *s) {
  for (uint32_t i = 0; i < 300; i++) {
    fuzz_key_t room;
    const mipc_map_key_t *key = key_of(s->map, &room, i * 7 % KEYS);
    mipc_map_how_t how = {.ttl = i % 5 ? MIPC_MAP_FOREVER : 1000000};
    mipc_map_value_t value = {.type = 8, .length = i % 11 == 0 ? 9000 : i % 3 ? i % 300 : 1400};
    if (i % 4 == 0) value.type = MIPC_MAP_TYPE_NUMBER;
    mipc_map_set(s->map, key, bytes, &how, &value);
    if (i % 6 == 0) mipc_map_delete(s->map, key, &how, &value);
  }
}

static void open_stage(stage_t *s, int kind) {
  mipc_report_t report;
  mipc_region_spec_t spec = {.place = MIPC_PLACE_ANONYMOUS,
                             .kind = MIPC_REGION_MAP,
                             .create = MIPC_CREATE_IF_MISSING,
                             .mode = 0600,
                             .capacity = 65536};
  const mipc_map_plan_t plan = {.capacity = spec.capacity, .evicts = kind & 2};
  spec.size = mipc_map_plan(&plan, &spec.kind_words);
  spec.kind_words.at[1] = kind & 1 ? 2 : 1;
  spec.kind_words.at[2] = kind & 1 ? 4 : 8;
  if (mipc_region_open(&spec, &report, &s->region) < 0) fuzz_die("no region");
  size_t size = (size_t)spec.size;
  s->payload = aligned_alloc(64, size);
  s->image = malloc(size);
  if (!s->payload || !s->image) fuzz_die("no memory");
  memset(s->payload, 0, size);
  if (mipc_map_open(s->region, s->payload, NULL, &s->map) < 0) fuzz_die("no map");
  /* The same in every run, so that an input means the same. */
  memset(s->map->seed, 0x5A, sizeof s->map->seed);
  if (s->map->geometry.size > size) fuzz_die("a map beyond its payload");
  fill(s);
  /* As if a listener had armed each stripe: its changes are recorded. */
  for (uint32_t i = 0; i < s->map->geometry.stripe_count; i++) {
    s->map->stripes[i].wanted = s->map->stripes[i].changes + 4096;
  }
  memcpy(s->image, s->payload, size);
  s->state = *s->map;
}

/* Where the tables begin, and the end of the last. */
static uint64_t table_at(const mipc_map_geometry_t *g, uint32_t table) {
  const uint64_t at[] = {0,
                         g->stripes,
                         g->records,
                         g->rings,
                         g->pages,
                         g->buckets,
                         g->size - (uint64_t)g->page_count * MIPC_MAP_PAGE_SIZE,
                         g->size};
  return at[table];
}

/* Changes a word as the input says. */
static void spoil(stage_t *s, uint8_t how, uint32_t place, uint64_t value) {
  const mipc_map_geometry_t *g = &s->map->geometry;
  uint32_t table = how & 7;
  if (table == 7) table = 2;
  uint64_t first = table_at(g, table), count = (table_at(g, table + 1) - first) / 8;
  /* Records that are in use, pages and buckets are what matters, so small places are near. */
  uint64_t *word = (uint64_t *)(void *)(s->payload + first) + place % count;
  const uint64_t *other = (uint64_t *)(void *)(s->payload + value % g->size / 8 * 8);
  switch (how >> 3 & 7) {
  case 0:
    *word = value;
    break;
  case 1:
    *word += value & 255;
    break;
  case 2:
    *word ^= (uint64_t)1 << (value & 63);
    break;
  case 3:
    *word = *other;
    break;
  case 4:
    *word = (*word & ~MIPC_MAP_REF_MASK) | (value % (g->size + 64) >> 4);
    break;
  case 5:
    *word = value % (g->size + 64);
    break;
  case 6:
    *(uint32_t *)word = (uint32_t)value;
    break;
  default:
    *word = mipc_i_list_word(g->first_page + value % (g->page_count + 2), value >> 56);
    break;
  }
}

static void check_locks(const stage_t *s, const uint8_t *ours) {
  const mipc_map_geometry_t *g = &s->map->geometry;
  for (uint32_t i = 0; i < g->stripe_count; i++)
    if ((s->map->stripes[i].lock & MIPC_MAX_NUMBER) == s->map->me && !ours[i])
      fuzz_die("the lock of stripe %u is kept", i);
  if ((s->map->pool->lock & MIPC_MAX_NUMBER) == s->map->me && !ours[2])
    fuzz_die("the lock of the pool is kept");
}

static void print_most(void) {
  fprintf(stderr, "most: %llu good, %llu refused, %llu full\n", (unsigned long long)good,
          (unsigned long long)refused, (unsigned long long)full);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(i * 7);
  atexit(print_most);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  bool shows = getenv("FUZZ_SHOW") != NULL;
  stage_t *s = &stages[data[0] % KINDS];
  if (!s->map) open_stage(s, data[0] % KINDS);
  double since = fuzz_clock();
  memcpy(s->payload, s->image, (size_t)s->state.geometry.size);
  *s->map = s->state;
  size_t at = 2;
  for (uint8_t i = 0; i < data[1] && at + 11 <= size; i++, at += 11) {
    uint64_t value;
    memcpy(&value, data + at + 3, sizeof value);
    uint32_t place = data[at + 1] | (uint32_t)data[at + 2] << 8;
    spoil(s, data[at], place, value);
    if (shows)
      printf("table %u, how %u, place %u, value 0x%llx\n", data[at] & 7, data[at] >> 3 & 7, place,
             (unsigned long long)value);
  }
  /* A lock that has our number from the beginning is not ours to release. */
  uint8_t ours[3] = {0};
  for (uint32_t i = 0; i < s->map->geometry.stripe_count; i++)
    ours[i] = (s->map->stripes[i].lock & MIPC_MAX_NUMBER) == s->map->me;
  ours[2] = (s->map->pool->lock & MIPC_MAX_NUMBER) == s->map->me;
  for (int i = 0; i < MOST_OPERATIONS && at + 2 <= size; i++, at += 2) {
    if (shows) printf("operation %u, key %u\n", data[at], data[at + 1] % KEYS);
    if (!shows) operate(s->map, data[at], data[at + 1]);
    if (!shows) check_locks(s, ours);
  }
  if (shows) {
    fflush(stdout);
    _Exit(0); /* a return would show it again */
  }
  if (fuzz_clock() - since > FUZZ_CALL_MS) fuzz_die("it took too long");
  return 0;
}
