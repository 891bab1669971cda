/*
 * Recovery: what a dead participant was doing is undone or finished, with its own record, by the
 * process that takes its lock. Every step can be repeated: if this process dies, too, the next one
 * begins with what this one was recovering, as its record says.
 *
 *   state NONE        blocks may have been allocated: they are freed
 *   state READY       the commit word decides: if it has the new value, the operation took effect
 * and is finished; else it is undone state COMMITTED   it is finished state NUMBER      the version
 * is stored; the number is what its one store has made it state RESERVED    as NONE
 *
 * The new value of a commit word names a block that no other slot names, so it cannot be there by
 * chance.
 */
#include "entry_i.h"
#include "log_i.h"

static bool has_committed(mipc_map_t *map, const mipc_map_record_shm_t *r) {
  uint64_t offset = mipc_i_get64(&r->commit), value = mipc_i_get64(&r->value);
  if (offset % sizeof value || offset > map->geometry.size - sizeof value) {
    bool is_narrow = offset % sizeof(uint32_t) == 0 && offset <= map->geometry.size - 8;
    if (!is_narrow || !mipc_i_get32(&r->is_narrow)) return mipc_i_corrupt(map) == 0;
  }
  return mipc_i_get32(&r->is_narrow) ? mipc_i_get32(mipc_i_at(map, offset)) == (uint32_t)value
                                     : mipc_i_get64(mipc_i_at(map, offset)) == value;
}

static void forget_old(mipc_map_record_shm_t *r) {
  mipc_i_put64(&r->old_head, 0);
  mipc_i_put64(&r->old_tail, 0);
  mipc_i_put64(&r->old_chain, 0);
}

static void finish_number(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                          mipc_map_record_shm_t *r) {
  uint64_t offset = mipc_i_get64(&r->block), version = mipc_i_get64(&r->version);
  if (offset % MIPC_MAP_ENTRY_SIZE || !mipc_i_in_arena(map, offset, MIPC_MAP_ENTRY_SIZE)) {
    map->is_corrupt = true;
    return;
  }
  mipc_map_entry_shm_t *entry = mipc_i_at(map, offset);
  uint64_t word = mipc_i_get64(&entry->word) & ~MIPC_MAP_VERSION_MASK;
  /* release: as in mipc_i_put_number(). */
  mipc_atomic_store_release_u64(&entry->word, word | (version & MIPC_MAP_VERSION_MASK));
  mipc_atomic_fence_compiler();
  mipc_i_set_version(map, mipc_i_get64(&r->home), version);
  if (mipc_i_get64(&r->change)) mipc_i_change_append(map, stripe);
  mipc_i_put32(&r->state, MIPC_MAP_OP_NONE);
}

/* map->record is the dead one's. */
static void finish_or_undo(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  mipc_map_record_shm_t *r = map->record;
  uint32_t state = mipc_i_get32(&r->state);
  bool has_begun =
      state == MIPC_MAP_OP_READY || state == MIPC_MAP_OP_COMMITTED || state == MIPC_MAP_OP_NUMBER;
  if (has_begun && !mipc_i_is_home(map, mipc_i_get64(&r->home))) {
    map->is_corrupt = true;
    return;
  }
  if (state == MIPC_MAP_OP_NUMBER) finish_number(map, stripe, r);
  if (state == MIPC_MAP_OP_READY && !has_committed(map, r)) {
    /* The version may be odd already. */
    mipc_i_set_version(map, mipc_i_get64(&r->home), mipc_i_get64(&r->version));
    forget_old(r);
    mipc_i_put32(&r->state, MIPC_MAP_OP_NONE);
  } else if (state == MIPC_MAP_OP_READY) {
    mipc_i_put32(&r->state, MIPC_MAP_OP_COMMITTED);
    state = MIPC_MAP_OP_COMMITTED;
  }
  if (state == MIPC_MAP_OP_COMMITTED) mipc_i_finish(map, stripe);
  /* If it died while these were filled in, a later operation would free what they name. */
  forget_old(r);
  mipc_i_drop_new(map, stripe);
  mipc_i_put32(&r->state, MIPC_MAP_OP_NONE);
}

/* The stripe, with the record of a dead participant, which may have died in another stripe. */
static void recover_with(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                         mipc_map_record_shm_t *dead) {
  /* If it died in the pool, its log there may have our mail. */
  while (!mipc_i_pool_settle(map) && !map->is_corrupt)
    map->deadline = 0;
  map->is_busy = false;
  if (mipc_i_get32(&dead->stripe) != mipc_i_index_of(map, stripe) + 1) return;
  map->record = dead;
  map->is_hoarding = true; /* its spare pages stay where they are */
  const mipc_i_log_t log = mipc_i_log(map);
  mipc_i_roll_back(map, &log);
  mipc_i_mail_in(map, stripe);
  finish_or_undo(map, stripe);
  if (map->is_corrupt) mipc_i_record_reset(dead);
  mipc_i_put32(&dead->stripe, 0);
  map->is_hoarding = false;
  map->record = map->own;
}

/* First what the dead one was recovering itself. */
static void recover_chain(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t index,
                          uint32_t depth) {
  if (index > map->geometry.record_count || depth > map->geometry.record_count) {
    map->is_corrupt = true;
    return;
  }
  mipc_map_record_shm_t *dead = &map->records[index - 1];
  uint32_t before = mipc_i_get32(&dead->recovering);
  if (before) recover_chain(map, stripe, before, depth + 1);
  mipc_i_put32(&dead->recovering, 0);
  if (dead != map->own) recover_with(map, stripe, dead);
}

void mipc_i_recover(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  bool was_hoarding = map->is_hoarding;
  uint32_t index = mipc_i_get32(&map->own->recovering);
  /* The dead one may have recorded a change without a notification. */
  map->has_changed = true;
  if (index) recover_chain(map, stripe, index, 0);
  mipc_i_put32(&map->own->recovering, 0);
  map->is_hoarding = was_hoarding;
}

bool mipc_i_recover_reserved(mipc_map_t *map) {
  bool some = false;
  for (uint32_t i = 0; i < map->geometry.record_count; i++) {
    mipc_map_record_shm_t *r = &map->records[i];
    uint32_t number = mipc_i_get32(&r->number), index = mipc_i_get32(&r->stripe);
    if (mipc_i_get32(&r->state) != MIPC_MAP_OP_RESERVED || number == map->me || !number) continue;
    if (!index || index > map->geometry.stripe_count) continue;
    if (mipc_region_alive(map->region, number) != 0) continue;
    mipc_map_stripe_shm_t *stripe = &map->stripes[index - 1];
    if (mipc_i_enter(map, stripe, false) != MIPC_MAP_DONE) continue;
    /* Under the lock, and only now: another process may have been faster. From here on the record
     * is recovered like that of an owner of the lock, also if this process dies. */
    if (mipc_i_get32(&r->state) == MIPC_MAP_OP_RESERVED && mipc_i_get32(&r->number) == number) {
      mipc_i_put32(&map->own->recovering, i + 1);
      mipc_i_recover(map, stripe);
      some = true;
    }
    mipc_i_leave(map, stripe);
  }
  return some;
}
