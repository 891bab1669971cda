/*
 * What class Share is made of: a cell in a region, set under the region's lock, told of by its
 * event. The mapping of the object is of header and payload together
 * (mipc_mapping_spec_t.with_header) of a region of kind SHARE.
 */
#ifndef MIPC_SHM_SHARE_H
#define MIPC_SHM_SHARE_H

#include "cell.h"
#include "object.h"

/* What a set gives besides MIPC_LOCK_BUSY, TAKEN and RECOVERED. */
#define MIPC_SHARE_OTHER           3 /* not set: the version that is there is not the one expected */
#define MIPC_SHARE_OTHER_RECOVERED 4 /* likewise, and the lock was a dead owner's */

/* How a set comes by the lock. */
typedef enum {
  MIPC_SHARE_TAKE,   /* takes and releases it */
  MIPC_SHARE_UNDER,  /* uses the one that the user holds */
  MIPC_SHARE_UPDATE, /* uses the one under which the user's update() runs */
  MIPC_SHARE_LAST, /* uses the one that was taken for this set, and releases it, also on failure */
} mipc_share_way_t;

/* Set: over any version. */
#define MIPC_SHARE_ANY UINT64_MAX

/*
 * Sets the value, if the version is `expected`.
 * TAKEN: it is set, and value->version is its version; RECOVERED: likewise, and the previous owner
 * died with the lock; OTHER, OTHER_RECOVERED (value->version: what is there); BUSY and all
 * failures: as mipc_lock_enter(), whose parameters these are; RANGE: larger than the capacity.
 * STALE: mipc_region_check_name(). ACCESS: attached read-only. DEADLOCK, with UNDER: the user's
 * update() runs, and would overwrite it.
 */
int mipc_share_set(mipc_object_t *object, const void *bytes, uint64_t expected, uint32_t us,
                   mipc_share_way_t way, mipc_cell_value_t *value);

/*
 * Gets the value: as mipc_cell_read(). `locked`: under the lock, for one who was overtaken:
 * MIPC_CELL_OVERTAKEN when `us` were not enough for it. TRUNCATED, CLOSED, CORRUPT.
 */
int mipc_share_get(const mipc_object_t *object, void *to, uint64_t room,
                   mipc_cell_value_t *ret_value);
int mipc_share_get_locked(mipc_object_t *object, void *to, uint64_t room, uint32_t us,
                          mipc_cell_value_t *ret_value);

/* The version that is there, and of the value the length; 0, or as mipc_share_get(). */
int mipc_share_look(const mipc_object_t *object, mipc_cell_value_t *ret_value);

#endif
