/*
 * Blocks and chains: the allocator of a stripe. Each function is one transaction of the log, which
 * includes the field of the record that names what was allocated or freed. So a recovery finds
 * either all of it or nothing.
 *
 * A slab is a page of equal blocks, with a bit for each block in use. Slabs with a free block are
 * in the list of their class. The bits make "is it free?" a fact, and not a position in a list.
 */
#include "entry_i.h"
#include "log_i.h"

#define ALL UINT64_MAX

static bool is_full(const mipc_map_page_shm_t *page) {
  return (mipc_i_get64(&page->used_low) & mipc_i_get64(&page->used_high)) == ALL;
}

/* The bits past the last block of a class are always set. */
static uint64_t low_bits_of_empty(uint32_t blocks) {
  return blocks >= 64 ? 0 : ALL << blocks;
}

static uint64_t high_bits_of_empty(uint32_t blocks) {
  return blocks >= 128 ? 0 : blocks <= 64 ? ALL : ALL << (blocks - 64);
}

static bool is_empty(const mipc_map_page_shm_t *page, uint32_t size_class) {
  uint32_t blocks = mipc_i_class_blocks(size_class);
  return mipc_i_get64(&page->used_low) == low_bits_of_empty(blocks) &&
         mipc_i_get64(&page->used_high) == high_bits_of_empty(blocks);
}

/* size_class, kind and stripe of a slab in one word, little endian as everything here. */
static uint64_t *slab_word(mipc_map_page_shm_t *page) {
  return (uint64_t *)&page->size_class;
}

static uint64_t slab_of(uint32_t size_class, uint32_t stripe) {
  return (uint64_t)stripe << 16 | MIPC_MAP_KIND_SLAB << 8 | size_class;
}

static uint64_t *link_word(mipc_map_page_shm_t *page) {
  return (uint64_t *)&page->next;
}

static uint64_t links(uint32_t next, uint32_t previous) {
  return (uint64_t)previous << 32 | next;
}

/* Takes the slab out of the list of its class. Its own links remain the caller's. */
static void unlink_slab(mipc_map_t *map, mipc_i_log_t *log, uint32_t *head,
                        const mipc_map_page_shm_t *page) {
  uint32_t next = mipc_i_get32(&page->next), previous = mipc_i_get32(&page->previous);
  mipc_map_page_shm_t *after = next ? mipc_i_page(map, next) : NULL;
  mipc_map_page_shm_t *before = previous ? mipc_i_page(map, previous) : NULL;
  if (after) mipc_i_logged32(map, log, &after->previous, previous);
  mipc_i_logged32(map, log, before ? &before->next : head, next);
}

/* Puts the slab at the front of the list of its class. */
static void link_slab(mipc_map_t *map, mipc_i_log_t *log, uint32_t *head, mipc_map_page_shm_t *page,
                      uint32_t number) {
  uint32_t first = mipc_i_get32(head);
  mipc_map_page_shm_t *after = first ? mipc_i_page(map, first) : NULL;
  mipc_i_logged64(map, log, link_word(page), links(first, 0));
  if (after) mipc_i_logged32(map, log, &after->previous, number);
  mipc_i_logged32(map, log, head, number);
}

/* Makes a slab of a free page of the stripe. 0: there is none. */
static uint32_t new_slab(mipc_map_t *map, mipc_i_log_t *log, mipc_map_stripe_shm_t *stripe,
                         uint32_t size_class) {
  mipc_i_list_t free = mipc_i_list(mipc_i_get64(&stripe->free));
  if (!free.count) {
    if (!mipc_i_pool_take(map, stripe, MIPC_MAP_SPARE / 2)) return 0;
    free = mipc_i_list(mipc_i_get64(&stripe->free));
  }
  mipc_map_page_shm_t *page = mipc_i_page(map, free.head);
  if (!page) return 0;
  uint32_t blocks = mipc_i_class_blocks(size_class);
  uint32_t next = mipc_i_get32(&page->next);
  mipc_i_logged64(map, log, &stripe->free, mipc_i_list_word(next, free.count - 1));
  /* The bits and the kind need no log: they mean nothing while the page is free. */
  mipc_i_put64(&page->used_low, low_bits_of_empty(blocks));
  mipc_i_put64(&page->used_high, high_bits_of_empty(blocks));
  mipc_i_logged64(map, log, slab_word(page), slab_of(size_class, mipc_i_index_of(map, stripe)));
  link_slab(map, log, &stripe->slabs.at[size_class], page, free.head);
  return free.head;
}

bool mipc_i_block_take(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t size_class,
                       uint64_t *field, uint32_t avoid) {
  uint32_t *head = &stripe->slabs.at[size_class];
  uint32_t number = mipc_i_get32(head);
  mipc_map_page_shm_t *page = number ? mipc_i_page(map, number) : NULL;
  if (page && number == avoid) {
    number = mipc_i_get32(&page->next);
    page = number ? mipc_i_page(map, number) : NULL;
  }
  if (map->is_corrupt) return false;
  mipc_i_log_t log = mipc_i_log(map);
  if (!page) {
    number = new_slab(map, &log, stripe, size_class);
    page = number && !map->is_corrupt ? mipc_i_page(map, number) : NULL;
    if (!page) {
      mipc_i_commit(map, &log);
      return false;
    }
  } else if (mipc_i_get64(slab_word(page)) != slab_of(size_class, mipc_i_index_of(map, stripe))) {
    map->is_corrupt = true;
    return false;
  }
  uint64_t low = mipc_i_get64(&page->used_low);
  uint64_t *word = low != ALL ? &page->used_low : &page->used_high;
  uint64_t used = mipc_i_get64(word);
  if (used == ALL) {
    map->is_corrupt = true; /* a full slab in the list */
    return mipc_i_commit(map, &log);
  }
  uint32_t bit = (uint32_t)__builtin_ctzll(~used);
  mipc_i_logged64(map, &log, word, used | (uint64_t)1 << bit);
  if (is_full(page)) {
    unlink_slab(map, &log, head, page);
    mipc_i_logged64(map, &log, link_word(page), 0);
  }
  uint32_t index = bit + (low != ALL ? 0 : 64);
  uint64_t offset =
      (uint64_t)number * MIPC_MAP_PAGE_SIZE + (uint64_t)index * mipc_i_class_size[size_class];
  mipc_i_logged64(map, &log, field, offset);
  return mipc_i_commit(map, &log);
}

/* The slab becomes a free page of the stripe. It is in no list any more. */
static void free_slab(mipc_map_t *map, mipc_i_log_t *log, mipc_map_stripe_shm_t *stripe,
                      mipc_map_page_shm_t *page, uint32_t number) {
  mipc_i_list_t free = mipc_i_list(mipc_i_get64(&stripe->free));
  mipc_i_logged64(map, log, link_word(page), links(free.head, 0));
  mipc_i_logged64(map, log, slab_word(page), 0);
  mipc_i_logged64(map, log, &stripe->free, mipc_i_list_word(number, free.count + 1));
}

void mipc_i_block_free(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint64_t *field) {
  uint64_t offset = mipc_i_get64(field);
  uint32_t number = (uint32_t)(offset / MIPC_MAP_PAGE_SIZE);
  mipc_map_page_shm_t *page = mipc_i_page(map, number);
  if (!page || offset / MIPC_MAP_PAGE_SIZE > UINT32_MAX) {
    map->is_corrupt = true;
    return;
  }
  uint64_t word = mipc_i_get64(slab_word(page));
  uint32_t size_class = word & 255;
  if (size_class >= MIPC_MAP_CLASSES || word != slab_of(size_class, mipc_i_index_of(map, stripe))) {
    map->is_corrupt = true;
    return;
  }
  uint32_t at = (uint32_t)(offset % MIPC_MAP_PAGE_SIZE), size = mipc_i_class_size[size_class];
  uint32_t index = at / size;
  uint64_t *bits = index < 64 ? &page->used_low : &page->used_high;
  uint64_t bit = (uint64_t)1 << (index & 63);
  if (at % size || index >= mipc_i_class_blocks(size_class) || !(mipc_i_get64(bits) & bit)) {
    map->is_corrupt = true; /* it is free already, or no block begins here */
    return;
  }
  mipc_i_log_t log = mipc_i_log(map);
  uint32_t *head = &stripe->slabs.at[size_class];
  bool was_full = is_full(page);
  mipc_i_logged64(map, &log, bits, mipc_i_get64(bits) & ~bit);
  if (was_full) link_slab(map, &log, head, page, number);
  bool is_only = !(mipc_i_get32(&page->next) | mipc_i_get32(&page->previous));
  if (is_empty(page, size_class) && !is_only) {
    unlink_slab(map, &log, head, page);
    free_slab(map, &log, stripe, page, number);
  }
  mipc_i_logged64(map, &log, field, 0);
  mipc_i_commit(map, &log);
}

void mipc_i_slab_free(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t number) {
  mipc_map_page_shm_t *page = mipc_i_page(map, number);
  if (!page) return;
  uint32_t size_class = (uint32_t)(mipc_i_get64(slab_word(page)) & 255);
  if (size_class >= MIPC_MAP_CLASSES || !is_empty(page, size_class)) return;
  mipc_i_log_t log = mipc_i_log(map);
  unlink_slab(map, &log, &stripe->slabs.at[size_class], page);
  free_slab(map, &log, stripe, page, number);
  mipc_i_commit(map, &log);
}

bool mipc_i_chain_take(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t count) {
  mipc_i_list_t free = mipc_i_list(mipc_i_get64(&stripe->free));
  /* Twice: first the pool's list, then pages that were never used. */
  for (int i = 0; i < 2 && free.count < count; i++) {
    if (!mipc_i_pool_take(map, stripe, count - free.count)) break;
    free = mipc_i_list(mipc_i_get64(&stripe->free));
  }
  if (free.count < count) return false;
  mipc_map_page_shm_t *end = mipc_i_list_end(map, free.head, count);
  if (!end) return false;
  mipc_i_log_t log = mipc_i_log(map);
  uint32_t rest = free.count > count ? mipc_i_get32(&end->next) : 0;
  mipc_i_logged32(map, &log, &end->next, 0);
  mipc_i_logged64(map, &log, &stripe->free, mipc_i_list_word(rest, free.count - count));
  mipc_i_logged64(map, &log, &map->record->new_chain, mipc_i_list_word(free.head, count));
  return mipc_i_commit(map, &log);
}

void mipc_i_chain_free(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint64_t *field) {
  mipc_i_list_t chain = mipc_i_list(mipc_i_get64(field));
  mipc_map_page_shm_t *end = mipc_i_list_end(map, chain.head, chain.count);
  if (!end) return;
  mipc_i_log_t log = mipc_i_log(map);
  mipc_i_list_t free = mipc_i_list(mipc_i_get64(&stripe->free));
  mipc_i_logged32(map, &log, &end->next, free.head);
  mipc_i_logged64(map, &log, &stripe->free, mipc_i_list_word(chain.head, free.count + chain.count));
  mipc_i_logged64(map, &log, field, 0);
  mipc_i_commit(map, &log);
}

void mipc_i_drop_new(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  mipc_map_record_shm_t *r = map->record;
  if (mipc_i_get64(&r->new_head)) mipc_i_block_free(map, stripe, &r->new_head);
  if (mipc_i_get64(&r->new_tail)) mipc_i_block_free(map, stripe, &r->new_tail);
  if (mipc_i_get64(&r->new_chain)) mipc_i_chain_free(map, stripe, &r->new_chain);
}
