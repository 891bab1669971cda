/*
 * Set and what is like it. An operation takes the lock of its stripe, judges its condition,
 * allocates blocks, fills them, and publishes them. If there is no room, it releases its blocks,
 * makes room and judges again.
 *
 * A value of many pages is filled without the lock: its blocks are reserved by the record, and
 * nothing but the record names them.
 */
#include "../os/process.h"
#include "set_i.h"

/* Values of more pages are filled without the lock: more than 64 KiB. */
#define MANY_PAGES 16u

/* How long an operation goes on to make room after its time to wait is over. */
#define WORK_US 20000

/* Buckets that a set with a ttl sweeps. */
#define SWEEP_AT_SET 2u

static bool is_number(const mipc_i_entry_t *entry) {
  return mipc_i_type(entry->word) == MIPC_MAP_TYPE_NUMBER;
}

static uint64_t old_version(const mipc_i_set_t *s) {
  return s->place.slot ? s->old.word & MIPC_MAP_VERSION_MASK : 0;
}

/* Finds the entry, and judges the condition: DONE, OTHER, ABSENT. */
int mipc_i_set_judge(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  s->is_there = false;
  if (!mipc_i_find(map, s->home, s->key, &s->place)) return MIPC_E_CORRUPT;
  if (!mipc_i_has_versions(s->home)) return MIPC_E_EXHAUSTED;
  if (s->place.slot) {
    uint64_t offset = mipc_i_ref(mipc_i_get64(s->place.slot));
    if (!mipc_i_entry(map, offset, &s->old)) return MIPC_E_CORRUPT;
    s->is_there =
        mipc_i_type(s->old.word) != MIPC_MAP_TYPE_LEASE && !mipc_i_is_expired(map, &s->old);
  }
  bool is_lease = s->place.slot && mipc_i_type(s->old.word) == MIPC_MAP_TYPE_LEASE;
  /* A lease counts as absent, but not for the next lease: only one process makes the value. */
  bool counts = s->is_there || (is_lease && s->value->type == MIPC_MAP_TYPE_LEASE);
  uint64_t version = counts ? old_version(s) : 0;
  s->value->version = version;
  switch (s->how->when) {
  case MIPC_MAP_IF_ADD:
    return s->is_there ? MIPC_MAP_OTHER : MIPC_MAP_DONE;
  case MIPC_MAP_IF_REPLACE:
    return s->is_there ? MIPC_MAP_DONE : MIPC_MAP_OTHER;
  case MIPC_MAP_IF_VERSION:
    /* The maker of a lease knows its version. */
    if (is_lease && s->how->expected == old_version(s)) return MIPC_MAP_DONE;
    return version == s->how->expected ? MIPC_MAP_DONE : MIPC_MAP_OTHER;
  default:
    return MIPC_MAP_DONE;
  }
}

static uint64_t expiry_of(mipc_map_t *map, uint64_t ttl) {
  return ttl >= MIPC_MAP_VERSION_MASK ? MIPC_MAP_FOREVER : mipc_i_now(map) + ttl;
}

/* The expiry that the new entry gets. */
static void find_expiry(mipc_i_set_t *s) {
  bool keeps = s->how->keep_ttl && s->is_there && (s->old.word & MIPC_MAP_HAS_TTL);
  if (keeps)
    s->expiry = mipc_i_get64(mipc_i_expiry(s->old.at));
  else
    s->expiry = s->how->keep_ttl ? MIPC_MAP_FOREVER : expiry_of(s->map, s->how->ttl);
}

/* A number over a number, where neither the size nor the expiry changes. */
static bool set_in_place(mipc_i_set_t *s) {
  bool same = s->value->type == MIPC_MAP_TYPE_NUMBER && s->is_there && is_number(&s->old);
  bool keeps =
      s->how->keep_ttl || (s->expiry == MIPC_MAP_FOREVER && !(s->old.word & MIPC_MAP_HAS_TTL));
  if (!same || !keeps) return false;
  if (s->map->geometry.evicts) mipc_i_mark(s->home, s->place.slot);
  s->value->version =
      mipc_i_put_number(s->map, s->stripe, s->home, s->old.parts.head,
                        mipc_i_value_at(s->old.word, s->old.key_length), s->value->number);
  return true;
}

int mipc_i_set_locked(mipc_i_set_t *s, bool reserves) {
  int status;
  do {
    status = mipc_i_set_judge(s);
    if (status != MIPC_MAP_DONE) return status;
    find_expiry(s);
    if (!reserves && set_in_place(s)) return MIPC_MAP_DONE;
    status = mipc_i_new_take(s);
  } while (status == MIPC_MAP_AGAIN);
  if (status != MIPC_MAP_DONE || reserves) return status;
  mipc_i_new_fill(s);
  if (s->map->is_corrupt) return MIPC_E_CORRUPT;
  mipc_i_new_link(s);
  return MIPC_MAP_DONE;
}

/* The blocks are reserved: fills them without the lock, takes it again, and judges again. */
static int set_reserved(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  uint64_t expiry = s->expiry;
  mipc_i_new_fill(s);
  /* The reservation must be used or released, and that needs the lock. */
  int status;
  do {
    map->deadline = 0;
    status = mipc_i_enter(map, s->stripe, false);
  } while (status == MIPC_MAP_BUSY);
  if (status != MIPC_MAP_DONE) return status;
  /* The cut belongs to an entry with or without an expiry: as it was. */
  status = mipc_i_set_judge(s);
  s->expiry = expiry;
  if (status == MIPC_MAP_DONE && !s->place.slot && !s->place.free) status = MIPC_MAP_BUSY;
  if (status == MIPC_MAP_DONE && !map->is_corrupt)
    mipc_i_new_link(s);
  else
    mipc_i_drop_new(map, s->stripe);
  mipc_i_put32(&map->own->state, MIPC_MAP_OP_NONE);
  mipc_i_set_leave(s);
  return status;
}

static int set_once(mipc_i_set_t *s, bool reserves) {
  mipc_map_t *map = s->map;
  int status = mipc_i_set_enter(s, false);
  if (status != MIPC_MAP_DONE) return status;
  status = mipc_i_set_locked(s, reserves);
  if (s->how->ttl < MIPC_MAP_FOREVER && status == MIPC_MAP_DONE && !reserves) {
    mipc_i_sweep(map, s->stripe, SWEEP_AT_SET);
  }
  bool is_reserved = reserves && status == MIPC_MAP_DONE && !map->is_corrupt;
  if (is_reserved)
    mipc_i_put32(&map->own->state, MIPC_MAP_OP_RESERVED);
  else if (mipc_i_has_new(map->own))
    mipc_i_drop_new(map, s->stripe);
  mipc_i_set_leave(s);
  return is_reserved ? set_reserved(s) : status;
}

static int set_small(mipc_i_set_t *s) {
  return set_once(s, false);
}

static int set_large(mipc_i_set_t *s) {
  return set_once(s, true);
}

int mipc_i_set_until(mipc_i_set_t *s, int (*once)(mipc_i_set_t *)) {
  mipc_map_t *map = s->map;
  bool has_searched[2] = {false, false};
  map->searched[0] = map->searched[1] = 0;
  for (;;) {
    map->work = 0;
    map->blocker = NULL;
    int status = once(s);
    if (map->is_corrupt || (status != MIPC_MAP_BUSY && status != MIPC_MAP_FULL)) return status;
    /* A participant may have died with a reservation. Not only before FULL: other processes may add
     * as much as is evicted here, and then it would never come to that. */
    bool *searched = &has_searched[status == MIPC_MAP_FULL];
    bool freed = !*searched && mipc_i_recover_reserved(map);
    *searched = true;
    if (freed) continue;
    if (status == MIPC_MAP_FULL) return status;
    /* The lock was given up for a moment after much work, or it was not free. */
    uint64_t now = mipc_clock_us();
    if (!map->deadline) map->deadline = now + map->us;
    /* Work is not a wait: it goes on for a while, also if the caller does not wait at all. */
    uint64_t more = map->work >= MIPC_MAP_MOST_WORK ? WORK_US : 0;
    if (map->is_busy || now >= map->deadline + more) return MIPC_MAP_BUSY;
    if (!map->blocker) continue;
    /* Another stripe may have room. Its lock is waited for while no other is held; if its owner is
     * dead, it is recovered. */
    status = mipc_i_enter(map, map->blocker, false);
    if (status != MIPC_MAP_DONE) return status;
    mipc_i_leave(map, map->blocker);
  }
}

int mipc_map_set(mipc_map_t *map, const mipc_map_key_t *key, const void *from,
                 const mipc_map_how_t *how, mipc_map_value_t *value) {
  if (key->length > MIPC_MAP_MOST_KEY || value->length > MIPC_MAP_MOST_VALUE) return MIPC_E_RANGE;
  int status = mipc_i_begin(map, how->us);
  if (status < 0) return status;
  mipc_i_set_t s;
  mipc_i_set_begin(&s, map, key, how, value);
  s.from = from;
  if (value->type == MIPC_MAP_TYPE_NUMBER) {
    s.from = (const uint8_t *)&value->number;
    value->length = sizeof value->number;
    status = mipc_i_number(&s, value->number, false);
    if (status != MIPC_MAP_AGAIN) return mipc_i_end(map, status);
  }
  bool reserves = value->length > (uint64_t)MANY_PAGES * MIPC_MAP_PAGE_SIZE;
  status = mipc_i_set_until(&s, reserves ? set_large : set_small);
  return mipc_i_end(map, status);
}
