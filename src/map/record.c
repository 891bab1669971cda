/*
 * Records: each participant that writes has one. Its lines stay in the cache of that participant's
 * processor, unless it dies.
 */
#include "log_i.h"

/* A record that nothing hangs on. */
static bool is_quiet(const mipc_map_record_shm_t *r) {
  return mipc_i_get32(&r->state) == MIPC_MAP_OP_NONE && !mipc_i_has_new(r) &&
         !(mipc_i_get64(&r->old_head) | mipc_i_get64(&r->old_tail) | mipc_i_get64(&r->old_chain)) &&
         !(mipc_i_get32(&r->log_count) | mipc_i_get32(&r->pool_log_count));
}

/*
 * Whether a process still needs the record of a dead participant: a lock word names it, or a
 * process is about to take such a word over. In this order: the process that takes the word over
 * has noted the record before it swaps the word.
 */
static bool is_needed(const mipc_map_t *map, uint32_t number, uint32_t index) {
  const mipc_map_geometry_t *g = &map->geometry;
  if ((mipc_i_get32(&map->pool->lock) & MIPC_MAX_NUMBER) == number) return true;
  for (uint32_t i = 0; i < g->stripe_count; i++) {
    if ((mipc_i_get32(&map->stripes[i].lock) & MIPC_MAX_NUMBER) == number) return true;
  }
  /* acquire: see above. */
  mipc_atomic_fence_acquire();
  for (uint32_t i = 0; i < g->record_count; i++) {
    if (mipc_i_get32(&map->records[i].recovering) == index) return true;
    if (mipc_i_get32(&map->records[i].recovering_pool) == index) return true;
  }
  return false;
}

/* Whether the record may be taken from `number`. */
static bool may_take(const mipc_map_t *map, uint32_t index, uint32_t number) {
  const mipc_map_record_shm_t *r = &map->records[index - 1];
  if (!number) return true;
  return mipc_region_alive(map->region, number) == 0 && is_quiet(r) &&
         !is_needed(map, number, index);
}

static bool take(mipc_map_t *map, uint32_t i, uint32_t number) {
  mipc_map_record_shm_t *r = &map->records[i];
  /* acquire: we see what the last participant of the record has stored. */
  if (!mipc_atomic_swap_acquire(&r->number, number, map->me)) return false;
  map->own = map->record = r;
  /* A participant that died between its note and its swap has left the note: it recovers nothing.
   */
  mipc_i_put32(&r->recovering, 0);
  mipc_i_put32(&r->recovering_pool, 0);
  mipc_i_put32(&r->stripe, 0);
  return true;
}

int mipc_i_record_take(mipc_map_t *map) {
  uint32_t count = map->geometry.record_count;
  for (int asks_for_dead = 0; asks_for_dead < 2; asks_for_dead++) {
    for (uint32_t k = 0; k < count; k++) {
      /* Participants begin at different records, so that they do not all try the same ones. */
      uint32_t i = (map->me + k) % count;
      uint32_t number = mipc_i_get32(&map->records[i].number);
      if (number && !asks_for_dead) continue;
      if (may_take(map, i + 1, number) && take(map, i, number)) return MIPC_MAP_DONE;
    }
  }
  return MIPC_E_EXHAUSTED;
}

void mipc_i_record_give(mipc_map_t *map) {
  mipc_map_record_shm_t *r = map->own;
  map->own = map->record = NULL;
  if (!is_quiet(r)) return;
  /* release: see take(). Fails if another process has overwritten the word. */
  mipc_atomic_swap_release(&r->number, map->me, 0);
}

void mipc_i_record_reset(mipc_map_record_shm_t *r) {
  uint64_t *const words[] = {&r->new_head, &r->new_tail,  &r->new_chain, &r->old_head,
                             &r->old_tail, &r->old_chain, &r->change};
  mipc_i_put32(&r->state, MIPC_MAP_OP_NONE);
  for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
    mipc_i_put64(words[i], 0);
  mipc_i_put32(&r->log_count, 0);
  mipc_i_put32(&r->pool_log_count, 0);
}

uint32_t mipc_i_record_of(const mipc_map_t *map, uint32_t number) {
  uint32_t count = map->geometry.record_count;
  for (uint32_t k = 0; k < count; k++) {
    uint32_t i = (number + k) % count;
    if (mipc_i_get32(&map->records[i].number) == number) return i + 1;
  }
  return 0;
}

void mipc_i_roll_back(mipc_map_t *map, const mipc_i_log_t *log) {
  /* The log covers the tables only, never the arena. */
  uint64_t end = (uint64_t)map->geometry.first_page * MIPC_MAP_PAGE_SIZE;
  uint32_t n = mipc_i_get32(log->count);
  if (n > log->most) {
    map->is_corrupt = true;
    n = log->most;
  }
  while (n) {
    uint64_t offset = mipc_i_get64(&log->words[2 * (n - 1)]);
    uint64_t old = mipc_i_get64(&log->words[2 * (n - 1) + 1]);
    if (offset < end && offset % sizeof(uint64_t) == 0)
      mipc_i_put64(mipc_i_at(map, offset), old);
    else
      map->is_corrupt = true;
    mipc_i_put32(log->count, --n);
  }
}
