/*
 * Looking at a region from outside. The contract stands in inspect.h.
 */
#include "inspect.h"

#include "../os/shared_file.h"
#include "../sync/lock.h"
#include "cell.h"

/* The lock and the value, as the copy of the header has them; nothing relies on them. */
static void look_inside(mipc_file_t file, const mipc_region_shm_t *header, void *context) {
  mipc_inspection_t *found = context;
  mipc_lock_facts_t lock;
  mipc_lock_look(header, &lock);
  found->owner = lock.owner;
  found->held_ms = lock.held_ms;
  found->owner_alive = lock.owner && mipc_region_alive_in(file, lock.owner) != 0;
  if (header->kind == MIPC_REGION_MAP) {
    found->capacity = header->capacity;
    found->has_map = mipc_map_inspect(file, header, &found->map) == 0;
  }
  uint64_t size = header->kind == MIPC_REGION_SHARE ? mipc_cell_size(header->capacity) : 0;
  if (!size || size > header->payload_size) return;
  found->capacity = header->capacity;
  found->value_version = header->cell_commit;
  mipc_cell_slot_shm_t slot;
  uint64_t at = header->cell_commit % MIPC_CELL_SLOTS * mipc_cell_stride(header->capacity);
  int64_t n = mipc_shared_read(file, header->payload_offset + at, &slot, sizeof slot);
  if (header->cell_commit && n == (int64_t)sizeof slot) found->value_length = slot.length;
}

int mipc_inspect(const mipc_region_spec_t *spec, mipc_report_t *report,
                 mipc_inspection_t *ret_inspection, mipc_participant_t *list, uint32_t capacity) {
  mipc_inspection_t found = {0};
  int status =
      mipc_region_inspect(spec, report, &found.region, list, capacity, look_inside, &found);
  if (status == 0) *ret_inspection = found;
  return status;
}
