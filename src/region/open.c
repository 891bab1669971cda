/*
 * Opening a region: from what the user says to a file, and, under its creation lock, what becomes
 * of it. The contract stands in region.h.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/range.h"
#include "../base/status.h"
#include "../os/fork.h"
#include "../os/identity.h"
#include "../os/process.h"
#include "../os/vm.h"
#include "region_i.h"

/* How often an open starts again whatever its deadline: each time another process was faster. */
#define FREE_TRIES 8

static int check(const mipc_region_spec_t *spec) {
  if (spec->place != MIPC_PLACE_ANONYMOUS && !spec->where) return MIPC_E_RANGE;
  if (!mipc_range_fits(MIPC_MAX_OFFSET, MIPC_PAYLOAD_OFFSET, spec->size)) return MIPC_E_RANGE;
  return spec->size > SIZE_MAX / 2 - MIPC_PAYLOAD_OFFSET ? MIPC_E_RANGE : 0;
}

static bool may_make(const mipc_region_spec_t *spec) {
  return spec->create != MIPC_CREATE_NEVER && !spec->read_only && spec->size > 0;
}

/* The report hears which file it is. */
static int look_at(const mipc_region_t *r, const mipc_i_opening_t *o, mipc_file_info_t *ret_info) {
  o->report->call = MIPC_CALL_FSTAT;
  int status = mipc_file_stat(r->presence, ret_info);
  if (status < 0) return status;
  o->report->call = MIPC_CALL_NONE;
  o->report->kind = ret_info->kind;
  o->report->device = ret_info->device;
  o->report->inode = ret_info->inode;
  o->report->file_size = ret_info->size;
  return 0;
}

static int try_path(mipc_region_t *r, const mipc_i_opening_t *o);

static int set_path(mipc_region_t *r, const char *path) {
  size_t size = strlen(path) + 1;
  char *copy = malloc(size);
  if (!copy) return mipc_no_memory();
  memcpy(copy, path, size);
  free(r->path);
  r->path = copy;
  return 0;
}

/* Makes or joins anonymous memory that is a file in the directory of names. It lives as a name
 * does; only its handle leads to it. */
static int open_unnamed(mipc_region_t *r, const mipc_i_opening_t *o, const uint64_t id[2]) {
  char path[MIPC_SHARED_PATH];
  uint64_t wanted[2] = {id[0], id[1]};
  int status = mipc_i_unnamed_path(o->spec, may_make(o->spec), wanted, o->report, path);
  if (status == 0) status = set_path(r, path);
  if (status < 0) return status;
  r->place = MIPC_PLACE_NAME;
  r->unnamed = true;
  status = try_path(r, o);
  bool is_other = status == 0 && (r->id[0] != wanted[0] || r->id[1] != wanted[1]);
  return is_other ? (int)MIPC_E_CORRUPT : status;
}

/* As at the beginning, also after a file was looked for. */
static void be_anonymous(mipc_region_t *r) {
  mipc_i_region_discard(r);
  free(r->path);
  r->path = NULL;
  r->unnamed = false;
  r->place = MIPC_PLACE_ANONYMOUS;
}

/* Makes an anonymous one. */
static int open_anonymous(mipc_region_t *r, const mipc_i_opening_t *o) {
  if (!may_make(o->spec)) return MIPC_E_RANGE;
  be_anonymous(r);
  char name[MIPC_ID_NAME_SIZE];
  int status = mipc_random(r->id, sizeof r->id);
  if (status < 0) return status;
  mipc_i_id_name(r->id, name);
  uint64_t size = MIPC_PAYLOAD_OFFSET + o->spec->size;
  status = mipc_shared_anonymous(name, size, &r->presence, &o->report->call);
  if (status == MIPC_E_UNSUPPORTED) return open_unnamed(r, o, r->id);
  if (status < 0) return status;
  /* Others may find it from now on, by its name alone; they wait for this lock. */
  o->report->call = MIPC_CALL_FLOCK;
  status = mipc_i_creation_lock(r->presence, o->deadline);
  if (status == 0) {
    status = mipc_i_region_make(r, o);
    mipc_i_creation_unlock(r->presence);
  }
  return status;
}

/* Joins the anonymous one of this id that the presence descriptor was opened to. */
static int join_anonymous(mipc_region_t *r, const mipc_i_opening_t *o, const uint64_t id[2]) {
  mipc_region_shm_t copy;
  mipc_file_info_t info;
  int state;
  int status = look_at(r, o, &info);
  if (status < 0) return status;
  o->report->call = MIPC_CALL_FLOCK;
  status = mipc_i_creation_lock(r->presence, o->deadline);
  if (status < 0) return status;
  status = mipc_i_header_read(r->presence, o->report, &copy, &state);
  if (status == 0) status = state == MIPC_REGION_UNFINISHED ? (int)MIPC_E_CORRUPT : state;
  if (status == 0 && (copy.id_high != id[0] || copy.id_low != id[1])) status = MIPC_E_CORRUPT;
  if (status == 0) status = mipc_i_header_fits(o->spec, &copy);
  if (status == 0) status = mipc_i_region_join(r, o, &copy);
  mipc_i_creation_unlock(r->presence);
  return status;
}

/* A handle, or a name that is inherited, never makes what it leads to. */
static int join_unnamed(mipc_region_t *r, const mipc_i_opening_t *o, const uint64_t id[2]) {
  mipc_region_spec_t spec = *o->spec;
  mipc_i_opening_t joining = *o;
  spec.create = MIPC_CREATE_NEVER;
  joining.spec = &spec;
  return open_unnamed(r, &joining, id);
}

static int open_handle(mipc_region_t *r, const mipc_i_opening_t *o, const char *handle) {
  mipc_i_handle_t parsed;
  if (!mipc_i_handle_parse(handle, &parsed)) return MIPC_E_RANGE;
  if (parsed.is_file) return join_unnamed(r, o, parsed.id);
  int status = mipc_i_handle_open(&parsed, o->spec->read_only, o->report, &r->presence);
  return status < 0 ? status : join_anonymous(r, o, parsed.id);
}

/* One look: at the table of this process, at what came down, and then, if that may be, a new one.
 */
static int try_inherit(mipc_region_t *r, const mipc_i_opening_t *o) {
  const mipc_region_spec_t *spec = o->spec;
  bool exclusive = spec->create == MIPC_CREATE_EXCLUSIVE;
  uint64_t id[2];
  o->report->call = MIPC_CALL_OPEN;
  int found = mipc_i_inherit_find(spec->where, spec->read_only, id, &r->presence);
  if (found < 0) return found;
  int status = mipc_not_there();
  if (found) {
    status = exclusive            ? mipc_already_there()
             : r->presence.os < 0 ? join_unnamed(r, o, id)
                                  : join_anonymous(r, o, id);
  } else if (spec->inherited) {
    status = open_handle(r, o, spec->inherited);
    if (status == 0 && exclusive) return mipc_already_there();
  }
  if (status == mipc_not_there()) {
    if (spec->must_inherit && !exclusive) return MIPC_E_NOT_INHERITED;
    if (!may_make(spec)) return status;
    status = open_anonymous(r, o);
  }
  return status < 0 ? status : mipc_i_inherit_add(r, spec->where);
}

/* Of a file that was opened: whether it may be a region of the user's. */
static int look(const mipc_region_t *r, const mipc_i_opening_t *o) {
  mipc_file_info_t info;
  int status = look_at(r, o, &info);
  if (status < 0) return status;
  if (info.kind != MIPC_KIND_FILE) return MIPC_E_UNSUPPORTED;
  if (r->place == MIPC_PLACE_NAME && !info.own) return MIPC_E_OWNER;
  if (!mipc_shared_trusted(r->presence, r->path)) return MIPC_E_OWNER;
  return o->spec->any_filesystem || mipc_file_coherent(r->presence) ? 0 : (int)MIPC_E_FILESYSTEM;
}

/* With the creation lock: removes the name of a stale file. */
static int remove_stale(const mipc_region_t *r, const mipc_i_opening_t *o) {
  mipc_file_remove(r->path, r->presence);
  return may_make(o->spec) ? MIPC_AGAIN : mipc_not_there();
}

/* With the creation lock, in a file that has nothing yet: makes it, or leaves it as it was. */
static int make_in_file(mipc_region_t *r, const mipc_i_opening_t *o, bool made) {
  if (!may_make(o->spec)) {
    return r->place == MIPC_PLACE_NAME ? remove_stale(r, o) : mipc_not_there();
  }
  int status = mipc_i_region_make(r, o);
  if (status == 0) return 0;
  /* Back to version 0, and first: others may be waiting for the lock with this file open. */
  mipc_i_participant_leave(r);
  mipc_shared_empty(r->presence);
  if (made || r->place == MIPC_PLACE_NAME) mipc_file_remove(r->path, r->presence);
  return status;
}

/* With the creation lock, and the path leading to this file. */
static int settle(mipc_region_t *r, const mipc_i_opening_t *o, bool made) {
  mipc_region_shm_t copy;
  int state, held = 1;
  int status = mipc_i_header_read(r->presence, o->report, &copy, &state);
  if (status < 0) return status;
  if (state == MIPC_REGION_UNFINISHED || r->place == MIPC_PLACE_NAME) {
    o->report->call = MIPC_CALL_FCNTL;
    held = mipc_i_others_attached(r->presence, true);
    if (held < 0) return held;
    o->report->call = MIPC_CALL_NONE;
  }
  /* No process attaches before the version is stored. So if one is attached, the region was
   * finished and has been cut off or overwritten since. It is not created again, as its
   * participants still use it. */
  if (state == MIPC_REGION_UNFINISHED)
    return held ? (int)MIPC_E_TRUNCATED : make_in_file(r, o, made);
  if (!held) return remove_stale(r, o);
  if (o->spec->create == MIPC_CREATE_EXCLUSIVE) return mipc_already_there();
  if (state == MIPC_E_CORRUPT && r->place == MIPC_PLACE_PATH)
    state = mipc_i_region_damage(r->presence, &copy);
  status = state < 0 ? state : mipc_i_header_fits(o->spec, &copy);
  return status < 0 ? status : mipc_i_region_join(r, o, &copy);
}

static int try_path(mipc_region_t *r, const mipc_i_opening_t *o) {
  uint32_t flags = o->spec->read_only ? MIPC_OPEN_READ : MIPC_OPEN_WRITE;
  if (may_make(o->spec)) flags |= MIPC_OPEN_CREATE;
  bool made;
  o->report->call = MIPC_CALL_OPEN;
  int status = mipc_shared_open(r->path, flags, o->spec->mode, &r->presence, &made);
  /* Made and removed by others as we look, or a folder that is not there: we cannot tell. */
  bool may_come = status == mipc_not_there() && may_make(o->spec) && o->tries < FREE_TRIES;
  if (status < 0) return may_come ? MIPC_AGAIN : status;
  status = look(r, o);
  if (status < 0) {
    /* On such a file system no process creates anything: it is as empty as we made it. */
    if (made) mipc_file_remove(r->path, r->presence);
    return status;
  }
  o->report->call = MIPC_CALL_FLOCK;
  status = mipc_i_creation_lock(r->presence, o->deadline);
  /* The system gives no locks here (ENOLCK), so no process can have begun to use the file. */
  if (status < 0 && status != MIPC_E_TIMEOUT && made) mipc_file_remove(r->path, r->presence);
  if (status < 0) return status;
  status = mipc_shared_is_at(r->presence, r->path) == 1 ? settle(r, o, made) : MIPC_AGAIN;
  mipc_i_creation_unlock(r->presence);
  return status;
}

static int find_path(mipc_region_t *r, const mipc_i_opening_t *o) {
  char path[MIPC_SHARED_PATH];
  const char *from = o->spec->where;
  if (r->place == MIPC_PLACE_NAME) {
    int status = mipc_i_name_path(o->spec, may_make(o->spec), o->report, path);
    if (status < 0) return status;
    from = path;
  }
  return set_path(r, from);
}

/* One try at the place that the spec names; MIPC_AGAIN: it was gone before we had it. */
static int try_place(mipc_region_t *r, const mipc_i_opening_t *o) {
  switch (o->spec->place) {
  case MIPC_PLACE_ANONYMOUS:
    return open_anonymous(r, o);
  case MIPC_PLACE_HANDLE:
    return open_handle(r, o, o->spec->where);
  case MIPC_PLACE_INHERIT:
    return try_inherit(r, o);
  default: {
    int status = r->path ? 0 : find_path(r, o);
    return status < 0 ? status : try_path(r, o);
  }
  }
}

static void begin(mipc_region_t *r, const mipc_region_spec_t *spec) {
  bool has_path = spec->place == MIPC_PLACE_NAME || spec->place == MIPC_PLACE_PATH;
  r->refs = 1;
  r->place = has_path ? spec->place : MIPC_PLACE_ANONYMOUS;
  r->read_only = spec->read_only;
  r->fork_generation = mipc_fork_generation();
  r->presence = r->file = MIPC_NO_FILE;
  r->row = -1;
}

int mipc_region_open(const mipc_region_spec_t *spec, mipc_report_t *report,
                     mipc_region_t **ret_region) {
  *report = (mipc_report_t){.fd = -1, .page_size = (uint32_t)mipc_vm_page_size()};
  int status = check(spec);
  if (status < 0) return status;
  mipc_region_t *r = calloc(1, sizeof *r);
  if (!r) return mipc_no_memory();
  begin(r, spec);
  mipc_i_opening_t opening = {spec, report, mipc_clock_ms() + spec->wait_ms, 0};
  do {
    if (opening.tries++) mipc_i_region_discard(r);
    status = try_place(r, &opening);
    bool is_late = opening.tries >= FREE_TRIES && mipc_clock_ms() >= opening.deadline;
    if (status == MIPC_AGAIN && is_late) status = MIPC_E_TIMEOUT;
  } while (status == MIPC_AGAIN);
  if (status < 0) {
    mipc_i_region_discard(r);
    mipc_region_put(r);
    return status;
  }
  report->call = MIPC_CALL_NONE;
  report->size = r->size;
  report->capacity = r->capacity ? r->capacity : r->size;
  report->region_kind = r->kind;
  report->codec = r->codec;
  report->version = MIPC_REGION_VERSION;
  report->number = r->number;
  report->made = r->made;
  if (r->place == MIPC_PLACE_NAME) mipc_i_names_sweep(r->path);
  *ret_region = r;
  return 0;
}
