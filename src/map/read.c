/*
 * Get: without a lock, and without a store but the one for the clock.
 *
 *   A1  the version                                    acquire, pairs with P2 of publish.c
 *   A2  each slot and link                             acquire, pairs with P1
 *       the entry: each word once, checked before it is used, copied to private memory
 *   A3  fence acquire, then the version again          pairs with F1
 *
 * If the version is the same, all of that was one state of the bucket, also if it is odd: the
 * commit of the change that goes on is one store, which came before or after. What is read may be
 * anything while the entry is freed and its block used again, but then the version differs, and it
 * is thrown away.
 *
 * A large value takes long to copy, and other keys of its bucket may change meanwhile. So it has a
 * stamp, the version at which this very block was linked. If slot and stamp are the same in a
 * moment in which the version does not change, the block was linked all the time, and the copy is
 * good.
 */
#include "../os/process.h"
#include "entry_i.h"

/* How often a reader that was overtaken tries again. A writer of the same bucket needs longer than
 * a reader of a small value. */
#define MOST_TRIES 1000

/* Of a large value, which a writer of the same key may overtake every time. */
#define MOST_LARGE_TRIES 64

/* How long a version is odd before the reader asks whether its writer is dead. */
#define ODD_US 2000

/* What one try found. */
typedef struct {
  uint64_t offset; /* of the entry */
  mipc_i_match_t match;
  uint64_t stamp;
  uint64_t *slot;
} found_t;

/* The bytes of a large entry: `part` in its head, at `value_at`, and the others. */
static int copy_large(mipc_map_t *map, const found_t *f, uint64_t part, uint64_t length,
                      uint8_t *to) {
  const uint8_t *entry = mipc_i_at(map, f->offset);
  mipc_i_copy_out(to, entry + f->match.value_at, part);
  if (part == length) return MIPC_MAP_DONE;
  to += part;
  length -= part;
  const uint64_t *large = mipc_i_large(mipc_i_at(map, f->offset), f->match.word);
  mipc_i_list_t chain = mipc_i_list(mipc_i_get64(&large[0]));
  uint64_t tail = mipc_i_get64(&large[1]);
  uint32_t number = chain.head;
  for (uint32_t i = 0; i < chain.count && length; i++) {
    if (!mipc_i_is_page(map, number)) return MIPC_E_CORRUPT;
    part = length < MIPC_MAP_PAGE_SIZE ? length : MIPC_MAP_PAGE_SIZE;
    mipc_i_copy_out(to, mipc_i_at(map, (uint64_t)number * MIPC_MAP_PAGE_SIZE), part);
    to += part;
    length -= part;
    number = mipc_i_get32(&map->pages[number - map->geometry.first_page].next);
  }
  if (!length) return MIPC_MAP_DONE;
  bool good = length <= MIPC_MAP_MOST_BLOCK - MIPC_MAP_TAIL_HEADER && tail % 16 == 0 &&
              mipc_i_in_arena(map, tail, MIPC_MAP_TAIL_HEADER + length);
  if (!good) return MIPC_E_CORRUPT;
  mipc_i_copy_out(to, mipc_i_at(map, tail + MIPC_MAP_TAIL_HEADER), length);
  return MIPC_MAP_DONE;
}

static inline int copy_value(mipc_map_t *map, const found_t *f, uint64_t length, uint8_t *to) {
  uint32_t size_class = f->match.key_word >> 16 & 255, at = f->match.value_at;
  if (size_class >= MIPC_MAP_CLASSES) return MIPC_E_CORRUPT;
  uint32_t size = mipc_i_class_size[size_class];
  if (at > size || !mipc_i_in_arena(map, f->offset, size)) return MIPC_E_CORRUPT;
  uint32_t room = size - at;
  if (f->match.word & MIPC_MAP_IS_LARGE) {
    return copy_large(map, f, room < length ? room : length, length, to);
  }
  if (length > room) return MIPC_E_CORRUPT;
  mipc_i_copy_out(to, (const uint8_t *)mipc_i_at(map, f->offset) + at, length);
  return MIPC_MAP_DONE;
}

/* The entry at f->offset, whose key matched. */
static inline int read_entry(mipc_map_t *map, found_t *f, bool leases, uint8_t *to, uint64_t room,
                             mipc_map_value_t *value) {
  const mipc_map_entry_shm_t *entry = mipc_i_at(map, f->offset);
  uint64_t word = f->match.word;
  uint64_t length = mipc_i_get32(&entry->length);
  value->type = mipc_i_type(word);
  value->length = length;
  value->version = word & MIPC_MAP_VERSION_MASK;
  value->ttl = MIPC_MAP_FOREVER;
  if (word & MIPC_MAP_HAS_TTL) {
    uint64_t expiry = mipc_i_get64(mipc_i_expiry(entry));
    uint64_t now = mipc_i_now(map);
    if (expiry <= now) return MIPC_MAP_ABSENT;
    if (expiry != MIPC_MAP_FOREVER) value->ttl = expiry - now;
  }
  if (value->type == MIPC_MAP_TYPE_LEASE && !leases) return MIPC_MAP_ABSENT;
  if (word & MIPC_MAP_IS_LARGE) f->stamp = mipc_i_get64(&mipc_i_large(entry, word)[2]);
  if (value->type == MIPC_MAP_TYPE_NUMBER) {
    uint32_t at = f->match.value_at;
    if (!mipc_i_in_arena(map, f->offset, at + sizeof(uint64_t))) return MIPC_E_CORRUPT;
    union {
      uint64_t bits;
      double number;
    } both = {mipc_i_get64((const uint64_t *)((const uint8_t *)entry + at))};
    value->number = both.number;
    return MIPC_MAP_DONE;
  }
  if (length > room) return MIPC_MAP_MORE;
  return copy_value(map, f, length, to);
}

/* The slot of the key in the chain. Returns DONE or ABSENT. */
static inline int find(const mipc_map_t *map, mipc_map_bucket_shm_t *home,
                       const mipc_map_key_t *key, found_t *f) {
  uint64_t tag = mipc_i_tag(key->hash);
  mipc_map_bucket_shm_t *b = home;
  for (uint32_t hops = 0; hops < MIPC_MAP_MOST_HOPS; hops++) {
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++) {
      /* acquire: A2. */
      uint64_t slot = mipc_atomic_load_acquire_u64(&b->slots.at[i]);
      if ((slot ^ tag) >> MIPC_MAP_REF_BITS || !slot) continue;
      if (!mipc_i_key_is(map, mipc_i_ref(slot), key, &f->match)) continue;
      f->offset = mipc_i_ref(slot);
      f->slot = &b->slots.at[i];
      return MIPC_MAP_DONE;
    }
    /* acquire: A2. */
    uint64_t next = (uint64_t)mipc_atomic_load_acquire(&b->next) * MIPC_MAP_BUCKET_SIZE;
    if (!next) return MIPC_MAP_ABSENT;
    if (!mipc_i_in_arena(map, next, MIPC_MAP_BUCKET_SIZE)) return MIPC_E_CORRUPT;
    b = mipc_i_at(map, next);
  }
  return MIPC_E_CORRUPT;
}

/* Whether the block of a large value was linked all the time: see above. */
static bool stayed(const mipc_map_t *map, mipc_map_bucket_shm_t *home, const mipc_map_key_t *key,
                   const found_t *before) {
  for (int tries = 0; tries < MOST_LARGE_TRIES; tries++) {
    found_t f;
    /* acquire, and the fence: as A1 and A3 of a small read. */
    uint64_t version = mipc_atomic_load_acquire_u64(&home->version);
    bool same = find(map, home, key, &f) == MIPC_MAP_DONE && f.offset == before->offset &&
                mipc_i_in_arena(map, f.offset, MIPC_MAP_ENTRY_SIZE + 8 + MIPC_MAP_LARGE_WORDS);
    if (same) {
      const mipc_map_entry_shm_t *entry = mipc_i_at(map, f.offset);
      same = mipc_i_get64(&mipc_i_large(entry, before->match.word)[2]) == before->stamp;
    }
    mipc_atomic_fence_acquire();
    if (mipc_i_get64(&home->version) == version) return same;
  }
  return false;
}

/* A writer leaves a version odd for some 30 ns. If it is odd for longer, the writer may be dead:
 * the lock is taken once, which recovers what it left. Until then nothing in the bucket can be
 * cached. */
static void look_for_dead(mipc_map_t *map, const mipc_map_key_t *key, uint64_t bucket) {
  uint64_t now = mipc_clock_us();
  if (map->odd != bucket + 1) {
    map->odd = bucket + 1;
    map->odd_us = now;
  } else if (now - map->odd_us >= ODD_US) {
    map->odd = 0;
    if (mipc_i_begin(map, 0) != 0) return;
    mipc_map_stripe_shm_t *stripe = mipc_i_stripe(map, key->hash);
    if (mipc_i_enter(map, stripe, false) == MIPC_MAP_DONE) mipc_i_leave(map, stripe);
  }
}

int mipc_i_read_at(mipc_map_t *map, uint64_t offset, uint8_t *to, uint64_t room,
                   mipc_map_value_t *ret_value) {
  if (!mipc_i_in_arena(map, offset, MIPC_MAP_ENTRY_SIZE)) return MIPC_E_CORRUPT;
  const mipc_map_entry_shm_t *entry = mipc_i_at(map, offset);
  /* acquire: see mipc_i_key_is(). */
  uint64_t word = mipc_atomic_load_acquire_u64(&entry->word);
  uint32_t key_word = mipc_i_key_word(entry);
  uint32_t value_at = mipc_i_value_at(word, key_word & 0xFFFF);
  if (!mipc_i_in_arena(map, offset, value_at)) return MIPC_E_CORRUPT;
  found_t f = {.offset = offset, .match = {word, key_word, value_at}};
  return read_entry(map, &f, true, to, room, ret_value);
}

int mipc_map_get(mipc_map_t *map, const mipc_map_key_t *key, bool leases, void *to, uint64_t room,
                 mipc_map_value_t *ret_value) {
  mipc_map_bucket_shm_t *home = mipc_i_home(map, key->hash);
  int status = MIPC_MAP_BUSY;
  ret_value->bucket = (uint64_t)(home - map->buckets);
  ret_value->bucket_version = 0;
  map->now = 0;
  for (uint32_t tries = 0; tries < MOST_TRIES; tries++) {
    found_t f;
    f.match.word = 0; /* if no entry is found; the rest is stored before it is read */
    /* acquire: A1. */
    uint64_t version = mipc_atomic_load_acquire_u64(&home->version);
    int found = find(map, home, key, &f);
    if (found == MIPC_MAP_DONE) found = read_entry(map, &f, leases, to, room, ret_value);
    mipc_atomic_fence_acquire(); /* A3 */
    if (mipc_i_get64(&home->version) == version) {
      status = found;
      bool is_even = !(version & 1);
      if (is_even && !(f.match.word & MIPC_MAP_HAS_TTL)) ret_value->bucket_version = version;
      if (!is_even && map->me) look_for_dead(map, key, ret_value->bucket);
      bool is_hit = status == MIPC_MAP_DONE || status == MIPC_MAP_MORE;
      if (is_hit && map->geometry.evicts && map->me) mipc_i_mark(home, f.slot);
      break;
    }
    bool is_large = found == MIPC_MAP_DONE && (f.match.word & MIPC_MAP_IS_LARGE);
    if (is_large && stayed(map, home, key, &f)) {
      status = found;
      break;
    }
    if (is_large && tries >= MOST_LARGE_TRIES) break;
  }
  int whole = mipc_i_status(map);
  return whole < 0 ? whole : status;
}

int mipc_map_get_locked(mipc_map_t *map, const mipc_map_key_t *key, bool leases, void *to,
                        uint64_t room, uint32_t us, mipc_map_value_t *ret_value) {
  int status = mipc_i_begin(map, us);
  if (status < 0 && status != MIPC_E_STALE) return status;
  mipc_map_stripe_shm_t *stripe = mipc_i_stripe(map, key->hash);
  status = mipc_i_enter(map, stripe, false);
  if (status != MIPC_MAP_DONE) return mipc_i_end(map, status);
  status = mipc_map_get(map, key, leases, to, room, ret_value);
  mipc_i_leave(map, stripe);
  /* No writer was active: what cannot be read was overwritten. */
  return mipc_i_end(map, status == MIPC_MAP_BUSY ? (int)MIPC_E_CORRUPT : status);
}

void mipc_map_prefetch(const mipc_map_t *map, const mipc_map_key_t *keys, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    __builtin_prefetch(mipc_i_home(map, keys[i].hash));
  for (uint32_t i = 0; i < count; i++) {
    const mipc_map_bucket_shm_t *home = mipc_i_home(map, keys[i].hash);
    uint64_t tag = mipc_i_tag(keys[i].hash);
    for (uint32_t k = 0; k < MIPC_MAP_SLOTS; k++) {
      uint64_t slot = mipc_i_get64(&home->slots.at[k]);
      if (!slot || (slot & ~MIPC_MAP_REF_MASK) != tag) continue;
      if (!mipc_i_in_arena(map, mipc_i_ref(slot), MIPC_MAP_ENTRY_SIZE)) continue;
      const uint8_t *entry = mipc_i_at(map, mipc_i_ref(slot));
      __builtin_prefetch(entry);
      __builtin_prefetch(entry + 64);
      __builtin_prefetch(entry + 128);
    }
  }
}
