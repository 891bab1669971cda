/*
 * Compaction: entries are moved to other blocks of their class until a page is empty. A move is an
 * ordinary operation, with the same value in the new block: readers and recoveries know nothing
 * else.
 */
#include <string.h>

#include "entry_i.h"

/* Slabs of a class that a search looks at. */
#define MOST_SLABS 64

#define WORK_OF_SEARCH 128u
#define WORK_OF_MOVE   16u

/* What a class could give: its emptiest slab, and the free blocks of the slabs that were seen. */
typedef struct {
  uint32_t page, live, seen;
  uint64_t free;
} candidate_t;

static uint32_t live_blocks(const mipc_map_page_shm_t *page, uint32_t blocks) {
  int bits = __builtin_popcountll(mipc_i_get64(&page->used_low)) +
             __builtin_popcountll(mipc_i_get64(&page->used_high));
  return (uint32_t)bits - (128 - blocks);
}

static candidate_t search(mipc_map_t *map, const mipc_map_stripe_shm_t *stripe,
                          uint32_t size_class) {
  candidate_t c = {0};
  uint32_t blocks = mipc_i_class_blocks(size_class);
  uint32_t number = mipc_i_get32(&stripe->slabs.at[size_class]);
  while (number && c.seen < MOST_SLABS) {
    mipc_map_page_shm_t *page = mipc_i_page(map, number);
    if (!page) return c;
    uint32_t live = live_blocks(page, blocks);
    if (live > blocks) {
      map->is_corrupt = true;
      return c;
    }
    c.seen++;
    c.free += blocks - live;
    if (number != map->stuck && (!c.page || live < c.live)) {
      c.page = number;
      c.live = live;
    }
    number = mipc_i_get32(&page->next);
  }
  return c;
}

/* The cheapest slab that can be emptied, 0: none. */
static uint32_t choose(mipc_map_t *map, const mipc_map_stripe_shm_t *stripe,
                       uint32_t *ret_size_class) {
  uint32_t best = 0;
  uint64_t least = UINT64_MAX;
  for (uint32_t i = 0; i < MIPC_MAP_OVERFLOW && !map->is_corrupt; i++) {
    candidate_t c = search(map, stripe, i);
    uint64_t elsewhere = c.free - (mipc_i_class_blocks(i) - c.live);
    if (!c.page || (c.live && elsewhere < c.live)) continue;
    uint64_t cost = (uint64_t)c.live * (mipc_i_class_size[i] + 64);
    if (cost >= least) continue;
    least = cost;
    best = c.page;
    *ret_size_class = i;
  }
  return map->is_corrupt ? 0 : best;
}

/* The slot of the stripe that leads to the entry; NULL: none does. */
static uint64_t *slot_of(mipc_map_t *map, const mipc_map_stripe_shm_t *stripe,
                         const mipc_i_entry_t *entry, mipc_map_bucket_shm_t **ret_home) {
  const uint64_t *key = mipc_i_at(map, entry->parts.head + mipc_i_key_at(entry->word));
  bool is_wide = (entry->word & MIPC_MAP_IS_WIDE) != 0;
  uint64_t hash = mipc_i_hash(map, key, entry->key_length, is_wide);
  if (mipc_i_stripe(map, hash) != stripe) return NULL;
  uint64_t wanted = mipc_i_tag(hash) | entry->parts.head >> 4;
  mipc_map_bucket_shm_t *home = *ret_home = mipc_i_home(map, hash);
  uint32_t hops = 0;
  for (mipc_map_bucket_shm_t *b = home; b && hops < MIPC_MAP_MOST_HOPS; b = mipc_i_next(map, b)) {
    hops++;
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++) {
      if (mipc_i_get64(&b->slots.at[i]) == wanted) return &b->slots.at[i];
    }
  }
  return NULL;
}

/* The class of a tail block, whose page is a slab of the stripe. */
static uint32_t class_of_tail(mipc_map_t *map, uint64_t tail) {
  mipc_map_page_shm_t *page = mipc_i_page(map, (uint32_t)(tail / MIPC_MAP_PAGE_SIZE));
  uint32_t size_class = page ? page->size_class : MIPC_MAP_NO_CLASS;
  bool good = size_class < MIPC_MAP_OVERFLOW && tail % 16 == 0 &&
              mipc_i_in_arena(map, tail, mipc_i_class_size[size_class]);
  if (good) return size_class;
  map->is_corrupt = true;
  return MIPC_MAP_NO_CLASS;
}

/* Whether a block of the class can be there; any process can write to the record that says so. */
static bool is_block(mipc_map_t *map, uint64_t offset, uint32_t size_class) {
  if (offset % 16 == 0 && mipc_i_in_arena(map, offset, mipc_i_class_size[size_class])) return true;
  map->is_corrupt = true;
  return false;
}

/* Copies the whole block, by words. */
static void copy_block(mipc_map_t *map, uint64_t to, uint64_t from, uint32_t size_class) {
  mipc_i_copy_in(mipc_i_at(map, to), mipc_i_at(map, from), mipc_i_class_size[size_class]);
}

/* Moves the entry that this block is a part of to other blocks than those of page `avoid`. Its
 * pages stay. False: it cannot be moved. */
static bool move(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint64_t block, uint32_t avoid) {
  uint64_t first = mipc_i_get64(mipc_i_at(map, block));
  uint64_t offset = first & MIPC_MAP_IS_TAIL ? first & ~MIPC_MAP_IS_TAIL : block;
  mipc_i_entry_t entry;
  mipc_map_bucket_shm_t *home;
  /* A block that another process has reserved and is filling holds anything: that is no damage. It
   * may still look like a tail of its last life, and lead to an entry that has other blocks now, or
   * is in another stripe, whose lock we do not hold. */
  bool is_entry = offset % MIPC_MAP_ENTRY_SIZE == 0 && mipc_i_entry(map, offset, &entry) &&
                  (offset == block || entry.parts.tail == block);
  uint64_t *slot = is_entry ? slot_of(map, stripe, &entry, &home) : NULL;
  map->is_corrupt = false;
  if (!slot || !mipc_i_has_versions(home)) return false;
  mipc_map_record_shm_t *r = map->record;
  if (!mipc_i_block_take(map, stripe, entry.size_class, &r->new_head, avoid)) return false;
  uint64_t head = mipc_i_get64(&r->new_head), tail = 0;
  bool good = is_block(map, head, entry.size_class);
  if (entry.parts.tail) {
    uint32_t size_class = class_of_tail(map, entry.parts.tail);
    good =
        good && !map->is_corrupt && mipc_i_block_take(map, stripe, size_class, &r->new_tail, avoid);
    tail = mipc_i_get64(&r->new_tail);
    if (!good || !is_block(map, tail, size_class)) {
      mipc_i_drop_new(map, stripe);
      return false;
    }
    mipc_atomic_fence_release(); /* F2: see write.c */
    copy_block(map, tail, entry.parts.tail, size_class);
    mipc_i_put64(mipc_i_at(map, tail), MIPC_MAP_IS_TAIL | head);
  }
  if (!good) return false;
  mipc_atomic_fence_release(); /* F2 */
  copy_block(map, head, offset, entry.size_class);
  if (entry.word & MIPC_MAP_IS_LARGE) {
    uint64_t *large = mipc_i_large(mipc_i_at(map, head), entry.word);
    if (tail) mipc_i_put64(&large[1], tail);
    mipc_i_put64(&large[2], mipc_i_version(home) + 2);
  }
  const mipc_i_change_t change = {
      .home = home,
      .word = slot,
      .value = (mipc_i_get64(slot) & ~MIPC_MAP_REF_MASK) | head >> 4,
      .count = mipc_i_get64(&stripe->count),
      .old = {.head = offset, .tail = entry.parts.tail},
  };
  mipc_i_publish(map, stripe, &change);
  mipc_i_put64(&stripe->moved, mipc_i_get64(&stripe->moved) + 1);
  map->work += WORK_OF_MOVE;
  return !map->is_corrupt;
}

bool mipc_i_compact(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  uint32_t size_class = 0;
  map->work += WORK_OF_SEARCH;
  uint32_t number = choose(map, stripe, &size_class);
  mipc_map_page_shm_t *page = number ? mipc_i_page(map, number) : NULL;
  if (!page) return false;
  uint32_t before = mipc_i_list(mipc_i_get64(&stripe->free)).count;
  for (uint32_t i = 0; i < mipc_i_class_blocks(size_class); i++) {
    uint64_t bits = mipc_i_get64(i < 64 ? &page->used_low : &page->used_high);
    if (!(bits >> (i & 63) & 1)) continue;
    uint64_t offset =
        (uint64_t)number * MIPC_MAP_PAGE_SIZE + (uint64_t)i * mipc_i_class_size[size_class];
    if (!move(map, stripe, offset, number)) {
      map->stuck = number;
      return false;
    }
    /* The last block that is freed makes it a free page, unless it is the only slab of the class.
     */
    if (page->kind != MIPC_MAP_KIND_SLAB) break;
    if (map->work >= MIPC_MAP_MOST_WORK) return true;
  }
  if (page->kind == MIPC_MAP_KIND_SLAB) mipc_i_slab_free(map, stripe, number);
  return mipc_i_list(mipc_i_get64(&stripe->free)).count > before;
}
