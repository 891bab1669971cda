/*
 * An entry: how its head block is laid out.
 *
 *   mipc_map_entry_shm_t   16 bytes
 *   expiry                 8, with HAS_TTL: milliseconds of the map's clock, or FOREVER
 *   chain, tail, stamp     24, with IS_LARGE: the pages and the tail block; and the version at
 * which this block was linked key                    padded with zeros to 8 bytes value the rest of
 * the block, then the pages, then the tail block
 *
 * A tail block begins with the offset of its head, and IS_TAIL. So a compaction that finds a block
 * knows the entry it belongs to.
 *
 * Readers look at entries without a lock, while they may be freed and overwritten. They load each
 * word once, check it, and use what they found only if the bucket's version is the same afterwards.
 */
#ifndef MIPC_MAP_ENTRY_I_H
#define MIPC_MAP_ENTRY_I_H

#include "map_i.h"

#define MIPC_MAP_IS_TAIL  ((uint64_t)1 << 63)
#define MIPC_MAP_IS_LARGE ((uint64_t)1 << 62)
#define MIPC_MAP_HAS_TTL  ((uint64_t)1 << 61)
#define MIPC_MAP_IS_WIDE  ((uint64_t)1 << 60)

#define MIPC_MAP_LARGE_WORDS 24 /* bytes of chain, tail and stamp */
#define MIPC_MAP_TAIL_HEADER 8

static inline uint32_t mipc_i_pad(uint32_t length) {
  return (length + 7) & ~(uint32_t)7;
}

static inline uint32_t mipc_i_type(uint64_t word) {
  return (uint32_t)(word >> MIPC_MAP_VERSION_BITS) & 255;
}

/* Bytes before the key. */
static inline uint32_t mipc_i_key_at(uint64_t word) {
  return MIPC_MAP_ENTRY_SIZE + (word & MIPC_MAP_HAS_TTL ? 8 : 0) +
         (word & MIPC_MAP_IS_LARGE ? MIPC_MAP_LARGE_WORDS : 0);
}

static inline uint32_t mipc_i_value_at(uint64_t word, uint32_t key_length) {
  return mipc_i_key_at(word) + mipc_i_pad(key_length);
}

static inline uint64_t *mipc_i_expiry(const mipc_map_entry_shm_t *entry) {
  return (uint64_t *)(entry + 1);
}

/* chain, tail, stamp of a large entry. */
static inline uint64_t *mipc_i_large(const mipc_map_entry_shm_t *entry, uint64_t word) {
  return (uint64_t *)(entry + 1) + (word & MIPC_MAP_HAS_TTL ? 1 : 0);
}

/* Key length and class share a word with nothing else that changes: one load. */
static inline uint32_t mipc_i_key_word(const mipc_map_entry_shm_t *entry) {
  return mipc_atomic_load_relaxed((const uint32_t *)&entry->key_length);
}

/* What an owner of the lock reads of an entry: checked. */
typedef struct {
  mipc_map_entry_shm_t *at;
  uint64_t word, length;
  uint32_t key_length, size_class;
  mipc_i_parts_t parts;
} mipc_i_entry_t;

/* publish.c. Changes a number in place. */
void mipc_i_put_number(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, mipc_map_bucket_shm_t *home,
                       const mipc_i_entry_t *old, uint64_t bits);

/* Under the lock. False: the map is corrupt. */
bool mipc_i_entry(mipc_map_t *map, uint64_t offset, mipc_i_entry_t *ret_entry);

/* Whether the key of the entry at the offset is `key`; the head must be inside the arena, and the
 * block is checked no further. Any process may change the entry meanwhile. */
bool mipc_i_key_is(const mipc_map_t *map, uint64_t offset, const mipc_map_key_t *key);

uint64_t mipc_i_hash(const mipc_map_t *map, const uint64_t *words, uint32_t length, bool is_wide);

/* Under the lock: the slot of a key. */
typedef struct {
  uint64_t *slot;              /* NULL: there is no entry */
  uint64_t *free;              /* the first free slot; NULL: none */
  mipc_map_bucket_shm_t *last; /* of the chain */
} mipc_i_place_t;

/* False: the map is corrupt. */
bool mipc_i_find(mipc_map_t *map, mipc_map_bucket_shm_t *home, const mipc_map_key_t *key,
                 mipc_i_place_t *ret_place);

/* Whether the entry has expired. */
bool mipc_i_is_expired(mipc_map_t *map, const mipc_i_entry_t *entry);

/* Marks the slot as used lately, for the clock. */
void mipc_i_mark(mipc_map_bucket_shm_t *home, const uint64_t *slot);

/* Copies between the value of an entry and private memory, by relaxed loads and stores of words. */
void mipc_i_copy_in(void *to, const uint8_t *from, uint64_t length);
void mipc_i_copy_out(uint8_t *to, const void *from, uint64_t length);

#endif
