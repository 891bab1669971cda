/*
 * An open region: its status, its properties, and its close. The contract stands in region.h.
 */
#include "region.h"

#include <stdlib.h>

#include "../base/status.h"
#include "../os/fork.h"
#include "../os/process.h"
#include "../os/vm.h"
#include "region_i.h"

/* How long a close waits for the creation lock. */
#define LEAVE_MS 20

/* In the child of a fork() the descriptors are closed, and their numbers may belong to other files.
 */
static bool is_ours(const mipc_region_t *r) {
  return r->fork_generation == mipc_fork_generation();
}

static void close_files(mipc_region_t *r) {
  if (is_ours(r)) {
    mipc_shared_close(r->file);
    mipc_shared_close(r->presence);
  }
  r->file = r->presence = MIPC_NO_FILE;
}

static void unmap_header(mipc_region_t *r) {
  if (!r->header) return;
  mipc_guard_remove(r->guard);
  mipc_vm_unmap(r->header, MIPC_PAYLOAD_OFFSET);
  r->guard = NULL;
  r->header = NULL;
}

void mipc_i_region_discard(mipc_region_t *r) {
  mipc_i_inherit_remove(r);
  if (is_ours(r)) mipc_i_participant_leave(r);
  unmap_header(r);
  close_files(r);
  r->number = 0;
  r->made = false;
}

/* With the creation lock, after our byte was released: the work of the last participant. It removes
 * a name; it flushes a path and marks it clean. */
static void finish(mipc_region_t *r) {
  if (r->place == MIPC_PLACE_NAME) {
    if (mipc_i_others_attached(r->presence, true) == 0 &&
        mipc_shared_is_at(r->presence, r->path) == 1) {
      mipc_file_remove(r->path, r->presence);
    }
  } else if (!r->read_only && mipc_region_status(r) == 0 &&
             mipc_i_others_attached(r->presence, false) == 0 && mipc_shared_flush(r->file) == 0) {
    /* Everything is on disk, and no other writer is attached, so the region may be marked clean. */
    mipc_atomic_store_relaxed(&r->header->clean, 1);
    mipc_shared_flush(r->file);
  }
}

/*
 * The byte is released before the creation lock: if two participants leave one after the other,
 * they cannot both see the other one attached. If the lock cannot be taken, because its holder is
 * stopped, the byte is released anyway, and the lock is tried once more: the holder may have seen
 * our byte and left the rest to us.
 */
static void leave(mipc_region_t *r) {
  if (r->place == MIPC_PLACE_ANONYMOUS) {
    mipc_i_participant_leave(r);
    return;
  }
  int status = mipc_i_creation_lock(r->presence, mipc_clock_ms() + LEAVE_MS);
  mipc_i_participant_leave(r);
  if (status < 0) status = mipc_i_creation_lock(r->presence, 0);
  if (status < 0) return;
  finish(r);
  mipc_i_creation_unlock(r->presence);
}

void mipc_region_close(mipc_region_t *r) {
  if (r->closed) return;
  mipc_i_inherit_remove(r);
  if (is_ours(r) && r->byte) leave(r);
  r->closed = true;
  unmap_header(r);
  close_files(r);
}

void mipc_region_get(mipc_region_t *r) {
  /* relaxed: the caller has a reference, so that the count cannot reach 0 meanwhile. */
  mipc_atomic_add_relaxed(&r->refs, 1);
}

void mipc_region_put(mipc_region_t *r) {
  /* acq_rel: the release makes our last writes visible to the thread that frees the region; the
   * acquire makes theirs visible to us. */
  if (mipc_atomic_sub_acq_rel(&r->refs, 1) != 1) return;
  mipc_region_close(r);
  free(r->path);
  free(r);
}

int mipc_region_status(const mipc_region_t *r) {
  if (r->closed || !is_ours(r)) return MIPC_E_CLOSED;
  /* relaxed: these words publish nothing; they were stored before we attached. */
  uint64_t high = mipc_atomic_load_relaxed_u64(&r->header->id_high);
  uint64_t low = mipc_atomic_load_relaxed_u64(&r->header->id_low);
  uint64_t end = mipc_atomic_load_relaxed_u64(&r->header->end);
  int hit = mipc_guard_hit(r->guard);
  if (hit < 0) return hit;
  if (high == r->id[0] && low == r->id[1] && end == MIPC_REGION_MAGIC) return 0;
  /* If the file ends inside the page of the header, the rest of the page reads as zeros, and no
   * fault occurs. */
  return end == 0 ? (int)MIPC_E_TRUNCATED : (int)MIPC_E_CORRUPT;
}

int mipc_region_whole(const mipc_region_t *r) {
  int status = mipc_region_status(r);
  mipc_file_info_t info;
  if (status < 0 || mipc_file_stat(r->file, &info) < 0) return status;
  return info.size < MIPC_PAYLOAD_OFFSET + r->size ? (int)MIPC_E_TRUNCATED : 0;
}

uint64_t mipc_region_size(const mipc_region_t *r) {
  return r->size;
}

uint64_t mipc_region_capacity(const mipc_region_t *r) {
  return r->capacity;
}

const mipc_kind_words_t *mipc_region_kind_words(const mipc_region_t *r) {
  return &r->kind_words;
}

uint32_t mipc_region_number(const mipc_region_t *r) {
  return r->number;
}

bool mipc_region_read_only(const mipc_region_t *r) {
  return r->read_only;
}

bool mipc_region_sealed(const mipc_region_t *r) {
  return r->place == MIPC_PLACE_ANONYMOUS;
}

mipc_file_t mipc_region_file(const mipc_region_t *r) {
  return r->file;
}

int mipc_region_reopen(const mipc_region_t *r, mipc_file_t *ret_file) {
  if (r->closed || !is_ours(r)) return MIPC_E_CLOSED;
  return mipc_shared_reopen(r->file, r->path, true, ret_file);
}

mipc_region_shm_t *mipc_region_header(const mipc_region_t *r) {
  return r->header;
}

void mipc_region_id(const mipc_region_t *r, uint64_t ret_id[2]) {
  ret_id[0] = r->id[0];
  ret_id[1] = r->id[1];
}

const mipc_guard_t *mipc_region_guard(const mipc_region_t *r) {
  return r->guard;
}

uint32_t mipc_region_fork_generation(const mipc_region_t *r) {
  return r->fork_generation;
}
