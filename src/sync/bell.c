/*
 * The bell of a region: the protocol of bell.h.
 */
#include "bell.h"

#include "../base/status.h"
#include "../os/shared_file.h"

int mipc_bell_path(const mipc_region_t *region, char ret_path[MIPC_BELL_PATH]) {
  if (!mipc_region_header(region)) return MIPC_E_CLOSED;
  if (!mipc_region_number(region)) return MIPC_E_ACCESS;
  return mipc_shared_watch_path(mipc_region_file(region), ret_path, MIPC_BELL_PATH);
}

int mipc_bell_arm(const mipc_region_t *region) {
  mipc_region_shm_t *header = mipc_region_header(region);
  int status = mipc_region_status(region);
  if (status < 0) return status;
  mipc_atomic_store_relaxed(&header->bell_armed, 1);
  /* seq_cst, as in mipc_bell_publish(): the store before the look that follows. */
  mipc_atomic_fence_seq_cst();
  return 0;
}

void mipc_bell_ring(const mipc_region_t *region) {
  static const uint8_t rung = 1;
  /* A file that was cut off must not be made longer by the write. */
  if (mipc_region_status(region) < 0) return;
  mipc_shared_write(mipc_region_file(region), offsetof(mipc_region_shm_t, bell), &rung, 1);
}

void mipc_bell_answer(const mipc_region_t *region) {
  /* relaxed: a listener arms again only after it has heard the write below. The kernel's locks
   * order this store before its report of the write, so the store cannot take that arming away. */
  mipc_atomic_store_relaxed(&mipc_region_header(region)->bell_armed, 0);
  mipc_bell_ring(region);
}
