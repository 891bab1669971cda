/*
 * A map as it looks from outside: no attachment, no lock, no store.
 */
#ifndef MIPC_MAP_INSPECT_H
#define MIPC_MAP_INSPECT_H

#include "../os/file.h"
#include "map.h"

#define MIPC_MAP_MOST_HOLDERS 128

/* A participant that holds the lock of a stripe. */
typedef struct {
  uint32_t stripe, owner; /* index; number of the participant */
  bool alive;
} mipc_map_holder_t;

typedef struct {
  mipc_map_facts_t facts;
  bool evicts;
  uint32_t holder_count;
  mipc_map_holder_t holders[MIPC_MAP_MOST_HOLDERS];
} mipc_map_inspection_t;

/* `header`: a checked copy of the header of a region of kind MAP, in that file. 0; VERSION,
 * CORRUPT; or the system's error. The counts are read one after the other, while they change. */
int mipc_map_inspect(mipc_file_t file, const mipc_region_shm_t *header,
                     mipc_map_inspection_t *ret_inspection);

#endif
