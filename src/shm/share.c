/*
 * Share: cell, lock and event put together. The contract stands in share.h.
 */
#include "share.h"

#include "../base/range.h"
#include "../base/status.h"
#include "../sync/bell.h"

/* Whether the words that were read are those of the region: a file that was cut off shows zeros. */
static int check(const mipc_mapping_t *m, const mipc_region_t *region) {
  int status = mipc_region_status(region);
  int lost = mipc_mapping_lost(m);
  return lost < 0 ? lost : status;
}

/* `ret_region` too. The mapping is large enough by the words of the header as they were checked
 * when the region was opened; they are not read again. */
static int find_cell(const mipc_mapping_t *m, mipc_region_t **ret_region, mipc_cell_t *ret_cell) {
  uint64_t mapped;
  mipc_region_t *region = mipc_mapping_region(m);
  mipc_region_shm_t *header = mipc_mapping_header(m, &mapped);
  if (!region) return MIPC_E_UNSUPPORTED;
  if (!header) return MIPC_E_CLOSED;
  uint64_t capacity = mipc_region_capacity(region);
  uint64_t size = mipc_cell_size(capacity);
  if (!size || size > mipc_region_size(region) || mapped < MIPC_PAYLOAD_OFFSET + size) {
    return MIPC_E_CORRUPT;
  }
  *ret_region = region;
  *ret_cell = (mipc_cell_t){.header = header,
                            .slots = (uint8_t *)header + MIPC_PAYLOAD_OFFSET,
                            .capacity = capacity,
                            .stride = mipc_cell_stride(capacity)};
  return 0;
}

static int set(mipc_mapping_t *m, mipc_lock_t *lock, const void *bytes, uint64_t expected,
               uint32_t us, mipc_share_way_t way, mipc_cell_value_t *value) {
  mipc_cell_t cell;
  mipc_region_t *region;
  int status = find_cell(m, &region, &cell);
  if (status == 0) status = mipc_region_check_name(region);
  if (status < 0) return status;
  if (value->length > cell.capacity) return MIPC_E_RANGE;
  if (way == MIPC_SHARE_UNDER && mipc_lock_updating(lock)) return MIPC_E_DEADLOCK;
  int taken = mipc_lock_enter(lock, us, way != MIPC_SHARE_TAKE);
  if (taken <= 0) return taken;
  uint64_t version = mipc_cell_version(&cell);
  if (expected != MIPC_SHARE_ANY && version != expected) {
    value->version = version;
    status = mipc_lock_leave(lock);
    if (status < 0) return status;
    return taken == MIPC_LOCK_RECOVERED ? MIPC_SHARE_OTHER_RECOVERED : MIPC_SHARE_OTHER;
  }
  status = mipc_cell_write(&cell, bytes, value);
  /* Under the lock: if this process dies before it wakes the waiters, the process that recovers the
   * lock wakes them. */
  if (status == 0) {
    mipc_event_publish(cell.header);
    mipc_bell_publish(region, cell.header);
  }
  int left = mipc_lock_leave(lock);
  if (status == 0) status = left;
  if (status == 0) status = check(m, region);
  return status < 0 ? status : taken;
}

int mipc_share_set(mipc_object_t *object, const void *bytes, uint64_t expected, uint32_t us,
                   mipc_share_way_t way, mipc_cell_value_t *value) {
  mipc_lock_t *lock;
  int status = mipc_object_region_lock(object, &lock);
  if (status < 0) return status;
  status = set(object->mapping, lock, bytes, expected, us, way, value);
  if (way != MIPC_SHARE_LAST) return status;
  mipc_lock_keep_recovered(lock);
  int left = mipc_lock_drop(lock);
  return status >= 0 && left < 0 ? left : status;
}

int mipc_share_get(const mipc_object_t *object, void *to, uint64_t room,
                   mipc_cell_value_t *ret_value) {
  const mipc_mapping_t *m = object->mapping;
  mipc_cell_t cell;
  mipc_region_t *region;
  int status = find_cell(m, &region, &cell);
  if (status < 0) return status;
  status = mipc_cell_read(&cell, to, room, ret_value);
  int whole = check(m, region);
  return whole < 0 ? whole : status;
}

int mipc_share_get_locked(mipc_object_t *object, void *to, uint64_t room, uint32_t us,
                          mipc_cell_value_t *ret_value) {
  mipc_lock_t *lock;
  int status = mipc_object_region_lock(object, &lock);
  if (status < 0) return status;
  bool under = mipc_lock_held(lock);
  int taken = mipc_lock_enter(lock, us, under);
  if (taken <= 0) return taken < 0 ? taken : MIPC_CELL_OVERTAKEN;
  status = mipc_share_get(object, to, room, ret_value);
  int left = mipc_lock_leave(lock);
  if (left < 0) return left;
  /* No writer is active under the lock: a value that cannot be read has been overwritten. */
  return status == MIPC_CELL_OVERTAKEN ? (int)MIPC_E_CORRUPT : status;
}

int mipc_share_look(const mipc_object_t *object, mipc_cell_value_t *ret_value) {
  int status = mipc_share_get(object, NULL, 0, ret_value);
  return status == MIPC_CELL_MORE ? 0 : status;
}

int mipc_share_listen(const mipc_object_t *object, uint64_t known, uint64_t *ret_version) {
  mipc_cell_t cell;
  mipc_region_t *region;
  int status = find_cell(object->mapping, &region, &cell);
  if (status < 0) return status;
  if (!mipc_region_number(region)) return MIPC_E_ACCESS;
  status = mipc_bell_arm(region);
  if (status < 0) return status;
  uint64_t version = mipc_cell_version(&cell);
  status = check(object->mapping, region);
  if (status == 0 && version > MIPC_MAX_OFFSET) status = MIPC_E_CORRUPT;
  if (status == 0 && (known == MIPC_SHARE_ANY || known == version)) {
    status = mipc_region_whole(region);
  }
  if (status < 0) return status;
  *ret_version = version;
  return 0;
}
