/*
 * A map from outside. The contract stands in inspect.h.
 */
#include "inspect.h"

#include "../os/shared_file.h"
#include "map_i.h"

/* The bytes at an offset of the payload. */
static int read_at(mipc_file_t file, uint64_t offset, void *to, size_t size) {
  int64_t n = mipc_shared_read(file, MIPC_PAYLOAD_OFFSET + offset, to, size);
  if (n < 0) return (int)n;
  return n == (int64_t)size ? 0 : (int)MIPC_E_TRUNCATED;
}

static void add_stripe(mipc_file_t file, mipc_map_inspection_t *found, uint32_t index,
                       const mipc_map_stripe_shm_t *stripe) {
  mipc_map_facts_t *facts = &found->facts;
  uint32_t owner = stripe->lock & MIPC_MAX_NUMBER;
  mipc_i_add_stripe(facts, stripe);
  if (!owner || found->holder_count == MIPC_MAP_MOST_HOLDERS) return;
  found->holders[found->holder_count++] =
      (mipc_map_holder_t){index, owner, mipc_region_alive_in(file, owner) != 0};
}

int mipc_map_inspect(mipc_file_t file, const mipc_region_shm_t *header,
                     mipc_map_inspection_t *ret_inspection) {
  mipc_map_geometry_t g;
  mipc_map_pool_shm_t pool;
  mipc_map_inspection_t found = {0};
  int status = mipc_map_geometry(&header->kind_words, header->payload_size, &g);
  if (status == 0) status = read_at(file, 0, &pool, sizeof pool);
  if (status < 0) return status;
  mipc_i_begin_facts(&found.facts, &g, &pool);
  found.evicts = g.evicts;
  for (uint32_t i = 0; i < g.stripe_count; i++) {
    mipc_map_stripe_shm_t stripe;
    status = read_at(file, g.stripes + (uint64_t)i * sizeof stripe, &stripe, sizeof stripe);
    if (status < 0) return status;
    add_stripe(file, &found, i, &stripe);
  }
  for (uint32_t i = 0; i < g.record_count; i++) {
    uint32_t number;
    status = read_at(file, g.records + (uint64_t)i * MIPC_MAP_RECORD_SIZE, &number, sizeof number);
    if (status < 0) return status;
    found.facts.records += number != 0;
  }
  mipc_i_end_facts(&found.facts);
  *ret_inspection = found;
  return 0;
}
