/*
 * The header of a region: what may be believed of it, and mapping it.
 */
#include "../base/range.h"
#include "../base/status.h"
#include "../os/process.h"
#include "../os/quarantine.h"
#include "../os/vm.h"
#include "region_i.h"

/* What this version knows. */
#define KNOWN_INCOMPATIBLE 0u

static uint32_t swapped(uint32_t word) {
  return word << 24 | (word & 0xFF00) << 8 | (word >> 8 & 0xFF00) | word >> 24;
}

int mipc_region_validate(const mipc_region_shm_t *h, uint64_t file_size) {
  if (file_size == 0) return MIPC_REGION_UNFINISHED;
  /* A maker writes magic and version 0 before the file gets any longer. */
  if (file_size < offsetof(mipc_region_shm_t, header_size)) return MIPC_E_FOREIGN;
  if (h->magic == swapped(MIPC_REGION_MAGIC)) return MIPC_E_VERSION;
  if (h->magic != MIPC_REGION_MAGIC) return MIPC_E_FOREIGN;
  if (h->version == 0) return MIPC_REGION_UNFINISHED;
  if (h->version != MIPC_REGION_VERSION) return MIPC_E_VERSION;
  if (file_size < MIPC_PAYLOAD_OFFSET) return MIPC_E_CORRUPT;
  if (h->incompatible & ~KNOWN_INCOMPATIBLE) return MIPC_E_VERSION;
  bool same_sizes = h->header_size == MIPC_HEADER_SIZE && h->row_size == MIPC_PARTICIPANT_SIZE &&
                    h->row_count == MIPC_PARTICIPANTS && h->payload_offset == MIPC_PAYLOAD_OFFSET;
  bool good_payload = h->payload_size > 0 && h->payload_size <= MIPC_MAX_OFFSET &&
                      mipc_range_fits(file_size, h->payload_offset, h->payload_size);
  bool good_number = h->next_number >= 1 && h->next_number <= MIPC_MAX_NUMBER + 1;
  bool good_rest = h->kind != 0 && (h->id_high || h->id_low) && h->clean <= 1 &&
                   h->lock_id_high == h->id_high && h->lock_id_low == h->id_low &&
                   h->capacity <= h->payload_size && h->end == MIPC_REGION_MAGIC;
  return same_sizes && good_payload && good_number && good_rest ? 0 : (int)MIPC_E_CORRUPT;
}

int mipc_i_header_read(mipc_file_t file, mipc_report_t *report, mipc_region_shm_t *ret_copy,
                       int *ret_state) {
  mipc_file_info_t info;
  report->call = MIPC_CALL_FSTAT;
  int status = mipc_file_stat(file, &info);
  if (status < 0) return status;
  *ret_copy = (mipc_region_shm_t){0};
  report->call = MIPC_CALL_READ;
  int64_t n = mipc_shared_read(file, 0, ret_copy, sizeof *ret_copy);
  if (n < 0) return (int)n;
  report->call = MIPC_CALL_NONE;
  report->file_size = info.size;
  int state = mipc_region_validate(ret_copy, info.size);
  if (ret_copy->magic == MIPC_REGION_MAGIC) report->version = ret_copy->version;
  if (state == 0) {
    report->region_kind = ret_copy->kind;
    report->capacity = ret_copy->capacity ? ret_copy->capacity : ret_copy->payload_size;
  }
  *ret_state = state;
  return 0;
}

int mipc_i_header_fits(const mipc_region_spec_t *spec, const mipc_region_shm_t *copy) {
  if (copy->kind != spec->kind) return MIPC_E_KIND;
  if (copy->payload_size < spec->size || copy->capacity < spec->capacity) return MIPC_E_TOO_SMALL;
  /* What cannot be mapped is not attached to. */
  return copy->payload_size > SIZE_MAX / 2 - MIPC_PAYLOAD_OFFSET ? MIPC_E_RANGE : 0;
}

int mipc_i_header_map(mipc_region_t *r, const mipc_i_opening_t *opening) {
  opening->report->call = MIPC_CALL_OPEN;
  int status = mipc_shared_reopen(r->presence, r->path, r->read_only, &r->file);
  if (status < 0) return status;
  void *base;
  opening->report->call = MIPC_CALL_MMAP;
  mipc_vm_access_t access = r->read_only ? MIPC_VM_READ : MIPC_VM_WRITE;
  do {
    status = mipc_vm_map(r->file, 0, MIPC_PAYLOAD_OFFSET, access, &base);
  } while (status == mipc_no_memory() && mipc_quarantine_give_way());
  if (status < 0) return status;
  opening->report->call = MIPC_CALL_NONE;
  mipc_vm_hide(base, MIPC_PAYLOAD_OFFSET);
  r->header = base;
  if (!mipc_region_sealed(r) && opening->spec->guard) {
    r->guard = mipc_guard_add(base, MIPC_PAYLOAD_OFFSET, r->file, 0);
  }
  return 0;
}
