/*
 * Creates a region, or joins one. Both happen under its creation lock.
 *
 * A creator may be killed between any two steps. The steps are in such an order that the next
 * opener recognizes every unfinished state: an empty file, or the magic with version 0. No process
 * is attached to an unfinished region, so the opener creates it again in the same file.
 */
#include <string.h>

#include "../base/status.h"
#include "../os/identity.h"
#include "../os/vm.h"
#include "region_i.h"

/* Magic and version 0, which a creator writes first. */
typedef struct {
  uint32_t magic, version;
} beginning_t;

/* Allocates the space of the file, which may have any length before. */
static int take_space(mipc_region_t *r, const mipc_i_opening_t *opening) {
  mipc_report_t *report = opening->report;
  if (report->file_size) {
    report->call = MIPC_CALL_WRITE;
    int status = mipc_shared_empty(r->presence);
    if (status < 0) return status;
  }
  const beginning_t beginning = {MIPC_REGION_MAGIC, 0};
  report->call = MIPC_CALL_WRITE;
  int64_t n = mipc_shared_write(r->presence, 0, &beginning, sizeof beginning);
  if (n < 0) return (int)n;
  report->call = MIPC_CALL_FALLOCATE;
  return mipc_file_extend(r->presence, sizeof beginning, MIPC_PAYLOAD_OFFSET + opening->spec->size);
}

/* Everything except the version: no process reads the rest before the version is stored. */
static void fill_header(mipc_region_t *r, const mipc_region_spec_t *spec) {
  mipc_region_shm_t *h = r->header;
  uint64_t boot[2] = {0, 0};
  if (r->place == MIPC_PLACE_PATH) mipc_boot_id(boot);
  h->magic = MIPC_REGION_MAGIC;
  h->header_size = MIPC_HEADER_SIZE;
  h->row_size = MIPC_PARTICIPANT_SIZE;
  h->row_count = MIPC_PARTICIPANTS;
  h->kind = spec->kind;
  h->payload_offset = MIPC_PAYLOAD_OFFSET;
  h->payload_size = spec->size;
  h->id_high = r->id[0];
  h->id_low = r->id[1];
  h->boot_high = boot[0];
  h->boot_low = boot[1];
  h->lock_id_high = r->id[0];
  h->lock_id_low = r->id[1];
  h->capacity = spec->capacity;
  h->codec = spec->codec;
  h->kind_words = spec->kind_words;
  h->end = MIPC_REGION_MAGIC;
  h->next_number = 1;
  r->kind = spec->kind;
  r->size = spec->size;
  r->capacity = spec->capacity;
  r->codec = spec->codec;
  r->kind_words = spec->kind_words;
}

static int join(mipc_region_t *r, const mipc_i_opening_t *opening) {
  opening->report->call = MIPC_CALL_FCNTL;
  int status = mipc_i_participant_join(r);
  if (status == 0) opening->report->call = MIPC_CALL_NONE;
  return status;
}

int mipc_i_region_make(mipc_region_t *r, const mipc_i_opening_t *opening) {
  int status = 0;
  /* An anonymous region already has its id, and a memfd its space. */
  bool has_name = r->place != MIPC_PLACE_ANONYMOUS && !r->unnamed;
  if (has_name) status = mipc_random(r->id, sizeof r->id);
  if (status == 0 && r->place != MIPC_PLACE_ANONYMOUS) status = take_space(r, opening);
  if (status == 0) status = mipc_i_header_map(r, opening);
  if (status < 0) return status;
  fill_header(r, opening->spec);
  /* release: a process that reads the version, with the creation lock or without it, also sees the
   * rest. If the creator dies before this store, the region is unfinished. */
  mipc_atomic_store_release(&r->header->version, MIPC_REGION_VERSION);
  status = join(r, opening);
  if (status == 0) r->made = true;
  if (status == 0 && r->place == MIPC_PLACE_NAME) mipc_i_name_created();
  return status;
}

/* Whether the region was written to in this boot; also true if a boot id is not known. */
static bool is_of_this_boot(const mipc_region_shm_t *copy, uint64_t ret_boot[2]) {
  mipc_boot_id(ret_boot);
  bool unknown = !(ret_boot[0] | ret_boot[1]) || !(copy->boot_high | copy->boot_low);
  return unknown || (copy->boot_high == ret_boot[0] && copy->boot_low == ret_boot[1]);
}

int mipc_i_region_damage(mipc_file_t presence, const mipc_region_shm_t *copy) {
  uint64_t boot[2];
  int writers = mipc_i_others_attached(presence, false);
  if (writers < 0) return writers;
  bool was_in_use = !writers && !is_of_this_boot(copy, boot) && copy->clean == 0;
  return was_in_use ? MIPC_E_UNCLEAN : MIPC_E_CORRUPT;
}

/*
 * A region in a file without writers may have gone through a power failure. If its last writer had
 * left and flushed it (`clean`), it is intact. Otherwise its words may hold anything, as they were
 * written to disk in any order or not at all. In both cases the numbers start at 1 again, as no
 * process that had a number is alive.
 */
static int enter_file(mipc_region_t *r, const mipc_i_opening_t *opening,
                      const mipc_region_shm_t *copy) {
  uint64_t boot[2] = {0, 0};
  int writers = mipc_i_others_attached(r->presence, false);
  if (writers < 0) return writers;
  bool fresh = writers || is_of_this_boot(copy, boot);
  if (!fresh && !copy->clean && !opening->spec->accept_unclean) return MIPC_E_UNCLEAN;
  if (r->read_only) return 0;
  if (!fresh) {
    mipc_i_participants_clear(r);
    mipc_atomic_store_relaxed_u64(&r->header->boot_high, boot[0]);
    mipc_atomic_store_relaxed_u64(&r->header->boot_low, boot[1]);
  }
  if (fresh && !copy->clean) return 0;
  /* This is on disk before any later store of this process can be. */
  mipc_atomic_store_relaxed(&r->header->clean, 0);
  return mipc_vm_flush(r->file, r->header, MIPC_HEADER_SIZE, false);
}

int mipc_i_region_join(mipc_region_t *r, const mipc_i_opening_t *opening,
                       const mipc_region_shm_t *copy) {
  int status = mipc_i_header_map(r, opening);
  if (status < 0) return status;
  r->id[0] = copy->id_high;
  r->id[1] = copy->id_low;
  r->kind = copy->kind;
  r->size = copy->payload_size;
  r->capacity = copy->capacity;
  r->codec = copy->codec;
  r->kind_words = copy->kind_words;
  if (r->place == MIPC_PLACE_PATH) status = enter_file(r, opening, copy);
  return status < 0 ? status : join(r, opening);
}
