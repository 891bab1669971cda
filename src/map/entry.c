/*
 * Entries: how they are found and checked, and how their bytes are copied.
 */
#include "entry_i.h"

#include <string.h>

#include "../base/multiply.h"

/* Two multiplications for 16 bytes of a key. The seed is random in every map, so that no user can
 * choose keys that collide. The constants are the fractions of the golden ratio and of another
 * irrational number, as in wyhash, whose construction this is. */
#define HASH_A ((uint64_t)0x9E3779B97F4A7C15)
#define HASH_B ((uint64_t)0xA0761D6478BD642F)

uint64_t mipc_i_hash(const mipc_map_t *map, const uint64_t *words, uint32_t length, bool is_wide) {
  uint64_t hash = map->seed[0] ^ length ^ ((uint64_t)is_wide << 32);
  uint32_t count = mipc_i_pad(length) / 8, i = 0;
  for (; i + 1 < count; i += 2) {
    hash = mipc_multiply_fold(mipc_i_get64(&words[i]) ^ map->seed[1],
                              mipc_i_get64(&words[i + 1]) ^ hash);
  }
  if (i < count) hash = mipc_multiply_fold(mipc_i_get64(&words[i]) ^ map->seed[1], hash ^ HASH_A);
  return mipc_multiply_fold(hash ^ map->seed[0], HASH_B ^ map->seed[1]);
}

void mipc_map_hash(const mipc_map_t *map, mipc_map_key_t *key) {
  key->hash = mipc_i_hash(map, key->words, key->length, key->is_wide);
}

/* Here and below, results are stored one by one: a struct that is built and then copied is read in
 * wider pieces than it was written in, and the processor waits for that. */
bool mipc_i_entry(mipc_map_t *map, uint64_t offset, mipc_i_entry_t *ret_entry) {
  map->is_corrupt |= !mipc_i_in_arena(map, offset, MIPC_MAP_ENTRY_SIZE);
  if (map->is_corrupt) return false;
  mipc_map_entry_shm_t *at = mipc_i_at(map, offset);
  uint64_t word = mipc_i_get64(&at->word), length = mipc_i_get32(&at->length);
  uint32_t key_word = mipc_i_key_word(at), key_length = key_word & 0xFFFF;
  uint32_t size_class = key_word >> 16 & 255;
  bool is_large = (word & MIPC_MAP_IS_LARGE) != 0;
  if (size_class >= MIPC_MAP_OVERFLOW || (word & MIPC_MAP_IS_TAIL) ||
      key_length > MIPC_MAP_MOST_KEY) {
    return mipc_i_corrupt(map) == 0;
  }
  uint32_t size = mipc_i_class_size[size_class], value_at = mipc_i_value_at(word, key_length);
  bool fits = mipc_i_in_arena(map, offset, size) && value_at <= size;
  /* A number and the owner of a lease are read and changed in the head block. */
  uint32_t type = mipc_i_type(word);
  bool is_in_head = type == MIPC_MAP_TYPE_NUMBER || type == MIPC_MAP_TYPE_LEASE;
  fits = fits && (!is_in_head || size - value_at >= sizeof(uint64_t));
  if (!fits || (!is_large && length > size - value_at)) return mipc_i_corrupt(map) == 0;
  const uint64_t *large = mipc_i_large(at, word);
  ret_entry->at = at;
  ret_entry->word = word;
  ret_entry->length = length;
  ret_entry->key_length = key_length;
  ret_entry->size_class = size_class;
  ret_entry->parts.head = offset;
  ret_entry->parts.chain = is_large ? mipc_i_get64(&large[0]) : 0;
  ret_entry->parts.tail = is_large ? mipc_i_get64(&large[1]) : 0;
  return true;
}

bool mipc_i_find(mipc_map_t *map, mipc_map_bucket_shm_t *home, const mipc_map_key_t *key,
                 mipc_i_place_t *ret_place) {
  uint64_t tag = mipc_i_tag(key->hash);
  uint32_t hops = 0;
  ret_place->slot = ret_place->free = NULL;
  for (mipc_map_bucket_shm_t *b = home; b; b = mipc_i_next(map, b)) {
    if (++hops > MIPC_MAP_MOST_HOPS) return mipc_i_corrupt(map) == 0;
    ret_place->last = b;
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++) {
      uint64_t slot = mipc_i_get64(&b->slots.at[i]);
      if ((slot ^ tag) >> MIPC_MAP_REF_BITS || !slot) continue;
      if (!mipc_i_key_is(map, mipc_i_ref(slot), key, &ret_place->match)) continue;
      ret_place->slot = &b->slots.at[i];
      return !map->is_corrupt;
    }
    /* Most keys are found above; only the others need a free slot. */
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS && !ret_place->free; i++) {
      if (!mipc_i_get64(&b->slots.at[i])) ret_place->free = &b->slots.at[i];
    }
  }
  return !map->is_corrupt;
}

bool mipc_i_is_expired(mipc_map_t *map, const mipc_i_entry_t *entry) {
  if (!(entry->word & MIPC_MAP_HAS_TTL)) return false;
  return mipc_i_get64(mipc_i_expiry(entry->at)) <= mipc_i_now(map);
}

void mipc_i_mark(mipc_map_bucket_shm_t *home, const uint64_t *slot) {
  uintptr_t i = (uintptr_t)slot - (uintptr_t)home->slots.at;
  i /= sizeof *slot;
  uint8_t bit = i < MIPC_MAP_SLOTS ? (uint8_t)(1 << i) : 1 << MIPC_MAP_SLOTS;
  /* relaxed: a bit that is lost or too much makes an eviction less good, and nothing else. */
  uint8_t used = mipc_atomic_load_relaxed_u8(&home->used);
  if (!(used & bit)) mipc_atomic_store_relaxed_u8(&home->used, used | bit);
}

/* relaxed, in both: the orders of read.c and publish.c make sure that only a whole value is used.
 * By words, so that a reader sees no word that was never stored. */
void mipc_i_copy_in(void *to, const uint8_t *from, uint64_t length) {
  uint64_t *words = to;
  for (; length >= sizeof *words; length -= sizeof *words, from += sizeof *words) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    mipc_atomic_store_relaxed_u64(words++, word);
  }
  if (!length) return;
  uint64_t rest = 0;
  for (uint64_t part = 1; part <= 4; part *= 2) {
    if (!(length & part)) continue;
    uint64_t bytes = 0;
    length -= part;
    memcpy(&bytes, from + length, part);
    rest = rest << 8 * part | bytes;
  }
  mipc_atomic_store_relaxed_u64(words, rest);
}
