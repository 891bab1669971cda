/*
 * Entries that leave the map by themselves.
 *
 * Eviction is by a clock: one hand for each stripe, over its primary buckets. It removes the first
 * entry whose bit in `used` is clear, and clears the bits of each bucket that it leaves. There is
 * no list, and a repeated hit stores nothing.
 *
 * Expiry: `due` of a primary bucket is a time at which one of its entries may have expired. Each
 * set with a ttl sweeps two buckets more of its stripe. So the work under a lock is bounded, and no
 * thread is needed; expired entries that nothing sweeps are absent for all readers anyway.
 */
#include "entry_i.h"

/* Buckets that the hand of the clock passes under one lock. */
#define MOST_BUCKETS 2048u

#define WORK_OF_REMOVAL 8u

/* A unit of `due` is 1.024 s. Entries that expire later are looked at once earlier. */
#define UNIT_BITS  10
#define MOST_AHEAD ((uint64_t)0x7000)

static uint16_t unit_of(uint64_t ms) {
  uint16_t unit = (uint16_t)(ms >> UNIT_BITS);
  return unit ? unit : 1; /* 0 means none */
}

static bool is_before(uint16_t a, uint16_t b) {
  return (int16_t)(uint16_t)(a - b) < 0;
}

/* The first unit in which the entry has expired, or an earlier one. */
static uint16_t due_of(mipc_map_t *map, uint64_t expiry) {
  uint64_t most = mipc_i_now(map) + (MOST_AHEAD << UNIT_BITS);
  return unit_of((expiry < most ? expiry : most) + ((uint64_t)1 << UNIT_BITS));
}

void mipc_i_note_expiry(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, mipc_map_bucket_shm_t *home,
                        uint64_t expiry) {
  /* From now on a full stripe looks for expired entries. */
  if (!mipc_i_get64(&stripe->swept)) mipc_i_put64(&stripe->swept, 1);
  if (expiry == MIPC_MAP_FOREVER) return;
  uint16_t due = due_of(map, expiry);
  uint16_t now = mipc_atomic_load_relaxed_u16(&home->due);
  /* relaxed: only the owner of the lock reads it. Before the entry is linked: if the process dies
   * in between, the bucket is looked at once for nothing. */
  if (!now || is_before(due, now)) mipc_atomic_store_relaxed_u16(&home->due, due);
  mipc_atomic_fence_compiler();
}

/* Removes the expired entries of a bucket, and notes when the next one expires. */
static void sweep_bucket(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                         mipc_map_bucket_shm_t *home) {
  uint16_t next = 0;
  uint32_t hops = 0;
  for (mipc_map_bucket_shm_t *b = home; b && hops < MIPC_MAP_MOST_HOPS; b = mipc_i_next(map, b)) {
    hops++;
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++) {
      uint64_t slot = mipc_i_get64(&b->slots.at[i]);
      mipc_i_entry_t entry;
      if (!slot) continue;
      if (!mipc_i_entry(map, mipc_i_ref(slot), &entry)) return;
      if (!(entry.word & MIPC_MAP_HAS_TTL)) continue;
      uint64_t expiry = mipc_i_get64(mipc_i_expiry(entry.at));
      if (expiry <= mipc_i_now(map) && mipc_i_has_versions(home)) {
        if (!mipc_i_remove(map, stripe, home, &b->slots.at[i], MIPC_MAP_CHANGE_EXPIRE)) return;
        mipc_i_put64(&stripe->expired, mipc_i_get64(&stripe->expired) + 1);
        map->work += WORK_OF_REMOVAL;
      } else if (expiry != MIPC_MAP_FOREVER) {
        uint16_t due = due_of(map, expiry);
        if (!next || is_before(due, next)) next = due;
      }
    }
  }
  mipc_atomic_store_relaxed_u16(&home->due, next); /* relaxed: see above */
  mipc_i_drop_buckets(map, stripe, home);
}

static mipc_map_bucket_shm_t *bucket_at(const mipc_map_t *map, const mipc_map_stripe_shm_t *stripe,
                                        uint32_t index) {
  uint64_t n = map->geometry.buckets_of_stripe;
  return &map->buckets[mipc_i_index_of(map, stripe) * n + (index & (n - 1))];
}

void mipc_i_sweep(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t count) {
  uint16_t now = unit_of(mipc_i_now(map));
  for (uint32_t i = 0; i < count && !map->is_corrupt; i++) {
    uint32_t hand = mipc_i_get32(&stripe->sweep_hand) & (map->geometry.buckets_of_stripe - 1);
    mipc_map_bucket_shm_t *home = bucket_at(map, stripe, hand);
    uint16_t due = mipc_atomic_load_relaxed_u16(&home->due);
    if (due && !is_before(now, due)) sweep_bucket(map, stripe, home);
    uint32_t next = (hand + 1) & (map->geometry.buckets_of_stripe - 1);
    mipc_i_put32(&stripe->sweep_hand, next);
    if (next == 0) mipc_i_put64(&stripe->swept, mipc_i_now(map));
  }
}

/* A lease whose participant lives. Its value is the number of the participant, and a nonce. */
static bool is_living_lease(const mipc_map_t *map, const mipc_i_entry_t *entry) {
  if (mipc_i_type(entry->word) != MIPC_MAP_TYPE_LEASE || entry->length < sizeof(uint64_t)) {
    return false;
  }
  const uint64_t *value =
      mipc_i_at(map, entry->parts.head + mipc_i_value_at(entry->word, entry->key_length));
  return mipc_region_alive(map->region, (uint32_t)mipc_i_get64(value)) != 0;
}

/* Removes the first entry of the bucket that was not used lately. */
static bool evict_from(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                       mipc_map_bucket_shm_t *home) {
  uint8_t used = mipc_atomic_load_relaxed_u8(&home->used);
  uint32_t at = 0, hops = 0;
  for (mipc_map_bucket_shm_t *b = home; b && hops < MIPC_MAP_MOST_HOPS; b = mipc_i_next(map, b)) {
    hops++;
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++, at++) {
      uint64_t slot = mipc_i_get64(&b->slots.at[i]);
      uint32_t bit = at < MIPC_MAP_SLOTS ? at : MIPC_MAP_SLOTS;
      mipc_i_entry_t entry;
      if (!slot || used >> bit & 1) continue;
      if (!mipc_i_entry(map, mipc_i_ref(slot), &entry)) return false;
      if (is_living_lease(map, &entry)) continue;
      if (!mipc_i_remove(map, stripe, home, &b->slots.at[i], MIPC_MAP_CHANGE_EVICT)) return false;
      mipc_i_put64(&stripe->evicted, mipc_i_get64(&stripe->evicted) + 1);
      mipc_i_drop_buckets(map, stripe, home);
      map->work += WORK_OF_REMOVAL;
      return true;
    }
  }
  return false;
}

bool mipc_i_evict(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  /* After two turns of the hand there is nothing to evict, such as leases only. More turns would
   * use up the work of the operation, each time it is tried, before it comes to what has room. */
  uint32_t turns = 2 * map->geometry.buckets_of_stripe;
  uint32_t most = turns < MOST_BUCKETS ? turns : MOST_BUCKETS;
  for (uint32_t i = 0; i < most && !map->is_corrupt; i++) {
    uint32_t hand = mipc_i_get32(&stripe->clock_hand);
    mipc_map_bucket_shm_t *home = bucket_at(map, stripe, hand);
    map->work++;
    if (mipc_i_has_versions(home) && evict_from(map, stripe, home)) return true;
    /* relaxed: see mipc_i_mark(). */
    if (mipc_atomic_load_relaxed_u8(&home->used)) mipc_atomic_store_relaxed_u8(&home->used, 0);
    mipc_i_put32(&stripe->clock_hand, (hand + 1) & (map->geometry.buckets_of_stripe - 1));
  }
  return false;
}
