/*
 * Set and what is like it, for the files that do it: one operation on one key.
 */
#ifndef MIPC_MAP_SET_I_H
#define MIPC_MAP_SET_I_H

#include "entry_i.h"

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
  value->bucket = (uint64_t)(s->home - map->buckets);
  value->bucket_version = 0;
  value->ttl = MIPC_MAP_FOREVER;
}

/* new_entry.c: the blocks of a new entry, under the lock of its stripe. */

/* Allocates them for the value, key and expiry. DONE; BUSY, FULL, CORRUPT: not allocated. AGAIN:
 * there is room now, but entries may have moved: find the place again. */
#define MIPC_MAP_AGAIN 100
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
