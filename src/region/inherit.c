/*
 * What this process calls by a name: all its threads meet here, before they look at what came down
 * in the environment. A list of the attached regions themselves, under the mutex of the process.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/status.h"
#include "../os/fork.h"
#include "../os/process.h"
#include "region_i.h"

static mipc_region_t *first;

/* In the child of a fork() those of the parent are no more. */
static mipc_region_t *look_up(const char *name) {
  uint32_t generation = mipc_fork_generation();
  for (mipc_region_t *r = first; r; r = r->next) {
    if (r->fork_generation == generation && !strcmp(r->inherit, name)) return r;
  }
  return NULL;
}

int mipc_i_inherit_add(mipc_region_t *region, const char *name) {
  size_t size = strlen(name) + 1;
  char *copy = malloc(size);
  if (!copy) return mipc_no_memory();
  memcpy(copy, name, size);
  mipc_process_lock();
  mipc_region_t *other = look_up(name);
  /* Two objects of one region may be there; two regions of one name may not. */
  bool is_taken = other && memcmp(other->id, region->id, sizeof region->id) != 0;
  if (!is_taken) {
    region->inherit = copy;
    region->next = first;
    first = region;
  }
  mipc_process_unlock();
  if (is_taken) free(copy);
  return is_taken ? MIPC_AGAIN : 0;
}

void mipc_i_inherit_remove(mipc_region_t *region) {
  if (!region->inherit) return;
  mipc_process_lock();
  for (mipc_region_t **at = &first; *at; at = &(*at)->next) {
    if (*at != region) continue;
    *at = region->next;
    break;
  }
  mipc_process_unlock();
  free(region->inherit);
  region->inherit = NULL;
}

int mipc_i_inherit_find(const char *name, bool read_only, uint64_t ret_id[2],
                        mipc_file_t *ret_presence) {
  mipc_process_lock();
  const mipc_region_t *r = look_up(name);
  /* Under the mutex: it is taken off the list before its descriptor is closed. */
  int status = 0;
  if (r && r->unnamed)
    *ret_presence = MIPC_NO_FILE;
  else if (r)
    status = mipc_shared_reopen(r->file, NULL, read_only, ret_presence);
  if (r && status == 0) memcpy(ret_id, r->id, sizeof r->id);
  mipc_process_unlock();
  return r && status == 0 ? 1 : status;
}
