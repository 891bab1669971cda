/*
 * Share: cell, lock and event put together. The contract stands in share.h.
 */
#include "share.h"

#include "../base/status.h"
#include "mapping_i.h"

/* Whether the words at hand are the region's: a file that was cut off shows zeros. */
static int check(const mipc_mapping_t *m) {
  int status = mipc_region_status(m->region);
  int lost = mipc_mapping_lost(m);
  return lost < 0 ? lost : status;
}

/* A mapping that is large enough by the header's own words: they were checked when the region was
 * opened, and are not read again. */
static int find_cell(const mipc_mapping_t *m, mipc_cell_t *ret_cell) {
  if (m->closed) return MIPC_E_CLOSED;
  if (!m->region) return MIPC_E_UNSUPPORTED;
  uint64_t capacity = mipc_region_capacity(m->region);
  uint64_t size = mipc_cell_size(capacity);
  if (!size || size > mipc_region_size(m->region) || m->offset != 0 ||
      m->size < MIPC_PAYLOAD_OFFSET + size) {
    return MIPC_E_CORRUPT;
  }
  *ret_cell = (mipc_cell_t){.header = (mipc_region_shm_t *)m->base,
                            .slots = m->base + MIPC_PAYLOAD_OFFSET,
                            .capacity = capacity,
                            .stride = mipc_cell_stride(capacity)};
  return 0;
}

static int set(mipc_mapping_t *m, mipc_lock_t *lock, const void *bytes, uint64_t expected,
               uint32_t us, mipc_share_way_t way, mipc_cell_value_t *value) {
  mipc_cell_t cell;
  int status = find_cell(m, &cell);
  if (status == 0) status = mipc_region_check_name(m->region);
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
  /* While we have the lock: if we die before those who wait are woken, whoever recovers it does. */
  if (status == 0) mipc_event_publish(cell.header);
  int left = mipc_lock_leave(lock);
  if (status == 0) status = left;
  if (status == 0) status = check(m);
  return status < 0 ? status : taken;
}

int mipc_share_set(mipc_mapping_t *m, const void *thread, const void *bytes, uint64_t expected,
                   uint32_t us, mipc_share_way_t way, mipc_cell_value_t *value) {
  mipc_lock_t *lock;
  int status = mipc_mapping_region_lock(m, thread, &lock);
  if (status < 0) return status;
  status = set(m, lock, bytes, expected, us, way, value);
  if (way != MIPC_SHARE_LAST) return status;
  mipc_lock_untell(lock);
  int left = mipc_lock_drop(lock);
  return status >= 0 && left < 0 ? left : status;
}

int mipc_share_get(mipc_mapping_t *m, void *to, uint64_t room, mipc_cell_value_t *ret_value) {
  mipc_cell_t cell;
  int status = find_cell(m, &cell);
  if (status < 0) return status;
  status = mipc_cell_read(&cell, to, room, ret_value);
  int whole = check(m);
  return whole < 0 ? whole : status;
}

int mipc_share_get_locked(mipc_mapping_t *m, const void *thread, void *to, uint64_t room,
                          uint32_t us, mipc_cell_value_t *ret_value) {
  mipc_lock_t *lock;
  int status = mipc_mapping_region_lock(m, thread, &lock);
  if (status < 0) return status;
  bool under = mipc_lock_held(lock);
  int taken = mipc_lock_enter(lock, us, under);
  if (taken <= 0) return taken < 0 ? taken : MIPC_CELL_OVERTAKEN;
  status = mipc_share_get(m, to, room, ret_value);
  int left = mipc_lock_leave(lock);
  if (left < 0) return left;
  /* Nobody else writes now: what cannot be read has been overwritten. */
  return status == MIPC_CELL_OVERTAKEN ? (int)MIPC_E_CORRUPT : status;
}

int mipc_share_look(mipc_mapping_t *m, mipc_cell_value_t *ret_value) {
  int status = mipc_share_get(m, NULL, 0, ret_value);
  return status == MIPC_CELL_MORE ? 0 : status;
}
