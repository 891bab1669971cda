/*
 * The structs of a SharedMap in shared memory, as lists of rows (base/rows.h). src/map/map.h
 * explains the design, src/map/map_i.h the writer and the lock of each word.
 *
 * All offsets are from the start of the payload. A reference of 0 means none: offset 0 is the pool.
 * A list is one word: the number of its first page, and its length in the upper 32 bits.
 */
#ifndef MIPC_BASE_MAP_LAYOUT_H
#define MIPC_BASE_MAP_LAYOUT_H

#include <stdint.h>

#include "rows.h"

#define MIPC_MAP_SLOTS    6  /* entries of a bucket */
#define MIPC_MAP_CLASSES  26 /* of blocks, the last one for overflow buckets */
#define MIPC_MAP_MOST_LOG 24 /* words of one transaction */
#define MIPC_MAP_POOL_LOG 8

#define MIPC_MAP_WORDS(name, type, count)                                                          \
  typedef struct {                                                                                 \
    type at[count];                                                                                \
  } name
MIPC_MAP_WORDS(mipc_map_slots_t, uint64_t, MIPC_MAP_SLOTS);
MIPC_MAP_WORDS(mipc_map_classes_t, uint32_t, MIPC_MAP_CLASSES);
MIPC_MAP_WORDS(mipc_map_log_t, uint64_t, 2 * MIPC_MAP_MOST_LOG);
MIPC_MAP_WORDS(mipc_map_pool_log_t, uint64_t, 2 * MIPC_MAP_POOL_LOG);
MIPC_MAP_WORDS(mipc_map_key_40_t, uint64_t, 5);
MIPC_MAP_WORDS(mipc_map_reserved_24_t, uint8_t, 24);
MIPC_MAP_WORDS(mipc_map_reserved_40_t, uint8_t, 40);
MIPC_MAP_WORDS(mipc_map_reserved_48_t, uint8_t, 48);
MIPC_MAP_WORDS(mipc_map_reserved_56_t, uint8_t, 56);
MIPC_MAP_WORDS(mipc_map_reserved_304_t, uint8_t, 304);

/* clang-format off */
/* The first page of the payload: words that all stripes use. */
#define MIPC_MAP_POOL_ROWS(X)                                                                      \
  X(uint32_t, lock, 0, "lock of the pool: the owner's number, and C")                              \
  X(uint32_t, lock_reserved, 4, "zero")                                                            \
  X(uint64_t, free, 8, "list of the free pages that no stripe has")                                \
  X(uint64_t, fresh, 16, "how many pages were ever used; the others need no list")                 \
  X(mipc_map_reserved_40_t, padding, 24, "zeros: the lock has this cache line for itself")         \
  X(uint32_t, threads, 64, "1: a thread may wait for the event, so changes publish it, too")         \
  X(uint32_t, reserved, 68, "zero")                                                                \
  X(mipc_map_reserved_56_t, rest, 72, "zeros")

/* A stripe: a part of the buckets, with its lock and its pages. */
#define MIPC_MAP_STRIPE_ROWS(X)                                                                    \
  X(uint32_t, lock, 0, "the owner's number, and C (map/lock.c)")                                   \
  X(uint32_t, lock_reserved, 4, "zero")                                                            \
  X(uint64_t, free, 8, "list of its free pages")                                                   \
  X(uint64_t, mail, 16, "list of the pages on their way between the stripe and the pool")          \
  X(uint64_t, count, 24, "entries")                                                                \
  X(uint32_t, clock_hand, 32, "bucket at which the search for an entry to evict goes on")          \
  X(uint32_t, sweep_hand, 36, "bucket at which the search for expired entries goes on")            \
  X(uint64_t, changes, 40, "how many changes its ring has recorded")                               \
  X(uint64_t, swept, 48, "millisecond of the last full sweep")                                     \
  X(uint64_t, wanted, 56, "a change is recorded while `changes` is below it")                     \
  X(mipc_map_classes_t, slabs, 64, "by class: the first page with a free block")                   \
  X(mipc_map_reserved_24_t, padding, 168, "zeros")                                                 \
  X(uint64_t, evicted, 192, "entries evicted so far")                                              \
  X(uint64_t, expired, 200, "expired entries removed so far")                                      \
  X(uint64_t, moved, 208, "entries moved by compactions so far")                                   \
  X(mipc_map_reserved_40_t, rest, 216, "zeros")

/* What one participant is about to do, so that another one can finish or undo it. */
#define MIPC_MAP_RECORD_ROWS(X)                                                                    \
  X(uint32_t, number, 0, "of the participant; 0: free")                                            \
  X(uint32_t, stripe, 4, "index + 1 of the stripe it works on, or worked on last")                 \
  X(uint32_t, recovering, 8, "index + 1 of the record whose stripe it recovers")                   \
  X(uint32_t, recovering_pool, 12, "index + 1 of the record whose work on the pool it recovers")   \
  X(uint32_t, state, 16, "of the operation (MIPC_MAP_OP_)")                                        \
  X(uint32_t, is_narrow, 20, "1: the commit is a word of 32 bits")                                 \
  X(uint64_t, commit, 24, "offset of the word whose store commits the operation")                  \
  X(uint64_t, value, 32, "that the commit stores there")                                           \
  X(uint64_t, home, 40, "offset of the primary bucket")                                            \
  X(uint64_t, version, 48, "of that bucket, after the operation")                                  \
  X(uint64_t, count, 56, "entries of the stripe, after the operation")                             \
  X(uint64_t, block, 64, "offset of the entry whose number is changed in place")                   \
  X(uint64_t, new_head, 72, "offset of the block that the operation allocated for the entry")      \
  X(uint64_t, new_tail, 80, "the same for the end of a large entry")                               \
  X(uint64_t, new_chain, 88, "list of the pages in between")                                       \
  X(uint64_t, old_head, 96, "the same of the entry that is replaced, and freed after the commit")  \
  X(uint64_t, old_tail, 104, "its tail")                                                           \
  X(uint64_t, old_chain, 112, "its pages")                                                         \
  X(uint64_t, change, 120, "position + 1 of the change in the ring of the stripe; 0: none")        \
  X(uint32_t, what, 128, "kind of that change (MIPC_MAP_CHANGE_)")                                 \
  X(uint32_t, reserved, 132, "zero")                                                               \
  X(mipc_map_reserved_48_t, padding, 136, "zeros")                                                 \
  X(uint32_t, log_count, 184, "words in the log of the current transaction")                       \
  X(uint32_t, pool_log_count, 188, "the same of a transaction on the pool")                        \
  X(mipc_map_log_t, log, 192, "pairs: offset of a word, and its value before")                     \
  X(mipc_map_pool_log_t, pool_log, 576, "the same")                                                \
  X(mipc_map_reserved_304_t, rest, 704, "zeros")                                                   \
  X(uint64_t, end, 1008, "zero")                                                                   \
  X(uint64_t, end_padding, 1016, "zero")

/* A page of the arena. */
#define MIPC_MAP_PAGE_ROWS(X)                                                                      \
  X(uint64_t, used_low, 0, "of a slab: a bit for each block that is in use, and those past the end")\
  X(uint64_t, used_high, 8, "the blocks from 64 on")                                               \
  X(uint32_t, next, 16, "the next page of its list or chain; 0: none")                             \
  X(uint32_t, previous, 20, "of a slab in the list of its class: the page before; 0: none")        \
  X(uint8_t, size_class, 24, "of a slab: the class of its blocks")                                 \
  X(uint8_t, kind, 25, "1: a slab; 0: free or part of a chain")                                    \
  X(uint16_t, stripe, 26, "of a slab: index of its stripe")                                        \
  X(uint32_t, reserved, 28, "zero")

/* A bucket. Of an overflow bucket only the slots and `next` are used. */
#define MIPC_MAP_BUCKET_ROWS(X)                                                                    \
  X(uint64_t, version, 0, "a double, 2^52 + count of changes; odd during a change; 0: no change yet")\
  X(mipc_map_slots_t, slots, 8, "28 bits of the hash, and offset / 16 of the entry; 0: free")      \
  X(uint32_t, next, 56, "offset / 64 of the next overflow bucket; 0: none")                        \
  X(uint8_t, used, 60, "by slot: the entry was read since the clock hand passed; bit 6: overflow") \
  X(uint8_t, reserved, 61, "zero")                                                                 \
  X(uint16_t, due, 62, "second / 1.024, modulo 65,536, of its first expiry; 0: none")

/* The beginning of an entry. Extensions, key and value follow: see map/entry_i.h. */
#define MIPC_MAP_ENTRY_ROWS(X)                                                                     \
  X(uint64_t, word, 0, "52 bits of version, 8 of type, 4 of flags")                                \
  X(uint32_t, length, 8, "size of the value in bytes")                                             \
  X(uint16_t, key_length, 12, "size of the key in bytes")                                          \
  X(uint8_t, size_class, 14, "class of this block")                                                \
  X(uint8_t, reserved, 15, "zero")

/* A recorded change. */
#define MIPC_MAP_CHANGE_ROWS(X)                                                                    \
  X(uint64_t, position, 0, "its number in this ring, + 1; stored last; 0: none, or being written") \
  X(uint64_t, version, 8, "of the bucket after the change")                                        \
  X(uint32_t, what, 16, "kind of the change (MIPC_MAP_CHANGE_)")                                   \
  X(uint32_t, key_length, 20, "size of the key in bytes, and bit 31: two bytes for a character")   \
  X(mipc_map_key_40_t, key, 24, "the key, if it has at most 40 bytes")
/* clang-format on */

#define MIPC_MAP_PAGE_SIZE   4096 /* of the arena, and between tables */
#define MIPC_MAP_POOL_SIZE   128
#define MIPC_MAP_STRIPE_SIZE 256
#define MIPC_MAP_RECORD_SIZE 1024
#define MIPC_MAP_PAGE_ROW    32
#define MIPC_MAP_BUCKET_SIZE 64
#define MIPC_MAP_ENTRY_SIZE  16
#define MIPC_MAP_CHANGE_SIZE 64
#define MIPC_MAP_CHANGES     64 /* of one ring */

MIPC_LAYOUT(mipc_map_pool_shm_t, MIPC_MAP_POOL_ROWS)
MIPC_LAYOUT(mipc_map_stripe_shm_t, MIPC_MAP_STRIPE_ROWS)
MIPC_LAYOUT(mipc_map_record_shm_t, MIPC_MAP_RECORD_ROWS)
MIPC_LAYOUT(mipc_map_page_shm_t, MIPC_MAP_PAGE_ROWS)
MIPC_LAYOUT(mipc_map_bucket_shm_t, MIPC_MAP_BUCKET_ROWS)
MIPC_LAYOUT(mipc_map_entry_shm_t, MIPC_MAP_ENTRY_ROWS)
MIPC_LAYOUT(mipc_map_change_shm_t, MIPC_MAP_CHANGE_ROWS)

static_assert(sizeof(mipc_map_pool_shm_t) == MIPC_MAP_POOL_SIZE, "mipc_map_pool_shm_t");
static_assert(sizeof(mipc_map_stripe_shm_t) == MIPC_MAP_STRIPE_SIZE, "mipc_map_stripe_shm_t");
static_assert(sizeof(mipc_map_record_shm_t) == MIPC_MAP_RECORD_SIZE, "mipc_map_record_shm_t");
static_assert(sizeof(mipc_map_page_shm_t) == MIPC_MAP_PAGE_ROW, "mipc_map_page_shm_t");
static_assert(sizeof(mipc_map_bucket_shm_t) == MIPC_MAP_BUCKET_SIZE, "mipc_map_bucket_shm_t");
static_assert(sizeof(mipc_map_entry_shm_t) == MIPC_MAP_ENTRY_SIZE, "mipc_map_entry_shm_t");
static_assert(sizeof(mipc_map_change_shm_t) == MIPC_MAP_CHANGE_SIZE, "mipc_map_change_shm_t");

#endif
