/*
 * The most frequent change of a map: a number over a number, in a short path of its own. It differs
 * from the way of all other changes (write.c, alter.c) only in what it need not ask.
 */
#include "set_i.h"

uint64_t mipc_i_put_number(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                           mipc_map_bucket_shm_t *home, uint64_t offset, uint32_t value_at,
                           double number) {
  union {
    double number;
    uint64_t bits;
  } both = {number};
  mipc_map_record_shm_t *r = map->record;
  mipc_map_entry_shm_t *entry = mipc_i_at(map, offset);
  uint64_t version = mipc_i_next_version(home), word = mipc_i_get64(&entry->word);
  mipc_i_put64(&r->home, mipc_i_offset(map, home));
  mipc_i_put64(&r->version, version);
  mipc_i_put64(&r->block, offset);
  mipc_i_change_begin(map, stripe, MIPC_MAP_CHANGE_SET);
  mipc_i_put32(&r->state, MIPC_MAP_OP_NUMBER);
  mipc_i_make_odd(home, version);
  uint64_t *value = (uint64_t *)((uint8_t *)entry + value_at);
  /* release: P1. A reader takes the value by one load, so this store is the effect. Whether it took
   * place need not be known later: the version moves in both cases. */
  mipc_atomic_store_release_u64(value, both.bits);
  mipc_atomic_fence_compiler();
  /* release: a reader that sees the new version in the entry sees the new number, also while the
   * version of the bucket is odd. (An old version with the new number only makes a later condition
   * fail that could have held.) */
  mipc_atomic_store_release_u64(&entry->word, (word & ~MIPC_MAP_VERSION_MASK) | version);
  mipc_atomic_fence_compiler();
  mipc_atomic_store_release_u64(&home->version, version | MIPC_MAP_VERSION_BASE); /* P2 */
  mipc_atomic_fence_compiler();
  if (mipc_i_get64(&r->change)) mipc_i_change_append(map, stripe);
  mipc_i_put32(&r->state, MIPC_MAP_OP_NONE);
  return version;
}

/* Not in a plain number: its value lies behind its key. */
#define SPECIAL (MIPC_MAP_IS_TAIL | MIPC_MAP_IS_LARGE | MIPC_MAP_HAS_TTL)

static bool is_plain_number(const mipc_map_t *map, uint64_t offset, const mipc_i_match_t *match) {
  uint32_t size_class = match->key_word >> 16 & 255;
  if (mipc_i_type(match->word) != MIPC_MAP_TYPE_NUMBER || (match->word & SPECIAL)) return false;
  if (size_class >= MIPC_MAP_OVERFLOW) return false;
  uint32_t size = mipc_i_class_size[size_class];
  return match->value_at + sizeof(double) <= size && mipc_i_in_arena(map, offset, size);
}

static double number_at(const mipc_map_t *map, uint64_t offset) {
  union {
    uint64_t bits;
    double number;
  } both = {mipc_i_get64(mipc_i_at(map, offset))};
  return both.number;
}

int mipc_i_number(mipc_i_set_t *s, double number, bool adds) {
  mipc_map_t *map = s->map;
  if (s->how->when != MIPC_MAP_IF_ANY || s->how->ttl != MIPC_MAP_FOREVER) return MIPC_MAP_AGAIN;
  int status = mipc_i_set_enter(s, true);
  if (status != MIPC_MAP_DONE) return status == MIPC_MAP_BUSY ? MIPC_MAP_AGAIN : status;
  s->has_lock = true;
  /* Whatever is wrong is found once more, and reported, by the other way. */
  if (!mipc_i_find(map, s->home, s->key, &s->place) || !s->place.slot) return MIPC_MAP_AGAIN;
  const mipc_i_match_t *match = &s->place.match;
  uint64_t offset = mipc_i_ref(mipc_i_get64(s->place.slot));
  if (!is_plain_number(map, offset, match) || !mipc_i_has_versions(s->home)) return MIPC_MAP_AGAIN;
  if (map->geometry.evicts) mipc_i_mark(s->home, s->place.slot);
  if (adds) number += number_at(map, offset + match->value_at);
  s->value->version = mipc_i_put_number(map, s->stripe, s->home, offset, match->value_at, number);
  s->value->number = number;
  s->has_lock = false;
  mipc_i_set_leave(s);
  return MIPC_MAP_DONE;
}
