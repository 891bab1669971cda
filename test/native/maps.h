/*
 * Maps for the C tests: a region of kind MAP and attachments to it, keys and values that show
 * whether they are whole, and the check of the whole table: every page and every block has exactly
 * one owner.
 */
#ifndef MIPC_TEST_MAPS_H
#define MIPC_TEST_MAPS_H

#include "../../src/map/entry_i.h"
#include "../../src/map/log_i.h"
#include "locks.h"

static inline spec_t map_spec(const char *name, uint64_t capacity, bool evicts) {
  mipc_kind_words_t words;
  const mipc_map_plan_t plan = {.capacity = capacity, .evicts = evicts};
  uint64_t size = mipc_map_plan(&plan, &words);
  CHECK(size > capacity);
  return NAMED(name, .kind = MIPC_REGION_MAP, .size = size, .capacity = capacity,
               .kind_words = words);
}

/* Attaches as binding/region.cc does. Exits on failure. */
static inline mipc_object_t *open_map_object(spec_t spec) {
  mipc_region_t *region = open_region(spec);
  uint32_t prot = spec.read_only ? MIPC_PROT_READ : MIPC_PROT_READ | MIPC_PROT_WRITE;
  mipc_mapping_spec_t wanted = {.region = region, .prot = prot, .with_header = true};
  mipc_mapping_t *mapping = NULL;
  if (!CHECK_EQ(mipc_mapping_open(&wanted, &report, &mapping), 0)) exit(1);
  mipc_object_t *object = calloc(1, sizeof *object);
  if (!CHECK(object)) exit(1);
  object->mapping = mapping;
  object->thread = thread_1;
  return object;
}

static inline mipc_map_t *map_of(mipc_object_t *object) {
  mipc_map_t *map = NULL;
  if (!CHECK_EQ(mipc_object_map(object, &map), 0)) exit(1);
  return map;
}

static inline void close_map_object(mipc_object_t *object) {
  mipc_object_close(object, 0);
  mipc_mapping_put(object->mapping);
  free(object);
}

/* A key in memory of its own. */
typedef struct {
  uint64_t words[MIPC_MAP_MOST_KEY / 8 + 1];
  mipc_map_key_t key;
} key_t_;
#define key_t key_t_

static inline const mipc_map_key_t *make_key(const mipc_map_t *map, key_t *to, const char *text) {
  memset(to->words, 0, sizeof to->words);
  size_t length = strlen(text);
  memcpy(to->words, text, length);
  to->key = (mipc_map_key_t){.words = to->words, .length = (uint32_t)length};
  mipc_map_hash(map, &to->key);
  return &to->key;
}

/* "key:7"; every seventh is long. */
static inline const mipc_map_key_t *numbered_key(const mipc_map_t *map, key_t *to, uint32_t id) {
  char text[80];
  snprintf(text, sizeof text, id % 7 ? "key:%u" : "key:%u:0123456789012345678901234567890123456789",
           id);
  return make_key(map, to, text);
}

#define MAP_PATIENCE_US 5000000

static inline int set_bytes(mipc_map_t *map, const mipc_map_key_t *key, const void *from,
                            uint64_t length) {
  const mipc_map_how_t how = {.us = MAP_PATIENCE_US, .ttl = MIPC_MAP_FOREVER};
  mipc_map_value_t value = {.type = 8, .length = length};
  return mipc_map_set(map, key, from, &how, &value);
}

static inline int set_number(mipc_map_t *map, const mipc_map_key_t *key, double number) {
  const mipc_map_how_t how = {.us = MAP_PATIENCE_US, .ttl = MIPC_MAP_FOREVER};
  mipc_map_value_t value = {.type = MIPC_MAP_TYPE_NUMBER, .number = number};
  return mipc_map_set(map, key, NULL, &how, &value);
}

static inline int add_number(mipc_map_t *map, const mipc_map_key_t *key, double by,
                             double *ret_sum) {
  const mipc_map_how_t how = {.us = MAP_PATIENCE_US, .ttl = MIPC_MAP_FOREVER};
  mipc_map_value_t value = {0};
  bool created;
  int status = mipc_map_add(map, key, by, 0, &how, &value, &created);
  *ret_sum = value.number;
  return status;
}

static inline int delete_key(mipc_map_t *map, const mipc_map_key_t *key) {
  const mipc_map_how_t how = {.us = MAP_PATIENCE_US, .ttl = MIPC_MAP_FOREVER};
  mipc_map_value_t value = {0};
  return mipc_map_delete(map, key, &how, &value);
}

static inline uint64_t entries_of(const mipc_map_t *map) {
  uint64_t size = 0;
  CHECK_EQ(mipc_map_size(map, &size), 0);
  return size;
}

/* As if a listener had armed every stripe for ever, and its thread waited for the event. */
static inline void arm_map(mipc_map_t *map, bool on) {
  for (uint32_t i = 0; i < map->geometry.stripe_count; i++)
    map->stripes[i].wanted = on ? UINT64_MAX / 2 : 0;
  map->pool->threads = on;
}

/* The check. It prints the first fault, and returns false. The map must be quiet, and every lock
 * free. */
typedef struct {
  mipc_map_t *map;
  uint8_t *pages;      /* owner of each page */
  uint64_t (*used)[2]; /* blocks that some entry has */
  bool good;
} map_check_t;

enum { PAGE_NONE, PAGE_POOL, PAGE_FREE, PAGE_LISTED, PAGE_SLAB, PAGE_CHAIN, PAGE_FRESH };

static inline bool map_fault(map_check_t *c, const char *text, unsigned long long what) {
  if (c->good) printf("the map is damaged: %s (%llu)\n", text, what);
  c->good = false;
  return false;
}

static inline bool claim_page(map_check_t *c, uint32_t number, uint8_t owner) {
  if (!mipc_i_is_page(c->map, number)) return map_fault(c, "no such page", number);
  uint8_t *page = &c->pages[number - c->map->geometry.first_page];
  if (*page) return map_fault(c, "a page has two owners", number);
  *page = owner;
  return true;
}

static inline mipc_map_page_shm_t *row_of_page(map_check_t *c, uint32_t number) {
  return &c->map->pages[number - c->map->geometry.first_page];
}

static inline bool claim_list(map_check_t *c, uint64_t word, uint8_t owner) {
  mipc_i_list_t list = mipc_i_list(word);
  uint32_t number = list.head;
  for (uint32_t i = 0; i < list.count; i++) {
    if (!claim_page(c, number, owner)) return false;
    number = row_of_page(c, number)->next;
  }
  return true;
}

static inline bool claim_block(map_check_t *c, uint32_t stripe, uint64_t offset,
                               uint32_t size_class) {
  uint32_t number = (uint32_t)(offset / MIPC_MAP_PAGE_SIZE);
  if (!mipc_i_is_page(c->map, number)) return map_fault(c, "a block outside", offset);
  const mipc_map_page_shm_t *row = row_of_page(c, number);
  uint8_t *page = &c->pages[number - c->map->geometry.first_page];
  if (row->kind != MIPC_MAP_KIND_SLAB || row->stripe != stripe ||
      row->size_class >= MIPC_MAP_CLASSES)
    return map_fault(c, "a block in no slab of its stripe", offset);
  if (size_class != MIPC_MAP_NO_CLASS && row->size_class != size_class)
    return map_fault(c, "a block in a slab of another class", offset);
  if (!*page) *page = PAGE_SLAB;
  if (*page != PAGE_LISTED && *page != PAGE_SLAB)
    return map_fault(c, "a block in a free page", offset);
  uint32_t size = mipc_i_class_size[row->size_class];
  uint32_t index = (uint32_t)(offset % MIPC_MAP_PAGE_SIZE / size);
  if (offset % MIPC_MAP_PAGE_SIZE % size) return map_fault(c, "not the start of a block", offset);
  uint64_t *word = &c->used[number - c->map->geometry.first_page][index / 64];
  if (*word >> (index & 63) & 1) return map_fault(c, "a block has two owners", offset);
  *word |= (uint64_t)1 << (index & 63);
  return true;
}

/* A participant that has died before it took a lock over has left its note in `recovering`. It
 * names a record that is quiet, as all are. */
static inline bool check_records(map_check_t *c) {
  for (uint32_t i = 0; i < c->map->geometry.record_count; i++) {
    const mipc_map_record_shm_t *r = &c->map->records[i];
    if (r->state || mipc_i_has_new(r) || r->old_head || r->old_tail || r->old_chain ||
        r->log_count || r->pool_log_count) {
      return map_fault(c, "a record is not quiet", i);
    }
  }
  return true;
}

static inline bool check_entry(map_check_t *c, uint32_t stripe, mipc_map_bucket_shm_t *home,
                               uint64_t slot) {
  mipc_i_entry_t e;
  if (!mipc_i_entry(c->map, mipc_i_ref(slot), &e)) return map_fault(c, "no entry", slot);
  bool wide = (e.word & MIPC_MAP_IS_WIDE) != 0;
  const uint64_t *key = mipc_i_at(c->map, e.parts.head + mipc_i_key_at(e.word));
  uint64_t hash = mipc_i_hash(c->map, key, e.key_length, wide);
  if (mipc_i_home(c->map, hash) != home || mipc_i_tag(hash) != (slot & ~MIPC_MAP_REF_MASK))
    return map_fault(c, "an entry in the wrong bucket", slot);
  if ((e.word & MIPC_MAP_VERSION_MASK) > mipc_i_version(home))
    return map_fault(c, "an entry is newer than its bucket", slot);
  if (!claim_block(c, stripe, e.parts.head, e.size_class)) return false;
  if (e.parts.tail && !claim_block(c, stripe, e.parts.tail, MIPC_MAP_NO_CLASS)) return false;
  return claim_list(c, e.parts.chain, PAGE_CHAIN);
}

static inline bool check_stripe(map_check_t *c, uint32_t index) {
  mipc_map_t *map = c->map;
  const mipc_map_stripe_shm_t *stripe = &map->stripes[index];
  uint64_t count = 0;
  if (stripe->lock) return map_fault(c, "a stripe is locked", index);
  if (stripe->mail) return map_fault(c, "a stripe has mail", index);
  if (!claim_list(c, stripe->free, PAGE_FREE)) return false;
  for (uint32_t k = 0; k < MIPC_MAP_CLASSES; k++) {
    uint32_t previous = 0, number = stripe->slabs.at[k];
    for (; number; previous = number, number = row_of_page(c, number)->next) {
      if (!claim_page(c, number, PAGE_LISTED)) return false;
      const mipc_map_page_shm_t *row = row_of_page(c, number);
      if (row->previous != previous) return map_fault(c, "a wrong link back", number);
      if (row->size_class != k || row->kind != MIPC_MAP_KIND_SLAB)
        return map_fault(c, "a slab in the wrong list", number);
      if ((row->used_low & row->used_high) == UINT64_MAX)
        return map_fault(c, "a full slab in a list", number);
    }
  }
  for (uint32_t k = 0; k < map->geometry.buckets_of_stripe; k++) {
    mipc_map_bucket_shm_t *home =
        &map->buckets[(uint64_t)index * map->geometry.buckets_of_stripe + k];
    if (home->version & 1) return map_fault(c, "an odd version", k);
    for (mipc_map_bucket_shm_t *b = home; b; b = mipc_i_next(map, b)) {
      if (b != home && !claim_block(c, index, mipc_i_offset(map, b), MIPC_MAP_OVERFLOW))
        return false;
      for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++) {
        if (!b->slots.at[i]) continue;
        count++;
        if (!check_entry(c, index, home, b->slots.at[i])) return false;
      }
    }
  }
  return count == stripe->count || map_fault(c, "a wrong count of entries", stripe->count);
}

static inline bool check_pages(map_check_t *c) {
  const mipc_map_geometry_t *g = &c->map->geometry;
  for (uint32_t i = 0; i < g->page_count; i++) {
    const mipc_map_page_shm_t *row = &c->map->pages[i];
    uint8_t owner = c->pages[i];
    if (!owner) return map_fault(c, "a page is lost", i + g->first_page);
    if (owner != PAGE_LISTED && owner != PAGE_SLAB) continue;
    uint32_t n = mipc_i_class_blocks(row->size_class);
    uint64_t low = n >= 64 ? 0 : UINT64_MAX << n;
    uint64_t high = n >= 128 ? 0 : n <= 64 ? UINT64_MAX : UINT64_MAX << (n - 64);
    if ((row->used_low & ~low) != c->used[i][0] || (row->used_high & ~high) != c->used[i][1])
      return map_fault(c, "a block is lost", i + g->first_page);
    if (owner == PAGE_SLAB && (row->used_low & row->used_high) != UINT64_MAX)
      return map_fault(c, "a slab with room is in no list", i + g->first_page);
  }
  return true;
}

static inline bool check_map(mipc_map_t *map) {
  const mipc_map_geometry_t *g = &map->geometry;
  map_check_t c = {.map = map, .good = true};
  c.pages = calloc(g->page_count, 1);
  c.used = calloc(g->page_count, sizeof *c.used);
  if (!CHECK(c.pages && c.used)) exit(1);
  map->is_corrupt = false;
  map->now = 0;
  bool good = map->pool->lock == 0 || map_fault(&c, "the pool is locked", map->pool->lock);
  for (uint64_t i = map->pool->fresh; i < g->page_count; i++)
    c.pages[i] = PAGE_FRESH;
  good = good && check_records(&c) && claim_list(&c, map->pool->free, PAGE_POOL);
  for (uint32_t i = 0; good && i < g->stripe_count; i++)
    good = check_stripe(&c, i);
  good = good && check_pages(&c);
  map->is_corrupt = false;
  free(c.pages);
  free(c.used);
  return CHECK(good);
}

#endif
