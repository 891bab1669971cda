/*
 * Entries: how they are found and checked, and how their bytes are copied.
 */
#include "entry_i.h"

#include <string.h>

#include "../base/multiply.h"

/* Two multiplications for 16 bytes of a key. The seed is random in every map, so that nobody can
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

bool mipc_i_key_is(const mipc_map_t *map, uint64_t offset, const mipc_map_key_t *key) {
  if (!mipc_i_in_arena(map, offset, MIPC_MAP_ENTRY_SIZE)) return false;
  const mipc_map_entry_shm_t *entry = mipc_i_at(map, offset);
  uint64_t word = mipc_i_get64(&entry->word);
  if ((mipc_i_key_word(entry) & 0xFFFF) != key->length) return false;
  if (((word & MIPC_MAP_IS_WIDE) != 0) != key->is_wide) return false;
  uint32_t at = mipc_i_key_at(word), bytes = mipc_i_pad(key->length);
  if (!mipc_i_in_arena(map, offset, at + bytes)) return false;
  const uint64_t *words = mipc_i_at(map, offset + at);
  for (uint32_t i = 0; i < bytes / 8; i++) {
    if (mipc_i_get64(&words[i]) != key->words[i]) return false;
  }
  return true;
}

bool mipc_i_entry(mipc_map_t *map, uint64_t offset, mipc_i_entry_t *ret_entry) {
  mipc_i_entry_t e = {0};
  map->is_corrupt |= !mipc_i_in_arena(map, offset, MIPC_MAP_ENTRY_SIZE);
  if (map->is_corrupt) return false;
  e.at = mipc_i_at(map, offset);
  e.word = mipc_i_get64(&e.at->word);
  e.length = mipc_i_get32(&e.at->length);
  uint32_t key_word = mipc_i_key_word(e.at);
  e.key_length = key_word & 0xFFFF;
  e.size_class = key_word >> 16 & 255;
  e.parts.head = offset;
  bool is_large = (e.word & MIPC_MAP_IS_LARGE) != 0;
  if (e.size_class >= MIPC_MAP_OVERFLOW || (e.word & MIPC_MAP_IS_TAIL) ||
      e.key_length > MIPC_MAP_MOST_KEY) {
    return mipc_i_corrupt(map) == 0;
  }
  uint32_t size = mipc_i_class_size[e.size_class];
  uint32_t value_at = mipc_i_value_at(e.word, e.key_length);
  bool fits = mipc_i_in_arena(map, offset, size) && value_at <= size;
  /* A number and the owner of a lease are read and changed in the head block. */
  uint32_t type = mipc_i_type(e.word);
  bool is_in_head = type == MIPC_MAP_TYPE_NUMBER || type == MIPC_MAP_TYPE_LEASE;
  fits = fits && (!is_in_head || size - value_at >= sizeof(uint64_t));
  if (!fits || (!is_large && e.length > size - value_at)) return mipc_i_corrupt(map) == 0;
  if (is_large) {
    const uint64_t *large = mipc_i_large(e.at, e.word);
    e.parts.chain = mipc_i_get64(&large[0]);
    e.parts.tail = mipc_i_get64(&large[1]);
  }
  *ret_entry = e;
  return true;
}

bool mipc_i_find(mipc_map_t *map, mipc_map_bucket_shm_t *home, const mipc_map_key_t *key,
                 mipc_i_place_t *ret_place) {
  mipc_i_place_t place = {0};
  uint64_t tag = mipc_i_tag(key->hash);
  uint32_t hops = 0;
  for (mipc_map_bucket_shm_t *b = home; b; b = mipc_i_next(map, b)) {
    if (++hops > MIPC_MAP_MOST_HOPS) return mipc_i_corrupt(map) == 0;
    place.last = b;
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++) {
      uint64_t slot = mipc_i_get64(&b->slots.at[i]);
      if (!slot) {
        if (!place.free) place.free = &b->slots.at[i];
      } else if ((slot & ~MIPC_MAP_REF_MASK) == tag && !place.slot &&
                 mipc_i_key_is(map, mipc_i_ref(slot), key)) {
        place.slot = &b->slots.at[i];
        *ret_place = place;
        return !map->is_corrupt;
      }
    }
  }
  *ret_place = place;
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
  uint64_t *words = to, word;
  for (; length >= sizeof word; length -= sizeof word, from += sizeof word) {
    memcpy(&word, from, sizeof word);
    mipc_atomic_store_relaxed_u64(words++, word);
  }
  if (!length) return;
  word = 0;
  memcpy(&word, from, (size_t)length);
  mipc_atomic_store_relaxed_u64(words, word);
}

void mipc_i_copy_out(uint8_t *to, const void *from, uint64_t length) {
  const uint64_t *words = from;
  uint64_t word;
  for (; length >= sizeof word; length -= sizeof word, to += sizeof word) {
    word = mipc_atomic_load_relaxed_u64(words++);
    memcpy(to, &word, sizeof word);
  }
  if (!length) return;
  word = mipc_atomic_load_relaxed_u64(words);
  memcpy(to, &word, (size_t)length);
}
