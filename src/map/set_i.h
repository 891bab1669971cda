/*
 * Set and what is like it, for the files that do it: one operation on one key.
 */
#ifndef MIPC_MAP_SET_I_H
#define MIPC_MAP_SET_I_H

#include "entry_i.h"

/* A result beside those of map.h. */
#define MIPC_MAP_AGAIN 100

typedef struct {
  mipc_map_t *map;
  mipc_map_stripe_shm_t *stripe;
  mipc_map_bucket_shm_t *home;
  const mipc_map_key_t *key;
  const mipc_map_how_t *how;
  const uint8_t *from;
  mipc_map_value_t *value;
  uint64_t expiry;       /* of the new entry, or FOREVER */
  uint64_t kept_version; /* of an entry that only gets an expiry; 0: a new version */
  mipc_i_place_t place;
  mipc_i_entry_t old; /* of place.slot */
  bool is_there;      /* place.slot leads to an entry that counts */
  bool has_lock;      /* the lock of the stripe was taken already */
  mipc_i_cut_t cut;
  mipc_i_parts_t parts; /* of the new entry */
} mipc_i_set_t;

/* Fills in what the arguments determine. The rest is stored before it is read, and is not cleared:
 * that would take as long as a get. */
static inline void mipc_i_set_begin(mipc_i_set_t *s, mipc_map_t *map, const mipc_map_key_t *key,
                                    const mipc_map_how_t *how, mipc_map_value_t *value) {
  s->map = map;
  s->stripe = mipc_i_stripe(map, key->hash);
  s->home = mipc_i_home(map, key->hash);
  s->key = key;
  s->how = how;
  s->from = NULL;
  s->value = value;
  s->kept_version = 0;
  s->old.word = 0;
  s->has_lock = false;
  value->bucket = (uint64_t)(s->home - map->buckets);
  value->bucket_version = 0;
  value->ttl = MIPC_MAP_FOREVER;
}

/* mipc_i_enter(), unless that was done, and mipc_i_leave(): the usual case in line. */
static inline int mipc_i_set_enter(mipc_i_set_t *s, bool once) {
  mipc_map_t *map = s->map;
  /* acquire: as in mipc_i_lock(). */
  if (!s->has_lock && !(map->own && mipc_atomic_swap_acquire(&s->stripe->lock, 0, map->me))) {
    return mipc_i_enter(map, s->stripe, once);
  }
  s->has_lock = false;
  mipc_i_put32(&map->own->stripe, mipc_i_index_of(map, s->stripe) + 1);
  return MIPC_MAP_DONE;
}

static inline void mipc_i_set_leave(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  mipc_atomic_fence_compiler();
  bool usual = !map->is_corrupt && !map->has_changed;
  /* release: as in mipc_i_unlock(). */
  if (usual && mipc_atomic_swap_release(&s->stripe->lock, map->me, 0)) return;
  mipc_i_leave(map, s->stripe);
}

/* Changes a number in place: the value at `value_at` of the entry. Returns the new version. */
uint64_t mipc_i_put_number(mipc_map_t *map, mipc_map_stripe_shm_t *stripe,
                           mipc_map_bucket_shm_t *home, uint64_t entry, uint32_t value_at,
                           double number);
/* number.c. Sets the number, or adds to it, in the shortest way: if it is there, has no expiry, and
 * the lock is free. AGAIN: nothing was changed; `has_lock` if the lock was taken. */
int mipc_i_number(mipc_i_set_t *set, double number, bool adds);

/* new_entry.c: the blocks of a new entry, under the lock of its stripe. */

/* Allocates them for the value, key and expiry. DONE; BUSY, FULL, CORRUPT: not allocated. AGAIN:
 * there is room now, but entries may have moved: find the place again. */
int mipc_i_new_take(mipc_i_set_t *set);
/* Fills them, except the word, which makes an entry of them. Also without the lock, if the record
 * has reserved them. */
void mipc_i_new_fill(mipc_i_set_t *set);
/* Stores that word, and links the entry. */
void mipc_i_new_link(mipc_i_set_t *set);

/* write.c */

/* Finds the entry, and judges the condition: DONE, OTHER, or a failure. */
int mipc_i_set_judge(mipc_i_set_t *set);
/* Sets the value under the lock: DONE, or nothing has changed. */
int mipc_i_set_locked(mipc_i_set_t *set, bool reserves);
/* Calls `once`, which takes and releases the lock, until it returns something else than BUSY, or
 * the time is over. */
int mipc_i_set_until(mipc_i_set_t *set, int (*once)(mipc_i_set_t *));

#endif
