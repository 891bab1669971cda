/*
 * Times the table of SharedMap in C, without JavaScript: one operation on 1,024 keys of 16 bytes,
 * whose hashes are known.
 *
 *     map-core <operation>        (built and started by map-core.js)
 *
 * It is timed as measure.js times Node: after a warm-up, in batches of about 2 ms. Each line of
 * standard input runs a batch, and is answered with the nanoseconds a call. The first line of the
 * output reports the end of the warm-up.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../src/shm/object.h"

#define KEYS     1024
#define CAPACITY ((uint64_t)64 << 20)
#define LENGTH   100 /* of a string */
#define TEXT     8   /* a type of lib/codec/types.js: any but a number */

#define WARM_UP 150e6 /* ns */
#define BATCH   2e6

static mipc_map_t *map;
static uint64_t words[KEYS][2];
static mipc_map_key_t keys[KEYS];
static uint8_t text[128], got[4096];
static mipc_map_value_t value;
static const mipc_map_how_t how = {.us = 1000000, .ttl = MIPC_MAP_FOREVER};

static int get(const mipc_map_key_t *key) {
  return mipc_map_get(map, key, false, got, sizeof got, &value);
}

static int set_number(const mipc_map_key_t *key) {
  value.type = MIPC_MAP_TYPE_NUMBER;
  value.number = (double)key->hash;
  return mipc_map_set(map, key, NULL, &how, &value);
}

static int set_text(const mipc_map_key_t *key) {
  value.type = TEXT;
  value.length = LENGTH;
  return mipc_map_set(map, key, text, &how, &value);
}

static int add(const mipc_map_key_t *key) {
  bool created;
  return mipc_map_add(map, key, 1, 0, &how, &value, &created);
}

static int delete_and_set(const mipc_map_key_t *key) {
  int status = mipc_map_delete(map, key, &how, &value);
  return status == MIPC_MAP_DONE ? set_text(key) : status;
}

typedef struct {
  const char *name;
  int (*fill)(const mipc_map_key_t *key);
  int (*run)(const mipc_map_key_t *key);
} operation_t;

static const operation_t operations[] = {
    {"get-number", set_number, get},        {"get-text", set_text, get},
    {"set-number", set_number, set_number}, {"set-text", set_text, set_text},
    {"increment", set_number, add},         {"delete-set", set_text, delete_and_set},
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Attaches a new region without a name, as binding/region.cc does. */
static int open_map(mipc_object_t *object) {
  static mipc_report_t report;
  static mipc_region_spec_t spec = {.kind = MIPC_REGION_MAP,
                                    .place = MIPC_PLACE_ANONYMOUS,
                                    .create = MIPC_CREATE_IF_MISSING,
                                    .capacity = CAPACITY,
                                    .mode = 0600,
                                    .wait_ms = 1000};
  const mipc_map_plan_t plan = {.capacity = CAPACITY};
  mipc_region_t *region;
  spec.size = mipc_map_plan(&plan, &spec.kind_words);
  int status = mipc_region_open(&spec, &report, &region);
  if (status < 0) return status;
  const mipc_mapping_spec_t mapping = {
      .region = region, .prot = MIPC_PROT_READ | MIPC_PROT_WRITE, .with_header = true};
  status = mipc_mapping_open(&mapping, &report, &object->mapping);
  return status < 0 ? status : mipc_object_map(object, &map);
}

/* Runs the operation on each key so many times. Returns the nanoseconds, or a negative number. */
static double batch(const operation_t *operation, long turns) {
  double begin = now();
  for (long i = 0; i < turns; i++) {
    for (int k = 0; k < KEYS; k++) {
      if (operation->run(&keys[k]) != MIPC_MAP_DONE) return -1;
    }
  }
  return now() - begin;
}

static int serve(const operation_t *operation) {
  long turns = 1;
  for (double spent = 0; spent < WARM_UP;) {
    double took = batch(operation, turns);
    if (took < 0) return 1;
    spent += took;
    double fitting = BATCH / took * (double)turns;
    turns = fitting < 1 ? 1 : fitting < (double)turns * 4 ? (long)fitting : turns * 4;
  }
  char line[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("ready\n");
  while (fgets(line, sizeof line, stdin)) {
    batch(operation, 1); /* the caches may hold the bytes of another process */
    printf("%.3f\n", batch(operation, turns) / (double)turns / KEYS);
  }
  return 0;
}

int main(int count, char **arguments) {
  const operation_t *operation = NULL;
  for (size_t i = 0; count > 1 && i < sizeof operations / sizeof *operations; i++) {
    if (!strcmp(arguments[1], operations[i].name)) operation = &operations[i];
  }
  mipc_object_t object = {0};
  if (!operation || open_map(&object) < 0) return 1;
  memset(text, 'x', LENGTH);
  for (int k = 0; k < KEYS; k++) {
    char name[32];
    snprintf(name, sizeof name, "key:%012d", k);
    memcpy(words[k], name, 16);
    keys[k] = (mipc_map_key_t){.words = words[k], .length = 16};
    mipc_map_hash(map, &keys[k]);
    if (operation->fill(&keys[k]) != MIPC_MAP_DONE) return 1;
  }
  return serve(operation);
}
