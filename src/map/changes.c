/*
 * The record of changes: a ring for each stripe, which writers fill only while a listener is there.
 *
 * A record is valid if its position is the same before and after it is read. A listener that is too
 * slow, and finds a later position, knows only that something has changed.
 */
#include "entry_i.h"

#include "../sync/bell.h"
#include "../sync/event.h"

static mipc_map_change_shm_t *ring_of(const mipc_map_t *map, const mipc_map_stripe_shm_t *stripe) {
  uint64_t index = mipc_i_index_of(map, stripe);
  return (mipc_map_change_shm_t *)(map->base + map->geometry.rings) + index * MIPC_MAP_CHANGES;
}

/* The position of the change is part of the operation: a recovery writes the same record again. */
void mipc_i_change_begin(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t what) {
  mipc_map_record_shm_t *r = map->record;
  /* relaxed: a listener that arms reads the version of the map afterwards (changes.h). */
  bool is_wanted = what != MIPC_MAP_CHANGE_NONE && mipc_i_get32(&map->pool->armed) != 0;
  uint64_t position = is_wanted ? mipc_i_get64(&stripe->changes) + 1 : 0;
  if (mipc_i_get64(&r->change) != position) mipc_i_put64(&r->change, position);
  if (is_wanted) mipc_i_put32(&r->what, what);
}

/* The entry that the change is about: the new one, the one in place, or the one that is removed; 0:
 * it has been freed, after the record was written. */
static uint64_t entry_of(const mipc_map_record_shm_t *r) {
  if (mipc_i_get32(&r->state) == MIPC_MAP_OP_NUMBER) return mipc_i_get64(&r->block);
  if (mipc_i_get32(&r->what) == MIPC_MAP_CHANGE_SET) return mipc_i_get64(&r->new_head);
  return mipc_i_get64(&r->old_head);
}

void mipc_i_change_append(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  mipc_map_record_shm_t *r = map->record;
  uint64_t position = mipc_i_get64(&r->change);
  mipc_map_change_shm_t *at = &ring_of(map, stripe)[position % MIPC_MAP_CHANGES];
  mipc_i_entry_t entry;
  map->has_changed = true;
  bool is_there = mipc_i_get64(&stripe->changes) >= position;
  if (!is_there && mipc_i_entry(map, entry_of(r), &entry)) {
    uint32_t wide = entry.word & MIPC_MAP_IS_WIDE ? MIPC_MAP_WIDE : 0;
    bool fits = entry.key_length <= sizeof at->key;
    const uint64_t *key = mipc_i_at(map, entry.parts.head + mipc_i_key_at(entry.word));
    mipc_i_put64(&at->position, 0);
    /* release fence: a reader that sees a word of this record sees that the old one is gone. */
    mipc_atomic_fence_release();
    mipc_i_put64(&at->version, mipc_i_get64(&r->version));
    mipc_i_put32(&at->what, mipc_i_get32(&r->what));
    mipc_i_put32(&at->key_length, entry.key_length | wide);
    for (uint32_t i = 0; fits && i < mipc_i_pad(entry.key_length) / 8; i++)
      mipc_i_put64(&at->key.at[i], mipc_i_get64(&key[i]));
    /* release: a reader that sees the position sees the record. */
    mipc_atomic_store_release_u64(&at->position, position);
    mipc_atomic_fence_compiler();
    mipc_i_put64(&stripe->changes, position);
  }
  mipc_i_put64(&r->change, 0);
}

void mipc_i_change_cleared(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  uint64_t position = mipc_i_get64(&stripe->changes) + 1;
  mipc_map_change_shm_t *at = &ring_of(map, stripe)[position % MIPC_MAP_CHANGES];
  if (!mipc_i_get32(&map->pool->armed)) return;
  map->has_changed = true;
  mipc_i_put64(&at->position, 0);
  mipc_atomic_fence_release(); /* as above */
  mipc_i_put64(&at->version, 0);
  mipc_i_put32(&at->what, MIPC_MAP_CHANGE_CLEAR);
  mipc_i_put32(&at->key_length, 0);
  mipc_atomic_store_release_u64(&at->position, position);
  mipc_atomic_fence_compiler();
  mipc_i_put64(&stripe->changes, position);
}

void mipc_i_notify(mipc_map_t *map) {
  map->has_changed = false;
  if (!mipc_i_get32(&map->pool->armed)) return;
  mipc_event_publish(map->header);
  mipc_bell_publish(map->region, map->header);
}
