/*
 * What one object of JS uses. The contract stands in object.h.
 */
#include "object.h"

#include "../base/status.h"

int mipc_object_file_lock(mipc_object_t *object, mipc_filelock_t **ret_lock) {
  mipc_file_t file;
  bool own;
  int status = mipc_mapping_file(object->mapping, &file, &own);
  if (status < 0) return status;
  if (!object->file_lock) {
    status = mipc_filelock_open(file, own, &object->file_lock);
    if (status < 0 && !own) status = mipc_filelock_open(file, true, &object->file_lock);
    if (status < 0) return status;
  }
  *ret_lock = object->file_lock;
  return 0;
}

int mipc_object_region_lock(mipc_object_t *object, mipc_lock_t **ret_lock) {
  if (!object->region_lock) {
    mipc_region_t *region = mipc_mapping_region(object->mapping);
    if (!region) return MIPC_E_UNSUPPORTED;
    if (!mipc_region_header(region)) return MIPC_E_CLOSED;
    int status = mipc_lock_open(region, object->thread, &object->region_lock);
    if (status < 0) return status;
  }
  *ret_lock = object->region_lock;
  return 0;
}

int mipc_object_watch(mipc_object_t *object, mipc_watch_t **ret_watch) {
  if (!object->watch) {
    mipc_region_t *region = mipc_mapping_region(object->mapping);
    if (!region) return MIPC_E_UNSUPPORTED;
    int status = mipc_watch_open(region, object->notify, object->notified, &object->watch);
    if (status < 0) return status;
  }
  *ret_watch = object->watch;
  return 0;
}

int mipc_object_map(mipc_object_t *object, mipc_map_t **ret_map) {
  if (!object->map) {
    uint64_t mapped;
    mipc_region_t *region = mipc_mapping_region(object->mapping);
    mipc_region_shm_t *header = mipc_mapping_header(object->mapping, &mapped);
    if (!region) return MIPC_E_UNSUPPORTED;
    if (!header) return MIPC_E_CLOSED;
    if (mapped < MIPC_PAYLOAD_OFFSET + mipc_region_size(region)) return MIPC_E_CORRUPT;
    int status = mipc_map_open(region, (uint8_t *)header + MIPC_PAYLOAD_OFFSET,
                               mipc_mapping_guard(object->mapping), &object->map);
    if (status < 0) return status;
  }
  *ret_map = object->map;
  return 0;
}

void mipc_object_give_up(mipc_object_t *object) {
  mipc_filelock_close(object->file_lock);
  mipc_watch_close(object->watch);
  mipc_lock_close(object->region_lock);
  mipc_map_close(object->map);
  object->map = NULL;
  object->file_lock = NULL;
  object->watch = NULL;
  object->region_lock = NULL;
}

void mipc_object_close(mipc_object_t *object, uint32_t detached) {
  mipc_object_give_up(object);
  mipc_mapping_close(object->mapping, detached);
}

bool mipc_object_holds(const mipc_object_t *object) {
  return (object->file_lock && mipc_filelock_holds(object->file_lock)) ||
         (object->region_lock && mipc_lock_holds(object->region_lock));
}
