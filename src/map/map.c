/*
 * A map of this thread: open and close, what all operations begin and end with, and facts about the
 * whole table.
 */
#include <stdlib.h>

#include "../os/process.h"
#include "changes.h"
#include "entry_i.h"

int mipc_map_open(mipc_region_t *region, void *payload, const mipc_guard_t *guard,
                  mipc_map_t **ret_map) {
  mipc_region_shm_t *header = mipc_region_header(region);
  if (!header) return MIPC_E_CLOSED;
  mipc_map_geometry_t g;
  int status = mipc_map_geometry(mipc_region_kind_words(region), mipc_region_size(region), &g);
  if (status < 0) return status;
  mipc_map_t *map = calloc(1, sizeof *map);
  if (!map) return mipc_no_memory();
  uint8_t *base = payload;
  map->base = base;
  map->pool = (mipc_map_pool_shm_t *)base;
  map->stripes = (mipc_map_stripe_shm_t *)(base + g.stripes);
  map->records = (mipc_map_record_shm_t *)(base + g.records);
  map->pages = (mipc_map_page_shm_t *)(base + g.pages);
  map->buckets = (mipc_map_bucket_shm_t *)(base + g.buckets);
  map->geometry = g;
  map->arena = (uint64_t)g.first_page * MIPC_MAP_PAGE_SIZE;
  map->arena_size = g.size - map->arena;
  /* The id is random, and no process outside of the region's users knows it. */
  mipc_region_id(region, map->seed);
  map->region = region;
  map->header = header;
  map->guard = guard;
  map->faults = mipc_guard_hits();
  map->generation = mipc_region_fork_generation(region);
  map->me = mipc_region_number(region);
  /* acquire: a fault that this count includes has left its mark in the guard, which is asked next.
   * Then the count must never be equal. */
  map->faults_before = mipc_atomic_load_acquire(map->faults);
  if (mipc_i_status_slowly(map) < 0) map->faults_before--;
  *ret_map = map;
  return 0;
}

void mipc_map_close(mipc_map_t *map) {
  if (!map) return;
  mipc_map_unlisten(map);
  if (map->own && mipc_i_status(map) == 0) mipc_i_record_give(map);
  free(map);
}

const mipc_map_geometry_t *mipc_map_geometry_of(const mipc_map_t *map) {
  return &map->geometry;
}

int mipc_i_status_slowly(const mipc_map_t *map) {
  int status = mipc_region_status(map->region);
  int hit = mipc_guard_hit(map->guard);
  return hit < 0 ? hit : status;
}

int mipc_i_begin(mipc_map_t *map, uint32_t us) {
  if (!map->me) return MIPC_E_ACCESS;
  if (map->generation != mipc_fork_generation()) return MIPC_E_CLOSED;
  map->us = us;
  map->deadline = 0;
  map->now = 0;
  map->is_corrupt = map->is_busy = map->is_hoarding = false;
  map->blocker = NULL;
  return mipc_region_check_name(map->region);
}

int mipc_i_end(const mipc_map_t *map, int status) {
  int whole = mipc_i_status(map);
  if (whole < 0) return whole;
  return map->is_corrupt ? (int)MIPC_E_CORRUPT : status;
}

uint64_t mipc_i_now(mipc_map_t *map) {
  if (!map->now) {
    map->now = map->geometry.wall_clock ? mipc_clock_wall_ms() : mipc_clock_boot_ms();
  }
  return map->now;
}

int mipc_map_size(const mipc_map_t *map, uint64_t *ret_size) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < map->geometry.stripe_count; i++)
    sum += mipc_i_get64(&map->stripes[i].count);
  *ret_size = sum;
  return mipc_i_status(map);
}

void mipc_i_begin_facts(mipc_map_facts_t *facts, const mipc_map_geometry_t *g,
                        const mipc_map_pool_shm_t *pool) {
  uint64_t fresh = mipc_i_get64(&pool->fresh);
  *facts = (mipc_map_facts_t){.pages = g->page_count, .stripes = g->stripe_count};
  facts->buckets = g->stripe_count * g->buckets_of_stripe;
  facts->free_pages = mipc_i_list(mipc_i_get64(&pool->free)).count;
  if (fresh <= g->page_count) facts->free_pages += g->page_count - fresh;
}

void mipc_i_add_stripe(mipc_map_facts_t *facts, const mipc_map_stripe_shm_t *stripe) {
  facts->entries += mipc_i_get64(&stripe->count);
  facts->evicted += mipc_i_get64(&stripe->evicted);
  facts->expired += mipc_i_get64(&stripe->expired);
  facts->moved += mipc_i_get64(&stripe->moved);
  facts->free_pages += mipc_i_list(mipc_i_get64(&stripe->free)).count;
  facts->free_pages += mipc_i_list(mipc_i_get64(&stripe->mail)).count;
  facts->locked += (mipc_i_get32(&stripe->lock) & MIPC_MAX_NUMBER) != 0;
}

/* Others write meanwhile, so the counts may contradict each other. */
void mipc_i_end_facts(mipc_map_facts_t *facts) {
  if (facts->free_pages > facts->pages) facts->free_pages = facts->pages;
  facts->capacity = facts->pages * MIPC_MAP_PAGE_SIZE;
  facts->used = (facts->pages - facts->free_pages) * MIPC_MAP_PAGE_SIZE;
}

int mipc_map_facts(const mipc_map_t *map, mipc_map_facts_t *ret_facts) {
  const mipc_map_geometry_t *g = &map->geometry;
  mipc_map_facts_t facts;
  mipc_i_begin_facts(&facts, g, map->pool);
  for (uint32_t i = 0; i < g->stripe_count; i++)
    mipc_i_add_stripe(&facts, &map->stripes[i]);
  for (uint32_t i = 0; i < g->record_count; i++)
    facts.records += mipc_i_get32(&map->records[i].number) != 0;
  mipc_i_end_facts(&facts);
  *ret_facts = facts;
  return mipc_i_status(map);
}

int mipc_map_recover(mipc_map_t *map, uint32_t us) {
  int status = mipc_i_begin(map, us);
  if (status < 0) return status;
  for (uint32_t i = 0; i < map->geometry.stripe_count && status == MIPC_MAP_DONE; i++) {
    status = mipc_i_enter(map, &map->stripes[i], false);
    if (status == MIPC_MAP_DONE) mipc_i_leave(map, &map->stripes[i]);
  }
  if (status == MIPC_MAP_DONE) mipc_i_recover_reserved(map);
  if (status == MIPC_MAP_DONE && !mipc_i_pool_settle(map)) status = MIPC_MAP_BUSY;
  return mipc_i_end(map, status);
}
