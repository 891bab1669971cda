/*
 * What must hold after a process has died in an operation on a map: a witness has seen all keys
 * before, knows what they are after the whole operation, and looks again beside the dead, and after
 * the recovery.
 */
#ifndef MIPC_TEST_MAP_WITNESS_H
#define MIPC_TEST_MAP_WITNESS_H

#include "map_acts.h"

typedef struct {
  mipc_map_t *reader;
  const act_t *act;
  bool evicts;
  uint64_t changes; /* before the operation: recorded changes, and events of the region */
  uint32_t events;
  bool had_lock; /* the dead process: of a stripe */
  seen_t before[ACT_KEYS], end[ACT_KEYS], dead[ACT_KEYS], now[ACT_KEYS];
} witness_t;

static witness_t witness;

static inline bool broken(const char *text, uint32_t id) {
  CHECK(!"a promise is broken");
  printf("  %s: %s of key %u, length %u; key %u\n", text, act_names[witness.act->what],
         witness.act->id, witness.act->length, id);
  return false;
}

/* Whether the operation may remove this key, too. */
static inline bool may_remove(uint32_t id) {
  return witness.evicts || witness.act->what == ACT_CLEAR || !witness.end[id].digest;
}

static inline uint64_t word_of_bucket(uint32_t id) {
  return mipc_i_home(witness.reader, act_key(witness.reader, id)->hash)->version;
}

/* What a reader sees beside the dead. */
static inline bool check_beside(void) {
  see_all(witness.reader, witness.dead);
  witness.had_lock = false;
  for (uint32_t i = 0; i < witness.reader->geometry.stripe_count; i++)
    witness.had_lock |= witness.reader->stripes[i].lock != 0;
  for (uint32_t id = 0; id < ACT_KEYS; id++) {
    const seen_t *was = &witness.before[id], *is = &witness.dead[id];
    bool same = is->digest == was->digest && is->version == was->version;
    bool is_end = is->digest == witness.end[id].digest;
    if (!same && !is_end && !(may_remove(id) && !is->digest)) return broken("beside the dead", id);
    /* A process has kept the value under this version. */
    bool kept = was->word && was->word == word_of_bucket(id);
    if (kept && is->digest != was->digest) return broken("a kept value is stale", id);
  }
  return true;
}

static inline bool check_recovered(void) {
  see_all(witness.reader, witness.now);
  for (uint32_t id = 0; id < ACT_KEYS; id++) {
    const seen_t *was = &witness.dead[id], *is = &witness.now[id];
    /* The version of a number that changes in place follows its value. */
    bool follows = (witness.act->what == ACT_NUMBER || witness.act->what == ACT_ADD) &&
                   id == witness.act->id && is->version > was->version;
    if (is->digest != was->digest || (is->version != was->version && !follows))
      return broken("the recovery has changed what was seen", id);
    const seen_t *old = &witness.before[id];
    if (is->digest && is->digest != old->digest && is->version <= old->version)
      return broken("a changed value has an old version", id);
  }
  return check_map(witness.reader) || broken("after the recovery", witness.act->id);
}

static inline uint64_t sum_of_changes(void) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < witness.reader->geometry.stripe_count; i++)
    sum += witness.reader->stripes[i].changes;
  return sum;
}

/* Every recorded position holds a whole record of it, and a key that has changed is recorded. */
static inline bool check_ring(void) {
  if (!witness.reader->pool->threads) return true;
  const mipc_map_geometry_t *g = &witness.reader->geometry;
  for (uint32_t i = 0; i < g->stripe_count; i++) {
    uint64_t n = witness.reader->stripes[i].changes;
    const mipc_map_change_shm_t *ring =
        (const mipc_map_change_shm_t *)(witness.reader->base + g->rings) +
        (uint64_t)i * MIPC_MAP_CHANGES;
    for (uint64_t p = n > MIPC_MAP_CHANGES ? n - MIPC_MAP_CHANGES + 1 : 1; p <= n; p++)
      if (ring[p % MIPC_MAP_CHANGES].position != p) return broken("a change is missing", i);
  }
  bool has_changed = witness.now[witness.act->id].digest != witness.before[witness.act->id].digest;
  bool removes_lease =
      witness.before[witness.act->id].is_lease && !witness.now[witness.act->id].digest;
  bool is_told = witness.act->what != ACT_LEASE && witness.act->what != ACT_CLEAR && !removes_lease;
  if (!has_changed || !is_told) return true;
  if (sum_of_changes() == witness.changes)
    return broken("the change is not recorded", witness.act->id);
  /* A process that dies between its release of the lock and the event leaves nothing to recover:
   * listeners look by themselves (map/changes.h). */
  if (witness.had_lock && mipc_event_count(witness.reader->header) == witness.events)
    return broken("nobody was notified", witness.act->id);
  return true;
}

/* The next set of the key; `is_first`: before anything else was recovered. */
static inline bool check_next(mipc_map_t *map, bool is_first) {
  static const act_t next = {.what = ACT_SET};
  act_t set = next;
  set.id = witness.act->id;
  set.length = 5;
  set.fill = 77;
  int status = run_act(map, &set);
  if (status == MIPC_MAP_FULL && !witness.evicts) return true;
  if (status != MIPC_MAP_DONE) return broken("the next set", (uint32_t)status);
  if (is_first) CHECK_EQ(mipc_map_recover(map, MAP_PATIENCE_US), MIPC_MAP_DONE);
  seen_t now_seen = see(witness.reader, witness.act->id);
  bool is_higher = now_seen.version > witness.dead[witness.act->id].version &&
                   now_seen.version > witness.before[witness.act->id].version;
  if (!is_higher || now_seen.digest == 0) return broken("the next version", witness.act->id);
  return check_map(witness.reader) || broken("after the next set", witness.act->id);
}

/* Before the operation. */
static inline void watch_act(mipc_map_t *reader, const act_t *act) {
  witness.reader = reader;
  witness.act = act;
  witness.evicts = reader->geometry.evicts;
  see_all(reader, witness.before);
}

/* Before each death in it. */
static inline void watch_death(void) {
  witness.changes = sum_of_changes();
  witness.events = mipc_event_count(witness.reader->header);
}

#endif
