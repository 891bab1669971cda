/*
 * The operations that change an entry without setting a new value: add, delete, expire.
 */
#include <stdlib.h>

#include "../os/process.h"
#include "set_i.h"

typedef struct {
  mipc_i_set_t set;
  double by, initial;
  bool is_created;
} add_t;

static double number_of(const mipc_i_entry_t *entry) {
  union {
    uint64_t bits;
    double number;
  } both;
  uint32_t at = mipc_i_value_at(entry->word, entry->key_length);
  both.bits = mipc_i_get64((const uint64_t *)((const uint8_t *)entry->at + at));
  return both.number;
}

/* What is left of the time of an entry. */
static uint64_t ttl_of(mipc_map_t *map, const mipc_i_entry_t *entry) {
  if (!(entry->word & MIPC_MAP_HAS_TTL)) return MIPC_MAP_FOREVER;
  uint64_t expiry = mipc_i_get64(mipc_i_expiry(entry->at)), now = mipc_i_now(map);
  return expiry == MIPC_MAP_FOREVER ? MIPC_MAP_FOREVER : expiry > now ? expiry - now : 0;
}

static int add_locked(add_t *a) {
  mipc_i_set_t *s = &a->set;
  mipc_map_t *map = s->map;
  int status = mipc_i_set_judge(s);
  if (status != MIPC_MAP_DONE) return status;
  if (s->is_there) {
    if (mipc_i_type(s->old.word) != MIPC_MAP_TYPE_NUMBER) return MIPC_MAP_NOT_NUMBER;
    double sum = number_of(&s->old) + a->by;
    if (map->geometry.evicts) mipc_i_mark(s->home, s->place.slot);
    s->value->ttl = ttl_of(map, &s->old);
    s->value->version = mipc_i_put_number(map, s->stripe, s->home, s->old.parts.head,
                                          mipc_i_value_at(s->old.word, s->old.key_length), sum);
    s->value->number = sum;
    a->is_created = false;
    return MIPC_MAP_DONE;
  }
  s->value->number = a->initial + a->by;
  status = mipc_i_set_locked(s, false);
  if (status == MIPC_MAP_DONE && s->how->ttl < MIPC_MAP_FOREVER) s->value->ttl = s->how->ttl;
  a->is_created = true;
  return status;
}

/* What follows every operation of this file under the lock. */
static int leave(mipc_i_set_t *s, int status) {
  mipc_map_t *map = s->map;
  if (mipc_i_has_new(map->own)) mipc_i_drop_new(map, s->stripe);
  if (s->how->ttl < MIPC_MAP_FOREVER && status == MIPC_MAP_DONE) mipc_i_sweep(map, s->stripe, 2);
  mipc_i_set_leave(s);
  return status;
}

static int add_once(mipc_i_set_t *s) {
  add_t *a = (add_t *)s; /* its first field */
  int status = mipc_i_set_enter(s, false);
  return status == MIPC_MAP_DONE ? leave(s, add_locked(a)) : status;
}

int mipc_map_add(mipc_map_t *map, const mipc_map_key_t *key, double by, double initial,
                 const mipc_map_how_t *how, mipc_map_value_t *value, bool *ret_created) {
  if (key->length > MIPC_MAP_MOST_KEY) return MIPC_E_RANGE;
  int status = mipc_i_begin(map, how->us);
  if (status < 0) return status;
  add_t a;
  mipc_i_set_begin(&a.set, map, key, how, value);
  a.by = by;
  a.initial = initial;
  a.is_created = false;
  value->type = MIPC_MAP_TYPE_NUMBER;
  value->length = sizeof value->number;
  a.set.from = (const uint8_t *)&value->number;
  status = mipc_i_number(&a.set, by, true);
  if (status == MIPC_MAP_AGAIN) status = mipc_i_set_until(&a.set, add_once);
  *ret_created = a.is_created;
  return mipc_i_end(map, status);
}

static int delete_once(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  int status = mipc_i_set_enter(s, false);
  if (status != MIPC_MAP_DONE) return status;
  status = mipc_i_set_judge(s);
  bool is_lease = s->place.slot && mipc_i_type(s->old.word) == MIPC_MAP_TYPE_LEASE;
  bool is_mine = is_lease && s->how->when == MIPC_MAP_IF_VERSION;
  if (status == MIPC_MAP_DONE && !s->is_there && !is_mine) status = MIPC_MAP_ABSENT;
  if (status == MIPC_MAP_DONE || (status == MIPC_MAP_ABSENT && s->place.slot)) {
    /* An expired entry is absent; it is removed, as it was found. So is a lease: a value that is
     * being made from older data must not be stored after a delete. */
    uint32_t what = s->is_there ? MIPC_MAP_CHANGE_DELETE
                    : is_lease  ? MIPC_MAP_CHANGE_NONE
                                : MIPC_MAP_CHANGE_EXPIRE;
    if (mipc_i_remove(map, s->stripe, s->home, s->place.slot, what)) {
      mipc_i_drop_buckets(map, s->stripe, s->home);
    }
  }
  return leave(s, status);
}

int mipc_map_delete(mipc_map_t *map, const mipc_map_key_t *key, const mipc_map_how_t *how,
                    mipc_map_value_t *value) {
  if (key->length > MIPC_MAP_MOST_KEY) return MIPC_E_RANGE;
  int status = mipc_i_begin(map, how->us);
  if (status < 0) return status;
  mipc_i_set_t s;
  mipc_i_set_begin(&s, map, key, how, value);
  status = mipc_i_set_until(&s, delete_once);
  return mipc_i_end(map, status);
}

/* Copies the value of s->old to private memory, which the caller frees. NULL: no memory. */
static uint8_t *copy_of(mipc_i_set_t *s) {
  uint8_t *bytes = malloc(s->old.length ? (size_t)s->old.length : 1);
  mipc_map_value_t value;
  /* Under the lock no writer overtakes the read. */
  int status = bytes ? mipc_map_get(s->map, s->key, false, bytes, s->old.length, &value) : 0;
  if (status == MIPC_MAP_DONE || !bytes) return bytes;
  free(bytes);
  s->map->is_corrupt = true;
  return NULL;
}

/* The entry gets an expiry, and needs another block for it. */
static int expire_anew(mipc_i_set_t *s) {
  mipc_map_value_t value = {.type = mipc_i_type(s->old.word), .length = s->old.length};
  uint64_t version = s->old.word & MIPC_MAP_VERSION_MASK;
  double number = value.type == MIPC_MAP_TYPE_NUMBER ? number_of(&s->old) : 0;
  bool is_number = value.type == MIPC_MAP_TYPE_NUMBER;
  uint8_t *bytes = is_number ? NULL : copy_of(s);
  if (!bytes && !is_number) return s->map->is_corrupt ? (int)MIPC_E_CORRUPT : mipc_no_memory();
  mipc_i_set_t set;
  mipc_i_set_begin(&set, s->map, s->key, s->how, &value);
  value.number = number;
  set.from = is_number ? (const uint8_t *)&value.number : bytes;
  set.kept_version = version;
  int status = mipc_i_set_locked(&set, false);
  free(bytes);
  return status;
}

static int expire_once(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  int status = mipc_i_set_enter(s, false);
  if (status != MIPC_MAP_DONE) return status;
  status = mipc_i_set_judge(s);
  if (status == MIPC_MAP_DONE && !s->is_there) status = MIPC_MAP_ABSENT;
  if (status != MIPC_MAP_DONE) return leave(s, status);
  uint64_t ttl = s->how->ttl;
  uint64_t expiry = ttl >= MIPC_MAP_VERSION_MASK ? MIPC_MAP_FOREVER : mipc_i_now(map) + ttl;
  if (s->old.word & MIPC_MAP_HAS_TTL) {
    mipc_i_note_expiry(map, s->stripe, s->home, expiry);
    /* One store, which readers load once. */
    mipc_i_put64(mipc_i_expiry(s->old.at), expiry);
  } else if (expiry != MIPC_MAP_FOREVER) {
    status = expire_anew(s);
  }
  return leave(s, status);
}

int mipc_map_expire(mipc_map_t *map, const mipc_map_key_t *key, const mipc_map_how_t *how,
                    mipc_map_value_t *value) {
  if (key->length > MIPC_MAP_MOST_KEY) return MIPC_E_RANGE;
  int status = mipc_i_begin(map, how->us);
  if (status < 0) return status;
  mipc_i_set_t s;
  mipc_i_set_begin(&s, map, key, how, value);
  status = mipc_i_set_until(&s, expire_once);
  return mipc_i_end(map, status);
}
