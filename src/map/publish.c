/*
 * The commit of an operation, and what follows it. The orders:
 *
 *   P0  version + 1 (odd), before the commit: a process that has seen the new value, or has heard
 * of it, finds no cached value valid. P1  release, the commit: a reader that sees the reference
 * sees the block behind it. P2  release, version + 2: a reader that begins after it does not find
 * the old block any more. F1  release fence after P2, before any block is freed: a reader that has
 * copied a byte of the next life of such a block sees the version that has ended this one.
 *
 * The commit is the effect: a recovery undoes what died before it, and finishes what died after it.
 */
#include "entry_i.h"

bool mipc_i_is_home(const mipc_map_t *map, uint64_t home) {
  uint64_t bytes =
      (uint64_t)map->geometry.stripe_count * map->geometry.buckets_of_stripe * MIPC_MAP_BUCKET_SIZE;
  return home % MIPC_MAP_BUCKET_SIZE == 0 && home - map->geometry.buckets < bytes;
}

void mipc_i_set_version(mipc_map_t *map, uint64_t home, uint64_t version) {
  /* From the record, to which any process can write. */
  if (!mipc_i_is_home(map, home)) {
    map->is_corrupt = true;
    return;
  }
  mipc_map_bucket_shm_t *bucket = mipc_i_at(map, home);
  /* release: P2. */
  mipc_atomic_store_release_u64(&bucket->version, version | MIPC_MAP_VERSION_BASE);
  mipc_atomic_fence_release(); /* F1 */
}

/* What the record of a process has committed. Each field is cleared with what it frees. */
void mipc_i_finish(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  mipc_map_record_shm_t *r = map->record;
  mipc_i_set_version(map, mipc_i_get64(&r->home), mipc_i_get64(&r->version));
  mipc_i_put64(&stripe->count, mipc_i_get64(&r->count));
  if (mipc_i_get64(&r->change)) mipc_i_change_append(map, stripe);
  if (mipc_i_get64(&r->old_head)) mipc_i_block_free(map, stripe, &r->old_head);
  if (mipc_i_get64(&r->old_tail)) mipc_i_block_free(map, stripe, &r->old_tail);
  if (mipc_i_get64(&r->old_chain)) mipc_i_chain_free(map, stripe, &r->old_chain);
  if (mipc_i_get64(&r->new_tail)) mipc_i_put64(&r->new_tail, 0);
  if (mipc_i_get64(&r->new_chain)) mipc_i_put64(&r->new_chain, 0);
  mipc_i_put64(&r->new_head, 0);
  mipc_i_put32(&r->state, MIPC_MAP_OP_NONE);
  uint32_t spare = mipc_i_list(mipc_i_get64(&stripe->free)).count;
  if (spare > MIPC_MAP_SPARE && !map->is_hoarding) {
    mipc_i_pool_give(map, stripe, spare - MIPC_MAP_SPARE / 2);
  }
}

void mipc_i_publish(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, const mipc_i_change_t *change) {
  mipc_map_record_shm_t *r = map->record;
  uint64_t version = mipc_i_next_version(change->home);
  mipc_i_put64(&r->commit, mipc_i_offset(map, change->word));
  mipc_i_put64(&r->value, change->value);
  mipc_i_put64(&r->home, mipc_i_offset(map, change->home));
  mipc_i_put64(&r->version, version);
  mipc_i_put64(&r->count, change->count);
  mipc_i_put32(&r->is_narrow, change->is_narrow);
  mipc_i_change_begin(map, stripe, change->what);
  if (change->old.head) mipc_i_put64(&r->old_head, change->old.head);
  if (change->old.tail) mipc_i_put64(&r->old_tail, change->old.tail);
  if (change->old.chain) mipc_i_put64(&r->old_chain, change->old.chain);
  mipc_i_put32(&r->state, MIPC_MAP_OP_READY);
  mipc_i_make_odd(change->home, version);
  /* release: P1. */
  if (change->is_narrow)
    mipc_atomic_store_release(change->word, (uint32_t)change->value);
  else
    mipc_atomic_store_release_u64(change->word, change->value);
  mipc_atomic_fence_compiler();
  mipc_i_put32(&r->state, MIPC_MAP_OP_COMMITTED);
  mipc_i_finish(map, stripe);
}

bool mipc_i_remove(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, mipc_map_bucket_shm_t *home,
                   uint64_t *slot, uint32_t what) {
  mipc_i_entry_t entry;
  if (!mipc_i_entry(map, mipc_i_ref(mipc_i_get64(slot)), &entry)) return false;
  const mipc_i_change_t change = {.home = home,
                                  .word = slot,
                                  .count = mipc_i_get64(&stripe->count) - 1,
                                  .what = what,
                                  .old = entry.parts};
  mipc_i_publish(map, stripe, &change);
  return !map->is_corrupt;
}

/* The first empty overflow bucket leaves the chain: an operation of its own. False: there is none.
 */
static bool drop_bucket(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                        mipc_map_bucket_shm_t *home) {
  uint32_t hops = 0;
  mipc_map_bucket_shm_t *before = home, *b;
  for (; (b = mipc_i_next(map, before)) && hops < MIPC_MAP_MOST_HOPS; before = b) {
    uint64_t slots = 0;
    hops++;
    for (uint32_t i = 0; i < MIPC_MAP_SLOTS; i++)
      slots |= mipc_i_get64(&b->slots.at[i]);
    if (slots) continue;
    const mipc_i_change_t change = {.home = home,
                                    .word = &before->next,
                                    .value = mipc_i_get32(&b->next),
                                    .is_narrow = true,
                                    .count = mipc_i_get64(&stripe->count),
                                    .old = {.head = mipc_i_offset(map, b)}};
    mipc_i_publish(map, stripe, &change);
    return !map->is_corrupt;
  }
  return false;
}

void mipc_i_drop_buckets(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                         mipc_map_bucket_shm_t *home) {
  while (mipc_i_has_versions(home) && drop_bucket(map, stripe, home))
    ;
}
