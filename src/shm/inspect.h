/*
 * What a region shows from outside: its participants (region/region.h), the owner of its lock, and
 * what its kind keeps in it. No attachment, no lock, no store.
 */
#ifndef MIPC_SHM_INSPECT_H
#define MIPC_SHM_INSPECT_H

#include "../map/inspect.h"
#include "../region/region.h"

typedef struct {
  mipc_region_facts_t region;
  uint32_t owner;   /* of the lock: a participant's number, 0: none */
  uint64_t held_ms; /* since the lock was taken */
  bool owner_alive;
  uint64_t capacity; /* of a SHARE, and of its current value: its version and bytes */
  uint64_t value_version, value_length;
  bool has_map; /* of a MAP whose tables can be read */
  mipc_map_inspection_t map;
} mipc_inspection_t;

/* As mipc_region_inspect(). The lock and the value are as they were at one moment; they may
 * contradict each other. */
int mipc_inspect(const mipc_region_spec_t *spec, mipc_report_t *report,
                 mipc_inspection_t *ret_inspection, mipc_participant_t *list, uint32_t capacity);

#endif
