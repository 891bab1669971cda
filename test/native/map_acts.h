/*
 * Random operations on a small map, and what a reader sees of all its keys: for the tests in which
 * a process dies in the middle of an operation.
 *
 * The region is made by hand: two stripes and few buckets in half a megabyte, so that the chains of
 * overflow buckets, the pool, compaction and eviction all take part.
 */
#ifndef MIPC_TEST_MAP_ACTS_H
#define MIPC_TEST_MAP_ACTS_H

#include "maps.h"

#define ACT_KEYS     200u
#define ACT_CAPACITY (224u << 10)
#define ACT_BUCKETS  16u /* of all stripes */
#define ACT_MOST     100000u

static inline spec_t act_spec(const char *name, uint32_t stripes, bool evicts) {
  spec_t spec = map_spec(name, ACT_CAPACITY, evicts);
  spec.kind_words.at[1] = stripes;
  spec.kind_words.at[2] = ACT_BUCKETS / stripes;
  return spec;
}

/* The operations. Most are sets: a map must be full before the interesting ones happen. */
enum {
  ACT_SET,
  ACT_NUMBER,
  ACT_ADD,
  ACT_DELETE,
  ACT_EXPIRE,   /* an expiry for an entry that has one, or has none */
  ACT_SET_TTL,  /* a set that sweeps */
  ACT_LARGE,    /* a value that is reserved, and filled without the lock */
  ACT_CLEAR,    /* the keys of one prefix in all buckets */
  ACT_LEASE,    /* add of a lease */
  ACT_RESOLVE,  /* the value in place of a lease, by its version */
  ACT_ITERATE,  /* a walk over everything */
  ACT_PREFIXED, /* a condition that does not hold */
  ACT_COUNT
};

static const char *const act_names[ACT_COUNT] = {"set",    "number",       "add",     "delete",
                                                 "expire", "set with ttl", "large",   "clear",
                                                 "lease",  "resolve",      "iterate", "condition"};

typedef struct {
  int what;
  uint32_t id, length;
  uint8_t fill;
  double number;
  uint64_t ttl;
} act_t;

static uint64_t act_chance = 88172645463325252u;

static inline uint64_t draw(void) {
  act_chance ^= act_chance << 13;
  act_chance ^= act_chance >> 7;
  act_chance ^= act_chance << 17;
  return act_chance;
}

static inline uint32_t draw_length(void) {
  uint64_t kind = draw() % 100;
  if (kind < 35) return (uint32_t)(draw() % 200);
  if (kind < 65) return (uint32_t)(draw() % 2100);
  if (kind < 95) return (uint32_t)(draw() % 9000);
  return (uint32_t)(draw() % 30000);
}

static inline act_t draw_act(void) {
  static const uint8_t shares[ACT_COUNT] = {44, 6, 6, 10, 6, 8, 3, 1, 4, 4, 1, 3};
  uint64_t at = draw() % 96;
  act_t act = {.id = (uint32_t)(draw() % ACT_KEYS),
               .length = draw_length(),
               .fill = (uint8_t)draw(),
               .number = (double)(draw() % 1000),
               .ttl = 1 + draw() % 4000};
  while (at >= shares[act.what])
    at -= shares[act.what++];
  if (act.what == ACT_LARGE) act.length = 66000 + (uint32_t)(draw() % 20000);
  return act;
}

static inline const mipc_map_key_t *act_key(const mipc_map_t *map, uint32_t id) {
  static key_t keys[ACT_KEYS];
  if (!keys[id].key.words) numbered_key(map, &keys[id], id);
  return &keys[id].key;
}

static uint8_t act_bytes[ACT_MOST], act_got[ACT_MOST + 8];

static inline int act_set(mipc_map_t *map, const act_t *act, mipc_map_how_t how) {
  memset(act_bytes, act->fill, act->length);
  mipc_map_value_t value = {.type = 8, .length = act->length};
  return mipc_map_set(map, act_key(map, act->id), act_bytes, &how, &value);
}

static inline int act_lease(mipc_map_t *map, const act_t *act, mipc_map_how_t how, bool resolves) {
  const mipc_map_key_t *key = act_key(map, act->id);
  uint64_t words[2] = {mipc_region_number(map->region), 1};
  mipc_map_value_t value = {0};
  int status = mipc_map_get(map, key, true, act_got, sizeof act_got, &value);
  if (status < 0) return status;
  if (resolves) {
    how.when = MIPC_MAP_IF_VERSION;
    how.expected = status == MIPC_MAP_DONE ? value.version : 0;
    return act_set(map, act, how);
  }
  how.when = MIPC_MAP_IF_ADD;
  value = (mipc_map_value_t){.type = MIPC_MAP_TYPE_LEASE, .length = sizeof words};
  return mipc_map_set(map, key, words, &how, &value);
}

static inline int act_clear(mipc_map_t *map, const act_t *act) {
  char text[16];
  key_t room;
  snprintf(text, sizeof text, "key:%u", act->id % 10);
  const mipc_map_key_t *prefix = make_key(map, &room, text);
  uint64_t removed, cursor = 0;
  int status = MIPC_MAP_DONE;
  while (cursor < ACT_BUCKETS && status == MIPC_MAP_DONE)
    status = mipc_map_clear(map, act->id % 40 ? prefix : NULL, &cursor, MAP_PATIENCE_US, &removed);
  return status;
}

static inline int act_iterate(mipc_map_t *map) {
  static uint8_t items[1 << 19];
  uint64_t cursor = 0, used;
  int status = MIPC_MAP_DONE;
  while (cursor < ACT_BUCKETS && status == MIPC_MAP_DONE)
    status = mipc_map_next(map, NULL, false, &cursor, items, sizeof items, &used);
  return status;
}

static inline int run_act(mipc_map_t *map, const act_t *act) {
  mipc_map_how_t how = {.us = MAP_PATIENCE_US, .ttl = MIPC_MAP_FOREVER};
  const mipc_map_key_t *key = act_key(map, act->id);
  mipc_map_value_t value = {.type = MIPC_MAP_TYPE_NUMBER, .number = act->number};
  bool created;
  switch (act->what) {
  case ACT_NUMBER:
    return mipc_map_set(map, key, NULL, &how, &value);
  case ACT_ADD:
    return mipc_map_add(map, key, act->number, 0, &how, &value, &created);
  case ACT_DELETE:
    return mipc_map_delete(map, key, &how, &value);
  case ACT_EXPIRE:
    how.ttl = act->ttl;
    return mipc_map_expire(map, key, &how, &value);
  case ACT_SET_TTL:
    how.ttl = act->ttl;
    return act_set(map, act, how);
  case ACT_CLEAR:
    return act_clear(map, act);
  case ACT_LEASE:
  case ACT_RESOLVE:
    return act_lease(map, act, how, act->what == ACT_RESOLVE);
  case ACT_ITERATE:
    return act_iterate(map);
  case ACT_PREFIXED:
    how.when = MIPC_MAP_IF_VERSION;
    how.expected = 1;
    return act_set(map, act, how);
  default:
    return act_set(map, act, how);
  }
}

/* What a reader sees of a key. */
typedef struct {
  uint64_t digest;  /* of type and value; 0: absent */
  uint64_t version; /* 0: absent */
  uint64_t word; /* as long as the bucket has this version, a process may keep the value; 0: no */
  bool is_lease; /* which listeners do not hear of */
} seen_t;

static inline seen_t see(mipc_map_t *map, uint32_t id) {
  mipc_map_value_t value = {0};
  int status = mipc_map_get(map, act_key(map, id), true, act_got, ACT_MOST, &value);
  if (status == MIPC_MAP_ABSENT) return (seen_t){.word = value.bucket_version};
  if (!CHECK_EQ(status, MIPC_MAP_DONE)) return (seen_t){.digest = 1};
  union {
    double number;
    uint64_t bits;
  } both = {value.type == MIPC_MAP_TYPE_NUMBER ? value.number : 0};
  uint64_t n = value.length, digest = value.type * 1000003u + n * 31 + both.bits * 7 + 1;
  if (value.type == 8) {
    CHECK(n == 0 || memcmp(act_got, act_got + 1, n - 1) == 0);
    if (n) digest += (uint64_t)act_got[0] << 32;
  }
  bool is_lease = value.type == MIPC_MAP_TYPE_LEASE;
  return (seen_t){digest, value.version, value.bucket_version, is_lease};
}

static inline void see_all(mipc_map_t *map, seen_t seen[ACT_KEYS]) {
  for (uint32_t id = 0; id < ACT_KEYS; id++)
    seen[id] = see(map, id);
}

#endif
