/*
 * The table of a SharedMap: keys and values in the payload of a region. Many processes read and
 * write it at once, and any of them may be killed at any instruction.
 *
 * The payload has a fixed array of buckets, and an arena of 4 KiB pages. A bucket has a version and
 * six slots, each of which refers to an entry: a block with key and value in a page of equal blocks
 * (a slab), or, for a large value, a block, a chain of whole pages and perhaps another block. A
 * value need not lie in one piece, so there is no external fragmentation.
 *
 *   read   The version, the slot, the value, the version again; if it has changed, once more. No
 *          lock, and no store except one for the clock of a map that evicts.
 *   write  The stripe's lock (the buckets are divided into stripes); a new entry in blocks that no
 *          reader sees; one store into the slot, which commits it; then the new version; then the
 *          old blocks are freed.
 *
 * A writer notes beforehand in its record what it is about to do. If it dies, the next process that
 * wants the stripe's lock asks the kernel, takes the lock over, and undoes or finishes the work by
 * that record (map/recover.c). What readers have seen is never taken back.
 *
 * The version is odd while a change is being published. Reads go on meanwhile, but nothing that is
 * read then may be cached. So a process may keep a value as long as the version is the same even
 * number: the word is a double that JS reads with one load.
 *
 * A key is a sequence of bytes (Latin-1), or of 16-bit units if one of them is above 255 (wide).
 */
#ifndef MIPC_MAP_MAP_H
#define MIPC_MAP_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "../os/guard.h"
#include "../region/region.h"

typedef struct mipc_map mipc_map_t;

/* Results, besides failures, which are negative.
 *   DONE        the operation took effect; the entry was found
 *   ABSENT      no entry has this key
 *   MORE        the value has value->length bytes, more than there is room for
 *   BUSY        the lock of the stripe was not acquired in time, or there is more to do: call again
 *   OTHER       nothing was changed: the condition does not hold; value->version is the current one
 *   FULL        there is no space for the entry; nothing was changed
 *   NOT_NUMBER  nothing was changed: the entry is not a number */
#define MIPC_MAP_RESULT_MAP(X)                                                                     \
  X(DONE, 0)                                                                                       \
  X(ABSENT, 1)                                                                                     \
  X(MORE, 2)                                                                                       \
  X(BUSY, 3)                                                                                       \
  X(OTHER, 4)                                                                                      \
  X(FULL, 5)                                                                                       \
  X(NOT_NUMBER, 6)

/* When a set stores its value.
 *   ANY      always
 *   ADD      if there is no entry
 *   REPLACE  if there is one
 *   VERSION  if the entry has the version `expected`; 0: if there is none */
#define MIPC_MAP_IF_MAP(X)                                                                         \
  X(ANY, 0)                                                                                        \
  X(ADD, 1)                                                                                        \
  X(REPLACE, 2)                                                                                    \
  X(VERSION, 3)

/* The kinds of change that are reported to listeners. */
#define MIPC_MAP_CHANGE_MAP(X)                                                                     \
  X(NONE, 0)                                                                                       \
  X(SET, 1)                                                                                        \
  X(DELETE, 2)                                                                                     \
  X(EXPIRE, 3)                                                                                     \
  X(EVICT, 4)                                                                                      \
  X(CLEAR, 5)

#define MIPC_MAP_ENUM_ROW(symbol, number) MIPC_MAP_##symbol = number,
enum { MIPC_MAP_RESULT_MAP(MIPC_MAP_ENUM_ROW) };
#undef MIPC_MAP_ENUM_ROW
#define MIPC_MAP_ENUM_ROW(symbol, number) MIPC_MAP_IF_##symbol = number,
enum { MIPC_MAP_IF_MAP(MIPC_MAP_ENUM_ROW) };
#undef MIPC_MAP_ENUM_ROW
#define MIPC_MAP_ENUM_ROW(symbol, number) MIPC_MAP_CHANGE_##symbol = number,
enum { MIPC_MAP_CHANGE_MAP(MIPC_MAP_ENUM_ROW) };
#undef MIPC_MAP_ENUM_ROW

/* The type of a value is a number of lib/codec/types.js. Two types mean something here. */
#define MIPC_MAP_TYPE_NUMBER 4   /* a double of 8 bytes, changed in place */
#define MIPC_MAP_TYPE_LEASE  255 /* a process computes the value: counts as absent */

#define MIPC_MAP_MOST_KEY    1024 /* bytes */
#define MIPC_MAP_MOST_VALUE  ((uint64_t)UINT32_MAX)
#define MIPC_MAP_MOST_BYTES  ((uint64_t)1 << 37) /* of capacity */
#define MIPC_MAP_LEAST_BYTES ((uint64_t)65536)

/* What a new map is like. */
typedef struct {
  uint64_t capacity; /* bytes for entries */
  uint64_t most;     /* expected entries, 0: as many as fit with 100 bytes each */
  bool evicts;       /* a full map drops entries that were not used lately */
  bool wall_clock;   /* expiry by the wall clock: for a map that outlives a reboot */
} mipc_map_plan_t;

/* The size of the payload in bytes, and the words for the header of the region. 0: the capacity is
 * too small or too large. */
uint64_t mipc_map_plan(const mipc_map_plan_t *plan, mipc_kind_words_t *ret_words);

/* Where the tables are, computed from the words of a region. Checked, and private to the process.
 */
typedef struct {
  uint64_t size;                                    /* of the payload */
  uint64_t stripes, records, rings, pages, buckets; /* offsets of the tables */
  uint32_t stripe_bits, stripe_count, record_count;
  uint32_t buckets_of_stripe;
  uint32_t first_page, page_count; /* numbers of pages are offsets / 4,096 */
  bool evicts, wall_clock;
} mipc_map_geometry_t;

/* VERSION: another layout. CORRUPT: the words contradict each other or the size. */
int mipc_map_geometry(const mipc_kind_words_t *words, uint64_t size,
                      mipc_map_geometry_t *ret_geometry);

/*
 * Opens the table in the region, which is of kind MAP, and remains the caller's. `payload`: its
 * mapping, writable unless the region is attached read-only; `guard`: of that mapping, or NULL. A
 * mipc_map_t belongs to one thread. VERSION, CORRUPT, CLOSED, or no memory.
 */
int mipc_map_open(mipc_region_t *region, void *payload, const mipc_guard_t *guard,
                  mipc_map_t **ret_map);
void mipc_map_close(mipc_map_t *map); /* NULL is fine */

const mipc_map_geometry_t *mipc_map_geometry_of(const mipc_map_t *map);

/* A key, and its hash in this map. The bytes lie in whole words, padded with zeros. */
typedef struct {
  const uint64_t *words;
  uint64_t hash;
  uint32_t length; /* in bytes, at most MIPC_MAP_MOST_KEY */
  bool is_wide;
} mipc_map_key_t;

void mipc_map_hash(const mipc_map_t *map, mipc_map_key_t *key);

/* No expiry. */
#define MIPC_MAP_FOREVER UINT64_MAX

/* An entry, except the bytes of its value. */
typedef struct {
  uint32_t type;
  uint64_t length;         /* of the value in bytes */
  double number;           /* the value, if the type is NUMBER */
  uint64_t version;        /* of the entry: rises with each set of the key, also over deletes */
  uint64_t ttl;            /* ms until it expires, or FOREVER */
  uint64_t bucket;         /* index of the primary bucket of its key */
  uint64_t bucket_version; /* its word, if the value may be cached as long as it stays; else 0 */
} mipc_map_value_t;

/*
 * Gets the value, `room` bytes at most. DONE, ABSENT (bucket and bucket_version are set, too),
 * MORE. BUSY: writers have overtaken the reader many times. CORRUPT, TRUNCATED, CLOSED. A lease is
 * ABSENT for callers without `leases`.
 */
int mipc_map_get(mipc_map_t *map, const mipc_map_key_t *key, bool leases, void *to, uint64_t room,
                 mipc_map_value_t *ret_value);

/* The same under the lock of the stripe, for a reader that was overtaken. BUSY: the lock was not
 * acquired within `us` microseconds. ACCESS: attached read-only. */
int mipc_map_get_locked(mipc_map_t *map, const mipc_map_key_t *key, bool leases, void *to,
                        uint64_t room, uint32_t us, mipc_map_value_t *ret_value);

/* Fetches the memory of some keys that will be read next into the processor's caches. */
void mipc_map_prefetch(const mipc_map_t *map, const mipc_map_key_t *keys, uint32_t count);

typedef struct {
  uint32_t us;       /* to wait for a lock */
  uint32_t when;     /* MIPC_MAP_IF_ */
  uint64_t expected; /* version, for IF_VERSION */
  uint64_t ttl;      /* ms, or FOREVER */
  bool keep_ttl;     /* the expiry of the entry that is replaced, instead of `ttl` */
} mipc_map_how_t;

/*
 * Sets type and value: `length` bytes of `from`, or `number`. `value` returns the new version,
 * bucket and bucket_version. DONE, OTHER, BUSY, FULL; RANGE: the key or the value is longer than
 * the limit. ACCESS: attached read-only. STALE: see mipc_region_check_name(). EXHAUSTED: the
 * versions of the bucket, or the records of the map are used up. CORRUPT, TRUNCATED, CLOSED.
 */
int mipc_map_set(mipc_map_t *map, const mipc_map_key_t *key, const void *from,
                 const mipc_map_how_t *how, mipc_map_value_t *value);

/* Adds to a number; an entry that is absent is created with `initial` + `by`, and only then gets
 * the ttl. `value` returns the sum, the version and the ttl; `*ret_created` whether it was created.
 * DONE, NOT_NUMBER, or as mipc_map_set(). */
int mipc_map_add(mipc_map_t *map, const mipc_map_key_t *key, double by, double initial,
                 const mipc_map_how_t *how, mipc_map_value_t *value, bool *ret_created);

/* Removes the entry. DONE, ABSENT, OTHER (with IF_VERSION), or as mipc_map_set(). */
int mipc_map_delete(mipc_map_t *map, const mipc_map_key_t *key, const mipc_map_how_t *how,
                    mipc_map_value_t *value);

/* Sets the expiry of the entry to how->ttl. Its version stays. DONE, ABSENT, or as mipc_map_set().
 */
int mipc_map_expire(mipc_map_t *map, const mipc_map_key_t *key, const mipc_map_how_t *how,
                    mipc_map_value_t *value);

/*
 * Iterates. Copies the entries of whole buckets from bucket `*cursor` on to `to`, and moves the
 * cursor behind them: those whose key begins with the prefix (NULL: all), without values if `keys`.
 * An entry that exists from the first call to the last is copied exactly once. Each entry is copied
 * as a mipc_map_item_t, key and value, each padded to 8 bytes. DONE: `*ret_used` bytes were copied,
 * perhaps none; the iteration is over when the cursor is the number of buckets. MORE: not even one
 * bucket fits; `*ret_used` bytes are needed. BUSY, CORRUPT, TRUNCATED, CLOSED.
 */
typedef struct {
  uint32_t type, key_length; /* in bytes; bit 31: wide */
  uint64_t length;
  uint64_t version;
  double number;
} mipc_map_item_t;

#define MIPC_MAP_WIDE ((uint32_t)1 << 31)

int mipc_map_next(mipc_map_t *map, const mipc_map_key_t *prefix, bool keys, uint64_t *cursor,
                  void *to, uint64_t room, uint64_t *ret_used);

/* Removes the entries of a part of the buckets, from `*cursor` on: those whose key begins with the
 * prefix (NULL: all). The end is as in mipc_map_next(). `*ret_removed` counts them. DONE, BUSY. */
int mipc_map_clear(mipc_map_t *map, const mipc_map_key_t *prefix, uint64_t *cursor, uint32_t us,
                   uint64_t *ret_removed);

/* Counts, as they are at one moment; expired entries are among them. */
typedef struct {
  uint64_t entries, evicted, expired, moved;
  uint64_t pages, free_pages; /* of 4,096 bytes */
  uint64_t capacity, used;    /* bytes: of all pages, and of those in use */
  uint32_t stripes, buckets;  /* in all */
  uint32_t locked, records;   /* stripes that are locked, records that are taken */
} mipc_map_facts_t;

int mipc_map_facts(const mipc_map_t *map, mipc_map_facts_t *ret_facts);

/* Number of entries. Expired ones count until they are swept; leases count, too. 0 or TRUNCATED. */
int mipc_map_size(const mipc_map_t *map, uint64_t *ret_size);

/* Finishes or undoes the work of dead participants in all stripes. DONE, BUSY. */
int mipc_map_recover(mipc_map_t *map, uint32_t us);

#endif
