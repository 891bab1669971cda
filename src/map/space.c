/*
 * Room for a new entry, in this order: pages of the pool; expired entries; compaction, which costs
 * no entry; in a map that evicts, one entry after the other; other stripes, whose locks are only
 * tried. FULL means that none of them had anything.
 */
#include "map_i.h"

/* A full stripe looks for expired entries in all its buckets, at most once in so many ms. */
#define SWEEP_MS  1000
#define SWEEP_ONE 1024u

/* A value of more pages than this takes pages from all stripes before anything is evicted. */
#define FEW_PAGES 16u

/* Entries that a stripe keeps: it must not evict what was just set. */
#define LEAST_ENTRIES 8

static uint32_t free_pages(const mipc_map_stripe_shm_t *stripe) {
  return mipc_i_list(mipc_i_get64(&stripe->free)).count;
}

static bool has_room(const mipc_map_stripe_shm_t *stripe, uint32_t size_class, uint32_t pages) {
  return pages ? free_pages(stripe) >= pages
               : mipc_i_get32(&stripe->slabs.at[size_class]) || free_pages(stripe);
}

static bool may_evict(const mipc_map_t *map, const mipc_map_stripe_shm_t *stripe) {
  return map->geometry.evicts && mipc_i_get64(&stripe->count) > LEAST_ENTRIES;
}

/* Sweeps a part of the stripe, if that was not done lately. False: it was. */
static bool sweep_some(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  uint64_t swept = mipc_i_get64(&stripe->swept);
  if (!swept || mipc_i_now(map) - swept < SWEEP_MS) return false;
  mipc_i_sweep(map, stripe, SWEEP_ONE);
  map->work += SWEEP_ONE;
  return true;
}

/* One step by the stripe's own means. False: nothing was gained. */
static bool gain(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, bool evicts) {
  if (sweep_some(map, stripe)) return true;
  if (mipc_i_compact(map, stripe)) return true;
  return evicts && may_evict(map, stripe) && mipc_i_evict(map, stripe);
}

/* Pages of another stripe for the pool. */
static bool gain_elsewhere(mipc_map_t *map, uint32_t index, uint32_t wanted) {
  mipc_map_stripe_shm_t *other = &map->stripes[index];
  int status = mipc_i_enter(map, other, true);
  if (status != MIPC_MAP_DONE) {
    if (status == MIPC_MAP_BUSY) map->blocker = other;
    return false;
  }
  bool has_more = true;
  while (free_pages(other) < wanted && map->work < MIPC_MAP_MOST_WORK && has_more)
    has_more = !map->is_corrupt && gain(map, other, true);
  uint32_t count = free_pages(other);
  if (count) mipc_i_pool_give(map, other, count);
  if (!has_more && !count) map->searched[index / 64] |= (uint64_t)1 << (index & 63);
  mipc_i_leave(map, other);
  return count != 0;
}

/*
 * Pages of the next other stripe that has some. False: all of them were searched in vain, or are
 * locked, or much work was done. The search goes on where it was when the operation gave its lock
 * up for a moment: else it would never come to an end in a map of many stripes.
 */
static bool search(mipc_map_t *map, uint32_t mine, uint32_t wanted) {
  uint32_t count = map->geometry.stripe_count;
  for (uint32_t tries = 1; tries < count && map->work < MIPC_MAP_MOST_WORK; tries++) {
    uint32_t index = (mine + 1 + map->search_next++ % (count - 1)) & (count - 1);
    if (map->searched[index / 64] >> (index & 63) & 1) continue;
    bool gained = gain_elsewhere(map, index, wanted);
    mipc_i_put32(&map->own->stripe, mine + 1);
    if (gained) map->searched[0] = map->searched[1] = 0;
    if (gained || map->is_corrupt) return gained;
  }
  return false;
}

static int make_room(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t size_class,
                     uint32_t pages) {
  uint32_t count = map->geometry.stripe_count, mine = mipc_i_index_of(map, stripe);
  bool is_few = pages <= FEW_PAGES;
  while (!map->is_corrupt) {
    if (has_room(stripe, size_class, pages)) return MIPC_MAP_DONE;
    if (map->is_busy || map->work >= MIPC_MAP_MOST_WORK) return MIPC_MAP_BUSY;
    if (mipc_i_pool_take(map, stripe, pages ? pages - free_pages(stripe) : 1)) continue;
    if (gain(map, stripe, is_few || count == 1)) continue;
    if (search(map, mine, is_few ? 1 : FEW_PAGES)) continue;
    if (may_evict(map, stripe) && mipc_i_evict(map, stripe)) continue;
    /* A search that stopped half way has found nothing yet. */
    if (map->blocker || map->work >= MIPC_MAP_MOST_WORK) return MIPC_MAP_BUSY;
    return MIPC_MAP_FULL;
  }
  return MIPC_E_CORRUPT;
}

int mipc_i_make_room(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t size_class,
                     uint32_t pages) {
  /* Nothing is evicted for what can never fit. */
  if (pages > map->geometry.page_count) return MIPC_MAP_FULL;
  map->is_hoarding = true;
  map->stuck = 0;
  int status = make_room(map, stripe, size_class, pages);
  map->is_hoarding = false;
  return status;
}
