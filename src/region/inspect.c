/*
 * A region from outside: looking at it and removing it, without attaching.
 */
#include "../base/status.h"
#include "../os/process.h"
#include "../os/vm.h"
#include "region_i.h"

/* The file of unnamed memory; its directory was checked to be this user's own. */
static int open_unnamed(const mipc_region_spec_t *spec, const uint64_t id[2], mipc_report_t *report,
                        char path[MIPC_SHARED_PATH], mipc_file_t *ret_file) {
  bool made;
  int status = mipc_i_unnamed_path(spec, false, id, report, path);
  if (status < 0) return status;
  report->call = MIPC_CALL_OPEN;
  return mipc_shared_open(path, MIPC_OPEN_READ, 0, ret_file, &made);
}

static int open_handle(const mipc_region_spec_t *spec, const char *text, mipc_report_t *report,
                       char path[MIPC_SHARED_PATH], mipc_file_t *ret_file) {
  mipc_i_handle_t handle;
  if (!mipc_i_handle_parse(text, &handle)) return MIPC_E_RANGE;
  if (handle.is_file) return open_unnamed(spec, handle.id, report, path, ret_file);
  return mipc_i_handle_open(&handle, true, report, ret_file);
}

/* Opens what the spec names, for reading. `ret_path` of NAME and PATH. */
static int open_outside(const mipc_region_spec_t *spec, mipc_report_t *report,
                        char name_path[MIPC_SHARED_PATH], const char **ret_path,
                        mipc_file_t *ret_file) {
  *report = (mipc_report_t){.fd = -1, .page_size = (uint32_t)mipc_vm_page_size()};
  if (!spec->where) return MIPC_E_RANGE;
  mipc_file_info_t info;
  bool made;
  int status = 0;
  *ret_path = spec->where;
  if (spec->place == MIPC_PLACE_HANDLE) {
    status = open_handle(spec, spec->where, report, name_path, ret_file);
    if (status < 0) return status;
  } else if (spec->place == MIPC_PLACE_NAME) {
    status = mipc_i_name_path(spec, false, report, name_path);
    *ret_path = name_path;
  } else if (spec->place == MIPC_PLACE_INHERIT) {
    uint64_t id[2];
    report->call = MIPC_CALL_OPEN;
    status = mipc_i_inherit_find(spec->where, true, id, ret_file);
    if (status == 0 && !spec->inherited) return mipc_not_there();
    if (status == 0)
      status = open_handle(spec, spec->inherited, report, name_path, ret_file);
    else if (status > 0 && ret_file->os < 0)
      status = open_unnamed(spec, id, report, name_path, ret_file);
    if (status < 0) return status;
    status = 0;
  } else if (spec->place != MIPC_PLACE_PATH) {
    return MIPC_E_RANGE;
  }
  if (status == 0 && (spec->place == MIPC_PLACE_NAME || spec->place == MIPC_PLACE_PATH)) {
    report->call = MIPC_CALL_OPEN;
    status = mipc_shared_open(*ret_path, MIPC_OPEN_READ, 0, ret_file, &made);
  }
  if (status < 0) return status;
  report->call = MIPC_CALL_FSTAT;
  status = mipc_file_stat(*ret_file, &info);
  if (status == 0) {
    report->call = MIPC_CALL_NONE;
    report->kind = info.kind;
    report->device = info.device;
    report->inode = info.inode;
    report->file_size = info.size;
    if (info.kind != MIPC_KIND_FILE) status = MIPC_E_UNSUPPORTED;
  }
  if (status < 0) mipc_shared_close(*ret_file);
  return status;
}

int mipc_region_inspect(const mipc_region_spec_t *spec, mipc_report_t *report,
                        mipc_region_facts_t *ret_facts, mipc_participant_t *list, uint32_t capacity,
                        mipc_region_visit_t *visit, void *context) {
  char name_path[MIPC_SHARED_PATH];
  const char *path;
  mipc_file_t file;
  mipc_region_shm_t copy;
  mipc_region_facts_t facts = {0};
  int status = open_outside(spec, report, name_path, &path, &file);
  if (status < 0) return status;
  status = mipc_i_header_read(file, report, &copy, &facts.state);
  if (status == 0) facts.version = report->version;
  if (status == 0 && facts.state == 0) {
    facts.id[0] = copy.id_high;
    facts.id[1] = copy.id_low;
    facts.size = copy.payload_size;
    facts.kind = copy.kind;
    facts.clean = copy.clean;
    if (visit) visit(file, &copy, context);
    mipc_i_participants_look(file, &facts, list, capacity);
  }
  mipc_shared_close(file);
  if (status == 0) *ret_facts = facts;
  return status;
}

/* Before the file is removed: those attached are to know that it was meant. Where that fails they
 * take it for lost, which it is. */
static void mark_unlinked(mipc_file_t file, const char *path) {
  static const uint32_t yes = 1;
  mipc_file_t writable;
  if (mipc_shared_reopen(file, path, false, &writable) < 0) return;
  mipc_shared_write(writable, offsetof(mipc_region_shm_t, unlinked), &yes, sizeof yes);
  mipc_shared_close(writable);
}

/* With the creation lock: only what is a region, or was to become one, is removed; in the directory
 * of names there is nothing else. */
static int remove_region(const mipc_region_spec_t *spec, mipc_report_t *report, mipc_file_t file,
                         const char *path) {
  mipc_region_shm_t copy;
  int state;
  if (mipc_shared_is_at(file, path) != 1) return MIPC_AGAIN;
  int status = mipc_i_header_read(file, report, &copy, &state);
  if (status < 0) return status;
  if (spec->place == MIPC_PLACE_PATH && state == MIPC_E_FOREIGN) return MIPC_E_FOREIGN;
  if (state == 0) mark_unlinked(file, path);
  report->call = MIPC_CALL_UNLINK;
  return mipc_shared_unlink(path);
}

int mipc_region_unlink(const mipc_region_spec_t *spec, mipc_report_t *report) {
  char name_path[MIPC_SHARED_PATH];
  const char *path;
  mipc_file_t file;
  uint64_t deadline = mipc_clock_ms() + spec->wait_ms;
  int status;
  if (spec->place != MIPC_PLACE_NAME && spec->place != MIPC_PLACE_PATH) return MIPC_E_RANGE;
  do {
    status = open_outside(spec, report, name_path, &path, &file);
    if (status < 0) return status;
    report->call = MIPC_CALL_FLOCK;
    status = mipc_i_creation_lock(file, deadline);
    if (status == 0) {
      status = remove_region(spec, report, file, path);
      mipc_i_creation_unlock(file);
    }
    mipc_shared_close(file);
    if (status == MIPC_AGAIN && mipc_clock_ms() >= deadline) status = MIPC_E_TIMEOUT;
  } while (status == MIPC_AGAIN);
  return status;
}
