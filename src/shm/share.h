/*
 * The core of class Share: a cell in a region of kind SHARE. A set takes the region's lock, and
 * publishes the region's event. The object maps header and payload together
 * (mipc_mapping_spec_t.with_header).
 */
#ifndef MIPC_SHM_SHARE_H
#define MIPC_SHM_SHARE_H

#include "cell.h"
#include "object.h"

/*
 * Results of a set besides MIPC_LOCK_BUSY, TAKEN and RECOVERED.
 *   OTHER            not set: the region holds another version than the expected one
 *   OTHER_RECOVERED  the same, and the lock was taken from a dead owner
 */
#define MIPC_SHARE_RESULT_MAP(X)                                                                   \
  X(OTHER, 3)                                                                                      \
  X(OTHER_RECOVERED, 4)

#define MIPC_SHARE_ENUM_ROW(symbol, number) MIPC_SHARE_##symbol = number,
enum { MIPC_SHARE_RESULT_MAP(MIPC_SHARE_ENUM_ROW) };

/*
 * Under which lock a set works.
 *   TAKE    takes the lock and releases it
 *   UNDER   uses the lock that the user holds
 *   UPDATE  uses the lock under which the user's update() runs
 *   LAST    uses the lock that was taken for this set, and releases it, also on failure
 */
#define MIPC_SHARE_WAY_MAP(X)                                                                      \
  X(TAKE, 0)                                                                                       \
  X(UNDER, 1)                                                                                      \
  X(UPDATE, 2)                                                                                     \
  X(LAST, 3)

typedef enum { MIPC_SHARE_WAY_MAP(MIPC_SHARE_ENUM_ROW) } mipc_share_way_t;
#undef MIPC_SHARE_ENUM_ROW

/* Set: over any version. Listen: no version is known. */
#define MIPC_SHARE_ANY UINT64_MAX

/*
 * Sets the value, if the version is `expected`.
 * TAKEN: the value is set, and value->version is its version. RECOVERED: the same, and the previous
 * owner died while it held the lock. OTHER, OTHER_RECOVERED: not set; value->version is the current
 * version. BUSY and all failures: as mipc_lock_enter(), which gets `us`. RANGE: larger than the
 * capacity. STALE: see mipc_region_check_name(). ACCESS: attached read-only. DEADLOCK, with UNDER:
 * the user's update() is running, and would overwrite the value.
 */
int mipc_share_set(mipc_object_t *object, const void *bytes, uint64_t expected, uint32_t us,
                   mipc_share_way_t way, mipc_cell_value_t *value);

/*
 * Gets the value: as mipc_cell_read(). get_locked() reads under the lock, for a reader that was
 * overtaken; MIPC_CELL_OVERTAKEN: the lock was not acquired within `us` microseconds. TRUNCATED,
 * CLOSED, CORRUPT.
 */
int mipc_share_get(const mipc_object_t *object, void *to, uint64_t room,
                   mipc_cell_value_t *ret_value);
int mipc_share_get_locked(mipc_object_t *object, void *to, uint64_t room, uint32_t us,
                          mipc_cell_value_t *ret_value);

/* The current version and the length of the value. 0, or as mipc_share_get(). */
int mipc_share_look(const mipc_object_t *object, mipc_cell_value_t *ret_value);

/*
 * Arms the bell (sync/bell.h), and then reads the current version. If that is still `known`, and
 * with MIPC_SHARE_ANY, it also asks the system whether the file was cut off: a ring without a new
 * version may come from that. 0; TRUNCATED, CORRUPT, CLOSED; ACCESS: attached read-only.
 */
int mipc_share_listen(const mipc_object_t *object, uint64_t known, uint64_t *ret_version);

#endif
