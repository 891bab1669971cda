/*
 * Names and paths that no longer lead to their region, as its file was removed or replaced under
 * its users (systemd's RemoveIPC, rm). The contract stands in region.h.
 */
#include "../base/status.h"
#include "../os/fork.h"
#include "../os/process.h"
#include "region_i.h"

#define LOOK_EVERY_MS 1000

static mipc_atomic_u32_t created; /* names, by this process */

void mipc_i_name_created(void) {
  /* relaxed: a thread that sees it late looks within a second all the same. */
  mipc_atomic_add_relaxed(&created, 1);
}

mipc_whereabouts_t mipc_region_whereabouts(const mipc_region_t *r) {
  if (r->closed || r->fork_generation != mipc_fork_generation() || !r->path)
    return MIPC_WHEREABOUTS_IN_PLACE;
  /* A process that may no longer look there (setuid after it has opened) learns nothing; only what
   * is known to be lost is. */
  if (mipc_shared_is_at(r->file, r->path) != 0) return MIPC_WHEREABOUTS_IN_PLACE;
  /* relaxed: it is stored before the file is removed, and the kernel has shown us that it is. */
  return mipc_atomic_load_relaxed(&r->header->unlinked) ? MIPC_WHEREABOUTS_UNLINKED
                                                        : MIPC_WHEREABOUTS_LOST;
}

int mipc_region_check_name(mipc_region_t *r) {
  if (r->place != MIPC_PLACE_NAME) return 0;
  uint64_t now = mipc_clock_stamp();
  uint32_t names = mipc_atomic_load_relaxed(&created);
  if (now - r->checked_ms < LOOK_EVERY_MS && names == r->checked_created) return 0;
  if (mipc_region_whereabouts(r) == MIPC_WHEREABOUTS_LOST)
    return MIPC_E_STALE; /* and so at the next call */
  r->checked_ms = now;
  r->checked_created = names;
  return 0;
}
