/*
 * The inner side of the table: a map as one thread of this process sees it, and access to its
 * words.
 *
 * The writers of each word:
 *   a stripe's words, its buckets, the entries and slabs in them   the holder of the stripe's lock
 *   the pool's words, and pages that no stripe has                 the holder of the pool's lock
 *   `mail` of a stripe                                             the holder of both
 *   a record                      its participant; when that is dead, the process that recovers it
 *   `used` of a bucket            any process, at any time: a wrong bit only makes an eviction less
 * good
 *
 * Nothing in shared memory is trusted: an offset, page number or class that was read is checked
 * before it is used. A wrong one sets map->is_corrupt; the operation then undoes its transaction
 * and ends with CORRUPT, and the lock is released.
 *
 * A store of this folder goes through mipc_i_put*(): a process that is killed has made all stores
 * up to some point in the order of the program, and none after it.
 */
#ifndef MIPC_MAP_MAP_I_H
#define MIPC_MAP_MAP_I_H

#include "../base/atomic.h"
#include "../base/map_layout.h"
#include "../base/status.h"
#include "../os/fork.h"
#include "map.h"

struct mipc_map {
  uint8_t *base; /* of the payload */
  mipc_map_pool_shm_t *pool;
  mipc_map_stripe_shm_t *stripes;
  mipc_map_page_shm_t *pages; /* [page number - first page] */
  mipc_map_bucket_shm_t *buckets;
  mipc_map_record_shm_t *records;
  mipc_map_record_shm_t *record; /* that operations use: ours, or the dead one's in a recovery */
  mipc_map_record_shm_t *own;    /* NULL: none yet */
  mipc_map_geometry_t geometry;
  uint64_t arena, arena_size; /* offset and size, for mipc_i_in_arena() */
  uint64_t seed[2];           /* the id of the region */
  mipc_region_t *region;
  mipc_region_shm_t *header;
  const mipc_guard_t *guard;
  const mipc_atomic_u32_t *faults; /* mipc_guard_hits() */
  uint32_t faults_before;          /* their count when the map was opened */
  uint32_t generation;             /* mipc_fork_generation() of the region */
  uint64_t deadline; /* mipc_clock_us() at which a wait for a lock gives up; 0: not computed yet */
  uint64_t now;      /* the clock of expiries in this operation; 0: not read yet */
  uint32_t us;       /* how long the operation may wait */
  uint32_t me;       /* number of the participant; 0: read-only */
  bool is_corrupt;   /* the current operation has met a wrong word */
  bool is_busy;      /* the lock of the pool was not acquired in time */
  bool is_hoarding;  /* pages stay with the stripe that collects them */
  bool has_changed;  /* a change was recorded, and listeners are not notified yet */
  uint32_t work;     /* under the current lock, in units of a bucket that is looked at */
  uint32_t stuck;    /* a page that a compaction could not empty */
  uint64_t odd;      /* index + 1 of a bucket whose version was odd at the last get, and when */
  uint64_t odd_us;
  struct mipc_i_listener *listener; /* changes.c; NULL: it does not listen */
  mipc_map_stripe_shm_t *blocker;   /* a stripe that was not searched, as its lock was not free */
  uint64_t searched[2]; /* by stripe: in this operation it had no room, and none was gained since */
  uint32_t search_next; /* stripe with which the search goes on */
};

typedef struct {
  uint32_t head, count; /* number of the first page; pages */
} mipc_i_list_t;

/* The states of an operation in a record. */
enum {
  MIPC_MAP_OP_NONE,      /* none, or blocks are being allocated */
  MIPC_MAP_OP_READY,     /* all fields are stored; the commit may have happened */
  MIPC_MAP_OP_COMMITTED, /* the version, the count and the old blocks follow */
  MIPC_MAP_OP_NUMBER,    /* a number is changed in place */
  MIPC_MAP_OP_RESERVED,  /* the new blocks are filled without the lock */
};

#define MIPC_MAP_KIND_FREE 0 /* of a page, also in a chain */
#define MIPC_MAP_KIND_SLAB 1

/* The version: 52 bits, over the bits of the double 2^52. */
#define MIPC_MAP_VERSION_BITS 52
#define MIPC_MAP_VERSION_MASK (((uint64_t)1 << MIPC_MAP_VERSION_BITS) - 1)
#define MIPC_MAP_VERSION_BASE ((uint64_t)0x433 << MIPC_MAP_VERSION_BITS)

/* A slot: a tag of 28 bits of the hash, and offset / 16. */
#define MIPC_MAP_REF_BITS 36
#define MIPC_MAP_REF_MASK (((uint64_t)1 << MIPC_MAP_REF_BITS) - 1)

/* Overflow buckets that a search passes at most, before it calls the chain corrupt. */
#define MIPC_MAP_MOST_HOPS 1024

static inline uint64_t mipc_i_get64(const uint64_t *word) {
  return mipc_atomic_load_relaxed_u64(word);
}

static inline uint32_t mipc_i_get32(const uint32_t *word) {
  return mipc_atomic_load_relaxed(word);
}

/* relaxed, in all: the order for readers comes from the releases of publish.c; for the next owner
 * of the lock, from the lock; for a recovery, from the order of the program. */
static inline void mipc_i_put64(uint64_t *word, uint64_t value) {
  mipc_atomic_store_relaxed_u64(word, value);
  mipc_atomic_fence_compiler();
}

static inline void mipc_i_put32(uint32_t *word, uint32_t value) {
  mipc_atomic_store_relaxed(word, value);
  mipc_atomic_fence_compiler();
}

static inline uint64_t mipc_i_list_word(uint32_t head, uint32_t count) {
  return (uint64_t)count << 32 | head;
}

static inline mipc_i_list_t mipc_i_list(uint64_t word) {
  return (mipc_i_list_t){(uint32_t)word, (uint32_t)(word >> 32)};
}

static inline int mipc_i_corrupt(mipc_map_t *map) {
  map->is_corrupt = true;
  return MIPC_E_CORRUPT;
}

/* Whether a page of the arena has this number. */
static inline bool mipc_i_is_page(const mipc_map_t *map, uint32_t number) {
  return number - map->geometry.first_page < map->geometry.page_count;
}

/* The row of a page, or NULL, and the map is corrupt. */
static inline mipc_map_page_shm_t *mipc_i_page(mipc_map_t *map, uint32_t number) {
  if (mipc_i_is_page(map, number)) return &map->pages[number - map->geometry.first_page];
  map->is_corrupt = true;
  return NULL;
}

/* Whether `length` bytes at this offset are inside the arena. */
static inline bool mipc_i_in_arena(const mipc_map_t *map, uint64_t offset, uint64_t length) {
  uint64_t at = offset - map->arena; /* very large if the offset is before the arena */
  return at <= map->arena_size && length <= map->arena_size - at;
}

static inline void *mipc_i_at(const mipc_map_t *map, uint64_t offset) {
  return map->base + offset;
}

static inline uint64_t mipc_i_offset(const mipc_map_t *map, const void *at) {
  return (uint64_t)((const uint8_t *)at - map->base);
}

static inline uint32_t mipc_i_index_of(const mipc_map_t *map, const mipc_map_stripe_shm_t *stripe) {
  return (uint32_t)(stripe - map->stripes);
}

/* The parts of a hash: the top bits are the stripe, bits 28 and up the bucket, the low 28 the tag.
 */
static inline uint32_t mipc_i_stripe_index(const mipc_map_t *map, uint64_t hash) {
  uint32_t bits = map->geometry.stripe_bits;
  return bits ? (uint32_t)(hash >> (64 - bits)) : 0;
}

static inline mipc_map_stripe_shm_t *mipc_i_stripe(const mipc_map_t *map, uint64_t hash) {
  return &map->stripes[mipc_i_stripe_index(map, hash)];
}

static inline mipc_map_bucket_shm_t *mipc_i_home(const mipc_map_t *map, uint64_t hash) {
  uint32_t n = map->geometry.buckets_of_stripe;
  uint64_t first = (uint64_t)mipc_i_stripe_index(map, hash) * n;
  return &map->buckets[first + ((hash >> 28) & (n - 1))];
}

static inline uint64_t mipc_i_tag(uint64_t hash) {
  return hash << MIPC_MAP_REF_BITS;
}

/* Of a slot: the offset of the entry. */
static inline uint64_t mipc_i_ref(uint64_t slot) {
  return (slot & MIPC_MAP_REF_MASK) << 4;
}

static inline uint64_t mipc_i_version(const mipc_map_bucket_shm_t *home) {
  return mipc_i_get64(&home->version) & MIPC_MAP_VERSION_MASK;
}

/* Frees the overflow buckets of a chain that are empty. */
void mipc_i_drop_buckets(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                         mipc_map_bucket_shm_t *home);
/* Whether the bucket has versions left. */
static inline bool mipc_i_has_versions(const mipc_map_bucket_shm_t *home) {
  return mipc_i_version(home) < MIPC_MAP_VERSION_MASK - 4;
}

/* The version after the next change. It is even: a version that a dead process left odd is made
 * even by its recovery. */
static inline uint64_t mipc_i_next_version(const mipc_map_bucket_shm_t *home) {
  return (mipc_i_version(home) | 1) + 1;
}

/* Stores the odd version before that: P0 of publish.c. */
static inline void mipc_i_make_odd(mipc_map_bucket_shm_t *home, uint64_t version) {
  mipc_i_put64(&home->version, (version - 1) | MIPC_MAP_VERSION_BASE);
}

/* The next bucket of a chain; NULL: there is none, or the map is corrupt. */
static inline mipc_map_bucket_shm_t *mipc_i_next(mipc_map_t *map,
                                                 const mipc_map_bucket_shm_t *bucket) {
  uint64_t offset = (uint64_t)mipc_i_get32(&bucket->next) * MIPC_MAP_BUCKET_SIZE;
  if (!offset) return NULL;
  if (mipc_i_in_arena(map, offset, MIPC_MAP_BUCKET_SIZE)) return mipc_i_at(map, offset);
  map->is_corrupt = true;
  return NULL;
}

/* classes.c */
extern const uint32_t mipc_i_class_size[MIPC_MAP_CLASSES];
#define MIPC_MAP_OVERFLOW   (MIPC_MAP_CLASSES - 1) /* class of the overflow buckets */
#define MIPC_MAP_NO_CLASS   MIPC_MAP_CLASSES
#define MIPC_MAP_MOST_BLOCK ((uint32_t)2048)

/* The smallest class for so many bytes, at most MOST_BLOCK. */
uint32_t mipc_i_class_for(uint32_t bytes);
/* Blocks of a page of this class. */
static inline uint32_t mipc_i_class_blocks(uint32_t size_class) {
  return MIPC_MAP_PAGE_SIZE / mipc_i_class_size[size_class];
}
/* A number that differs between builds with different classes. */
uint32_t mipc_i_classes_id(void);

/* How an entry is cut into a head block, whole pages, and a tail block. */
typedef struct {
  uint32_t head, tail; /* classes; NO_CLASS: no tail */
  uint32_t header;     /* bytes of the head block before the value */
  uint32_t pages;
  bool is_large; /* the entry has the words for chain, tail and stamp */
} mipc_i_cut_t;

/* `header`: the bytes before the value without those three words. */
void mipc_i_cut(uint32_t header, uint64_t length, mipc_i_cut_t *ret_cut);

/* lock.c. The lock of a stripe or of the pool. 0: taken; 1: taken from a dead owner, after `*heir`
 * was set to its record; BUSY; CORRUPT. `once`: does not wait. */
int mipc_i_lock(mipc_map_t *map, uint32_t *word, uint32_t *heir, bool once);
void mipc_i_unlock(mipc_map_t *map, uint32_t *word);

/* A stripe's lock, with everything recovered. DONE, BUSY, EXHAUSTED, CORRUPT. */
int mipc_i_enter(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, bool once);
void mipc_i_leave(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);

/* record.c */

/* Gives the map a record. DONE; EXHAUSTED: all are in use; CORRUPT. */
int mipc_i_record_take(mipc_map_t *map);
void mipc_i_record_give(mipc_map_t *map);
/* Forgets the operation of a record: the map is corrupt, and what it names cannot be trusted. */
void mipc_i_record_reset(mipc_map_record_shm_t *record);
/* Index + 1 of the record of a participant; 0: it has none. */
uint32_t mipc_i_record_of(const mipc_map_t *map, uint32_t number);

/* pages.c: pages between the stripes and the pool. */

/* Takes up to `wanted` pages from the pool. False: none. */
bool mipc_i_pool_take(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t wanted);
void mipc_i_pool_give(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t count);
/* Moves the mail of the stripe to its free pages. */
void mipc_i_mail_in(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);
/* The pool's lock for a moment: if a dead process had it, its work there is undone. False: the lock
 * was not acquired in time. */
bool mipc_i_pool_settle(mipc_map_t *map);
/* The last page of a list that is `count` long; NULL: the map is corrupt. */
mipc_map_page_shm_t *mipc_i_list_end(mipc_map_t *map, uint32_t head, uint32_t count);
/* Pages that a stripe keeps at most. */
#define MIPC_MAP_SPARE 16u

/* blocks.c: allocates and frees for the fields new_* and old_* of the record: what is allocated,
 * and the field that says so, are one transaction. */

/* False: no block of that class. `avoid`: a page that is being emptied. */
bool mipc_i_block_take(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t size_class,
                       uint64_t *field, uint32_t avoid);
void mipc_i_block_free(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint64_t *field);
bool mipc_i_chain_take(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t count);
void mipc_i_chain_free(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint64_t *field);
/* Frees the new blocks of an operation that does not take place. */
void mipc_i_drop_new(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);
/* Gives up the only slab of a class, if it is empty. */
void mipc_i_slab_free(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t number);

static inline bool mipc_i_has_new(const mipc_map_record_shm_t *r) {
  return (mipc_i_get64(&r->new_head) | mipc_i_get64(&r->new_tail) | mipc_i_get64(&r->new_chain)) !=
         0;
}

/* publish.c */

/* The blocks of an entry. */
typedef struct {
  uint64_t head, tail, chain;
} mipc_i_parts_t;

/* The commit of an operation and what follows it. */
typedef struct {
  mipc_map_bucket_shm_t *home;
  void *word; /* a slot, or `next` of a bucket */
  uint64_t value;
  bool is_narrow;
  uint64_t count;     /* of entries, afterwards */
  uint32_t what;      /* MIPC_MAP_CHANGE_ */
  mipc_i_parts_t old; /* zeros: nothing to free */
} mipc_i_change_t;

void mipc_i_publish(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, const mipc_i_change_t *change);
/* Everything after the commit, also for a dead process. */
void mipc_i_finish(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);
/* Whether a primary bucket has this offset. */
bool mipc_i_is_home(const mipc_map_t *map, uint64_t home);
/* Stores the version of a bucket, and orders it before any store into a block that was freed. */
void mipc_i_set_version(mipc_map_t *map, uint64_t home, uint64_t version);
/* Removes the entry of a slot. False: corrupt. */
bool mipc_i_remove(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, mipc_map_bucket_shm_t *home,
                   uint64_t *slot, uint32_t what);

/* space.c. Makes room for a block of the class, or for `pages` free pages in the stripe. The
 * operation must have no new blocks. DONE; FULL; BUSY: release the lock and try again, as much work
 * was done under it, or another lock was not free; CORRUPT. */
int mipc_i_make_room(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t size_class,
                     uint32_t pages);

/* compact.c. Frees one page by moving its blocks to others of its class. False: there is none. */
bool mipc_i_compact(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);

/* evict.c */

/* Removes one entry that was not used lately. False: none. */
bool mipc_i_evict(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);
/* Removes expired entries of the next `count` buckets of the stripe. */
void mipc_i_sweep(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t count);
/* Notes in the bucket that an entry expires then. */
void mipc_i_note_expiry(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, mipc_map_bucket_shm_t *home,
                        uint64_t expiry);

/* How much work is done under one lock. */
#define MIPC_MAP_MOST_WORK 4096u

/* recover.c */

/* After mipc_i_lock() has returned 1 for a stripe: finishes or undoes the dead one's operation. */
void mipc_i_recover(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);
/* Frees what dead participants have reserved: they died without a lock, so no lock leads to them.
 * No lock may be held. True: something was freed. */
bool mipc_i_recover_reserved(mipc_map_t *map);

/* changes.c. Records the change of the operation in the record, if a listener may wait. */
void mipc_i_change_begin(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t what);
void mipc_i_change_append(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);
/* Records that the whole map was cleared. */
void mipc_i_change_cleared(mipc_map_t *map, mipc_map_stripe_shm_t *stripe);
/* Notifies the listeners. */
void mipc_i_notify(mipc_map_t *map);

/* read.c. Copies the value of the entry at this offset. As mipc_map_get(), but the caller compares
 * the version. */
int mipc_i_read_at(mipc_map_t *map, uint64_t offset, uint8_t *to, uint64_t room,
                   mipc_map_value_t *ret_value);

/* map.c */

/* The clock of the expiries, in ms; the same during an operation. */
uint64_t mipc_i_now(mipc_map_t *map);
/* The sums of mipc_map_facts(). */
void mipc_i_begin_facts(mipc_map_facts_t *facts, const mipc_map_geometry_t *geometry,
                        const mipc_map_pool_shm_t *pool);
void mipc_i_add_stripe(mipc_map_facts_t *facts, const mipc_map_stripe_shm_t *stripe);
void mipc_i_end_facts(mipc_map_facts_t *facts);
/* Before and after an operation that writes. begin: 0, ACCESS, CLOSED, STALE. end: the status of
 * the operation, unless the map turned out to be damaged. */
int mipc_i_begin(mipc_map_t *map, uint32_t us);
int mipc_i_end(const mipc_map_t *map, int status);
int mipc_i_status_slowly(const mipc_map_t *map);

/* 0; CLOSED, TRUNCATED, CORRUPT: the words that were read may not be those of the region. If no
 * range of the process had a fault since the map was opened, this one had none. */
static inline int mipc_i_status(const mipc_map_t *map) {
  const mipc_region_shm_t *header = map->header;
  /* acquire: as in mipc_guard_hit(). relaxed: as in mipc_region_status(). */
  bool whole = map->generation == mipc_fork_generation() &&
               mipc_atomic_load_acquire(map->faults) == map->faults_before &&
               mipc_i_get64(&header->id_high) == map->seed[0] &&
               mipc_i_get64(&header->id_low) == map->seed[1] &&
               mipc_i_get64(&header->end) == MIPC_REGION_MAGIC;
  return whole ? 0 : mipc_i_status_slowly(map);
}

#endif
