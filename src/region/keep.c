/*
 * Regions that stay attached after their objects were collected: a list of the process, under its
 * mutex. The contract stands in region.h.
 */
#include <stdlib.h>
#include <string.h>

#include "../os/fork.h"
#include "../os/process.h"
#include "region_i.h"

static mipc_region_t *first;
static uint32_t generation; /* of the process that made the newest entry */
static bool leaves_at_exit;

void mipc_region_show(mipc_region_t *region) {
  region->shown = true;
}

/* Whether other processes can find it. */
static bool is_visible(const mipc_region_t *r) {
  /* The file of an unnamed region can only be found by its handle. */
  bool is_found = (r->place == MIPC_PLACE_NAME && !r->unnamed) || r->place == MIPC_PLACE_PATH;
  return is_found || r->inherit || r->shown;
}

/* Whether other processes can find `kept` in every way in which they can find `region`. */
static bool covers(const mipc_region_t *kept, const mipc_region_t *region) {
  if (!region->inherit) return true;
  return kept->inherit && !strcmp(kept->inherit, region->inherit);
}

static bool is_same(const mipc_region_t *a, const mipc_region_t *b) {
  return a->fork_generation == b->fork_generation && a->id[0] == b->id[0] && a->id[1] == b->id[1];
}

/* Removes and returns one entry of this process. Entries that a fork() has copied stay. */
static mipc_region_t *take_own(void) {
  mipc_process_lock();
  mipc_region_t **at = &first;
  while (*at && (*at)->fork_generation != generation) {
    at = &(*at)->next_kept;
  }
  mipc_region_t *region = *at;
  if (region) *at = region->next_kept;
  mipc_process_unlock();
  return region;
}

/* Runs at the exit of the process. The kernel would do the same, except that the files of names
 * would stay until the next open of any name. In the child of a fork() the entries are the
 * parent's, and the mutex may be held by a thread that does not exist in the child. */
static void leave_all(void) {
  if (generation != mipc_fork_generation()) return;
  for (mipc_region_t *region; (region = take_own());) {
    mipc_region_put(region);
  }
}

void mipc_region_keep(mipc_region_t *region) {
  /* The status is CLOSED in the child of a fork(). A damaged region is of no use to others. */
  if (!is_visible(region) || mipc_region_status(region) != 0) return;
  mipc_process_lock();
  mipc_region_t **at = &first;
  while (*at && !(is_same(*at, region) && (covers(*at, region) || covers(region, *at)))) {
    at = &(*at)->next_kept;
  }
  mipc_region_t *before = *at;
  bool is_covered = before && covers(before, region);
  if (!is_covered) {
    mipc_region_get(region);
    region->next_kept = before ? before->next_kept : NULL;
    *at = region;
    generation = region->fork_generation;
    if (!leaves_at_exit) leaves_at_exit = atexit(leave_all) == 0;
  }
  mipc_process_unlock();
  /* After the unlock, as the close takes the mutex. */
  if (before && !is_covered) mipc_region_put(before);
}

bool mipc_region_is_kept(const char *name) {
  uint32_t now = mipc_fork_generation();
  mipc_process_lock();
  const mipc_region_t *r = first;
  while (r && !(r->fork_generation == now && r->inherit && !strcmp(r->inherit, name))) {
    r = r->next_kept;
  }
  mipc_process_unlock();
  return r != NULL;
}
