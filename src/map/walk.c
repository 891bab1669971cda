/*
 * Walks over all entries, bucket by bucket: iteration, and clear.
 *
 * An entry never changes its primary bucket, and a move keeps its slot. So an iteration that copies
 * whole buckets sees every entry that stays exactly once. It takes no lock, unless writers overtake
 * the copy of a bucket again and again.
 */
#include <string.h>

#include "entry_i.h"

/* How often the copy of a bucket is tried before it is made under the lock. */
#define MOST_TRIES 64

/* Buckets under one lock, and entries that one call copies at most. */
#define BUCKETS_OF_CLEAR 64u
#define MOST_ITEMS       1024u

static uint64_t bucket_count(const mipc_map_t *map) {
  return (uint64_t)map->geometry.stripe_count * map->geometry.buckets_of_stripe;
}

/* The letters at the front of a key, compared with a prefix of the same width, or a narrower one.
 */
static bool has_prefix(const uint8_t *key, uint32_t length, bool is_wide,
                       const mipc_map_key_t *prefix) {
  const uint8_t *p = (const uint8_t *)prefix->words;
  if (is_wide == prefix->is_wide) {
    return length >= prefix->length && memcmp(key, p, prefix->length) == 0;
  }
  /* A narrow key has no letter above 255, and a wide prefix has one. */
  if (!is_wide || length / 2 < prefix->length) return false;
  for (uint32_t i = 0; i < prefix->length; i++) {
    uint16_t letter;
    memcpy(&letter, key + 2 * (size_t)i, sizeof letter);
    if (letter != p[i]) return false;
  }
  return true;
}

typedef struct {
  mipc_map_t *map;
  const mipc_map_key_t *prefix;
  bool keys;
  uint8_t *to;
  uint64_t room, used, needed; /* bytes; needed: for one bucket, also if there is no room */
  uint32_t items;
} walk_t;

/* Copies one entry, if it has the prefix: its key, and its value if that is wanted. */
static int copy_entry(walk_t *w, uint64_t offset) {
  mipc_map_t *map = w->map;
  mipc_i_entry_t entry;
  uint64_t key[MIPC_MAP_MOST_KEY / 8];
  if (!mipc_i_entry(map, offset, &entry)) return MIPC_E_CORRUPT;
  uint32_t key_bytes = mipc_i_pad(entry.key_length);
  mipc_i_copy_out((uint8_t *)key, mipc_i_at(map, offset + mipc_i_key_at(entry.word)), key_bytes);
  bool is_wide = (entry.word & MIPC_MAP_IS_WIDE) != 0;
  if (mipc_i_type(entry.word) == MIPC_MAP_TYPE_LEASE || mipc_i_is_expired(map, &entry)) return 0;
  if (w->prefix && !has_prefix((const uint8_t *)key, entry.key_length, is_wide, w->prefix)) {
    return 0;
  }
  mipc_map_item_t item = {.type = mipc_i_type(entry.word),
                          .key_length = entry.key_length | (is_wide ? MIPC_MAP_WIDE : 0),
                          .length = w->keys ? 0 : entry.length,
                          .version = entry.word & MIPC_MAP_VERSION_MASK};
  uint64_t bytes = sizeof item + key_bytes + (item.length + 7) / 8 * 8;
  w->needed += bytes;
  if (w->needed > w->room - w->used) return 0;
  uint8_t *to = w->to + w->used + w->needed - bytes;
  mipc_map_value_t value = {0};
  if (!w->keys) {
    int status = mipc_i_read_at(map, offset, to + sizeof item + key_bytes, item.length, &value);
    if (status != MIPC_MAP_DONE) return status == MIPC_MAP_ABSENT ? (int)MIPC_E_CORRUPT : status;
    item.number = value.number;
  }
  memcpy(to, &item, sizeof item);
  memcpy(to + sizeof item, key, key_bytes);
  w->items++;
  return 0;
}

/* The entries of one bucket, as they are at one moment: DONE, MORE, BUSY: overtaken. */
static int copy_bucket(walk_t *w, mipc_map_bucket_shm_t *home) {
  mipc_map_t *map = w->map;
  uint32_t items = w->items, hops = 0;
  int status = MIPC_MAP_DONE;
  w->needed = 0;
  /* acquire: A1, A2 and A3 as in read.c. */
  uint64_t version = mipc_atomic_load_acquire_u64(&home->version);
  mipc_map_bucket_shm_t *b = home;
  while (b && status == MIPC_MAP_DONE) {
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS && status == MIPC_MAP_DONE; i++) {
      uint64_t slot = mipc_atomic_load_acquire_u64(&b->slots.at[i]);
      if (slot) status = copy_entry(w, mipc_i_ref(slot));
    }
    if (++hops > MIPC_MAP_MOST_HOPS) status = MIPC_E_CORRUPT;
    b = mipc_i_next(map, b);
  }
  mipc_atomic_fence_acquire();
  if (mipc_i_get64(&home->version) != version) {
    w->items = items;
    map->is_corrupt = false; /* it was read while it changed */
    return MIPC_MAP_BUSY;
  }
  if (status != MIPC_MAP_DONE || map->is_corrupt) return MIPC_E_CORRUPT;
  if (w->needed > w->room - w->used) {
    w->items = items;
    return MIPC_MAP_MORE;
  }
  w->used += w->needed;
  return MIPC_MAP_DONE;
}

/* The same under the lock, where no writer overtakes it. */
static int copy_locked(walk_t *w, uint64_t bucket) {
  mipc_map_t *map = w->map;
  if (!map->me) return MIPC_MAP_BUSY;
  mipc_map_stripe_shm_t *stripe = &map->stripes[bucket / map->geometry.buckets_of_stripe];
  int status = mipc_i_enter(map, stripe, false);
  if (status != MIPC_MAP_DONE) return status;
  status = copy_bucket(w, &map->buckets[bucket]);
  mipc_i_leave(map, stripe);
  return status;
}

int mipc_map_next(mipc_map_t *map, const mipc_map_key_t *prefix, bool keys, uint64_t *cursor,
                  void *to, uint64_t room, uint64_t *ret_used) {
  walk_t w = {.map = map, .prefix = prefix, .keys = keys, .to = to, .room = room};
  uint64_t count = bucket_count(map), bucket = *cursor;
  int status = map->me ? mipc_i_begin(map, 0) : MIPC_MAP_DONE;
  if (status < 0 && status != MIPC_E_STALE) return status;
  map->now = 0;
  map->is_corrupt = false;
  status = MIPC_MAP_DONE;
  while (bucket < count && w.items < MOST_ITEMS) {
    status = MIPC_MAP_BUSY;
    for (int tries = 0; status == MIPC_MAP_BUSY && tries < MOST_TRIES; tries++)
      status = copy_bucket(&w, &map->buckets[bucket]);
    if (status == MIPC_MAP_BUSY) status = copy_locked(&w, bucket);
    if (status != MIPC_MAP_DONE) break;
    bucket++;
  }
  /* What was copied before is good. */
  if (bucket > *cursor && status > 0) status = MIPC_MAP_DONE;
  *cursor = bucket;
  *ret_used = status == MIPC_MAP_MORE ? w.needed : w.used;
  int whole = mipc_i_status(map);
  return whole < 0 ? whole : status;
}

/* Removes the entries of a bucket that have the prefix. False: corrupt. */
static bool clear_bucket(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                         mipc_map_bucket_shm_t *home, const mipc_map_key_t *prefix,
                         uint64_t *removed) {
  uint32_t hops = 0;
  if (!mipc_i_has_versions(home)) return true;
  for (mipc_map_bucket_shm_t *b = home; b && hops < MIPC_MAP_MOST_HOPS; b = mipc_i_next(map, b)) {
    hops++;
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++) {
      uint64_t slot = mipc_i_get64(&b->slots.at[i]);
      mipc_i_entry_t entry;
      if (!slot) continue;
      if (!mipc_i_entry(map, mipc_i_ref(slot), &entry)) return false;
      const uint8_t *key = mipc_i_at(map, entry.parts.head + mipc_i_key_at(entry.word));
      bool is_wide = (entry.word & MIPC_MAP_IS_WIDE) != 0;
      if (prefix && !has_prefix(key, entry.key_length, is_wide, prefix)) continue;
      /* Of the whole map, one change is recorded in the end. */
      uint32_t what = prefix ? MIPC_MAP_CHANGE_DELETE : MIPC_MAP_CHANGE_NONE;
      if (!mipc_i_remove(map, stripe, home, &b->slots.at[i], what)) return false;
      ++*removed;
    }
  }
  mipc_i_drop_buckets(map, stripe, home);
  return !map->is_corrupt;
}

int mipc_map_clear(mipc_map_t *map, const mipc_map_key_t *prefix, uint64_t *cursor, uint32_t us,
                   uint64_t *ret_removed) {
  *ret_removed = 0;
  int status = mipc_i_begin(map, us);
  if (status < 0) return status;
  uint64_t bucket = *cursor, end = bucket_count(map);
  if (bucket >= end) return MIPC_MAP_DONE;
  mipc_map_stripe_shm_t *stripe = &map->stripes[bucket / map->geometry.buckets_of_stripe];
  status = mipc_i_enter(map, stripe, false);
  if (status != MIPC_MAP_DONE) return mipc_i_end(map, status);
  uint64_t left = map->geometry.buckets_of_stripe - bucket % map->geometry.buckets_of_stripe;
  uint64_t count = left < BUCKETS_OF_CLEAR ? left : BUCKETS_OF_CLEAR;
  for (uint64_t i = 0; i < count && !map->is_corrupt; i++)
    clear_bucket(map, stripe, &map->buckets[bucket + i], prefix, ret_removed);
  if (!prefix && bucket + count == end) mipc_i_change_cleared(map, stripe);
  mipc_i_leave(map, stripe);
  *cursor = bucket + count;
  return mipc_i_end(map, status);
}
