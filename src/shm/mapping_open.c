/*
 * Opening a mapping. The order matters: map first, allocate space afterwards. If the system refuses
 * to map, the file is unchanged; and no code touches the pages beyond the old end in between.
 */
#include <stdlib.h>

#include "../base/range.h"
#include "../base/status.h"
#include "../os/process.h"
#include "../os/quarantine.h"
#include "mapping_i.h"

static bool is_shared_writer(const mipc_mapping_spec_t *spec) {
  return (spec->prot & MIPC_PROT_WRITE) && !spec->copy_on_write;
}

static int check(const mipc_mapping_spec_t *spec) {
  const uint32_t all = MIPC_PROT_READ | MIPC_PROT_WRITE;
  if (!spec->prot || (spec->prot & ~all)) return MIPC_E_RANGE;
  if (!mipc_range_fits(MIPC_MAX_OFFSET, spec->offset, spec->length)) return MIPC_E_RANGE;
  if (spec->region) {
    bool read_only = mipc_region_read_only(spec->region);
    return read_only && is_shared_writer(spec) ? (int)MIPC_E_ACCESS : 0;
  }
  if (spec->create == MIPC_CREATE_EXCLUSIVE && (!spec->length || !is_shared_writer(spec))) {
    return MIPC_E_RANGE;
  }
  return 0;
}

static int open_file(const mipc_mapping_spec_t *spec, mipc_file_t *ret_file, bool *ret_made,
                     uint32_t *call) {
  if (!spec->path) {
    *call = MIPC_CALL_DUP;
    return mipc_file_dup(spec->fd, ret_file);
  }
  uint32_t flags = MIPC_OPEN_READ;
  if (is_shared_writer(spec)) {
    flags = MIPC_OPEN_WRITE;
    if (spec->create != MIPC_CREATE_NEVER && spec->length) flags |= MIPC_OPEN_CREATE;
    if (spec->create == MIPC_CREATE_EXCLUSIVE) flags |= MIPC_OPEN_EXCLUSIVE;
  }
  *call = MIPC_CALL_OPEN;
  return mipc_file_open(spec->path, flags, spec->mode, ret_file, ret_made);
}

/* The number of bytes to map, and whether the file must grow. */
static int measure(const mipc_mapping_spec_t *spec, uint64_t file_size, uint64_t *ret_size,
                   bool *ret_grow) {
  uint64_t size = spec->length;
  bool grow = false;
  if (!size) {
    if (file_size <= spec->offset) return MIPC_E_FILE_TOO_SMALL;
    size = file_size - spec->offset;
    if (!mipc_range_fits(MIPC_MAX_OFFSET, spec->offset, size)) return MIPC_E_RANGE;
  } else if (file_size < spec->offset + size) {
    if (!is_shared_writer(spec)) return MIPC_E_FILE_TOO_SMALL;
    grow = true;
  }
  *ret_size = size;
  *ret_grow = grow;
  return 0;
}

/* Sets the offset, the size, and the pages to map. */
static int set_range(mipc_mapping_t *m, uint64_t offset, uint64_t size) {
  m->offset = offset;
  m->size = size;
  m->slop = (size_t)(offset % mipc_vm_granularity());
  if (size > SIZE_MAX / 2 - m->slop) return MIPC_E_RANGE;
  m->span = (size_t)size + m->slop;
  return 0;
}

/* Frees address space that is in quarantine (quarantine.h) before a mapping is refused. */
static bool may_try_again(int status) {
  return status == mipc_no_memory() && mipc_quarantine_give_way();
}

static int map_range(const mipc_mapping_t *m, mipc_vm_access_t access, void **ret_base) {
  int status;
  do {
    status = mipc_vm_map(m->file, m->offset - m->slop, m->span, access, ret_base);
  } while (may_try_again(status));
  return status;
}

/* Maps the one or two ranges that mapping.h describes. */
static int map_ranges(mipc_mapping_t *m, const mipc_mapping_spec_t *spec) {
  mipc_vm_access_t access = !(spec->prot & MIPC_PROT_WRITE) ? MIPC_VM_READ
                            : spec->copy_on_write           ? MIPC_VM_COPY
                                                            : MIPC_VM_WRITE;
  void *base, *view;
  int status = map_range(m, access, &base);
  if (status < 0) return status;
  view = base;
  if (access == MIPC_VM_READ && !spec->protect && map_range(m, MIPC_VM_COPY, &view) < 0) {
    view = base; /* the system reserves memory for private pages: a stray store faults */
  }
  m->base = base;
  m->view = view;
  return 0;
}

/* Without memory for a guard the mapping is unguarded. */
static void guard_ranges(mipc_mapping_t *m) {
  uint64_t start = m->offset - m->slop;
  m->guards[0] = mipc_guard_add(m->base, m->span, m->file, start);
  if (m->view != m->base) m->guards[1] = mipc_guard_add(m->view, m->span, m->file, start);
}

static int build(mipc_mapping_t *m, const mipc_mapping_spec_t *spec, mipc_report_t *report) {
  mipc_file_info_t info;
  report->call = MIPC_CALL_FSTAT;
  int status = mipc_file_stat(m->file, &info);
  if (status < 0) return status;
  report->call = MIPC_CALL_NONE;
  report->kind = info.kind;
  report->file_size = info.size;
  report->device = info.device;
  report->inode = info.inode;
  if (info.kind != MIPC_KIND_FILE) return MIPC_E_UNSUPPORTED;
  if (is_shared_writer(spec) && !spec->any_filesystem && !mipc_file_coherent(m->file)) {
    return MIPC_E_FILESYSTEM;
  }

  uint64_t size;
  bool grow;
  status = measure(spec, info.size, &size, &grow);
  if (status == 0) status = set_range(m, spec->offset, size);
  if (status < 0) return status;

  report->call = MIPC_CALL_MMAP;
  status = map_ranges(m, spec);
  if (status < 0) return status;
  if (spec->guard) guard_ranges(m);
  report->call = MIPC_CALL_FALLOCATE;
  /* Without a length the file stays as it is, holes included. */
  uint64_t end = spec->offset + m->size;
  if (spec->length && is_shared_writer(spec)) {
    status = mipc_file_fill(m->file, spec->offset, end < info.size ? end : info.size);
  }
  return status == 0 && grow ? mipc_file_extend(m->file, info.size, end) : status;
}

/* The file was checked when the region was opened. */
static int build_over_region(mipc_mapping_t *m, const mipc_mapping_spec_t *spec,
                             mipc_report_t *report) {
  uint64_t start = spec->with_header ? 0 : MIPC_PAYLOAD_OFFSET;
  uint64_t all = MIPC_PAYLOAD_OFFSET + mipc_region_size(spec->region) - start;
  uint64_t size = spec->length;
  if (!size && spec->offset < all) size = all - spec->offset;
  if (!size || !mipc_range_fits(all, spec->offset, size)) return MIPC_E_RANGE;
  int status = mipc_region_status(spec->region);
  if (status == 0) status = set_range(m, start + spec->offset, size);
  if (status < 0) return status;
  m->file = mipc_region_file(spec->region);
  report->call = MIPC_CALL_MMAP;
  status = map_ranges(m, spec);
  m->file = status < 0 ? MIPC_NO_FILE : m->file;
  if (status < 0) return status;
  mipc_vm_hide(m->base, m->span);
  if (m->view != m->base) mipc_vm_hide(m->view, m->span);
  if (spec->guard) guard_ranges(m);
  m->region = spec->region;
  return 0;
}

static int build_anonymous(mipc_mapping_t *m, const mipc_mapping_spec_t *spec,
                           mipc_report_t *report) {
  void *base;
  int status = spec->length ? set_range(m, 0, spec->length) : (int)MIPC_E_RANGE;
  if (status < 0) return status;
  report->call = MIPC_CALL_MMAP;
  do {
    status = mipc_vm_map_private(m->span, &base);
  } while (may_try_again(status));
  if (status < 0) return status;
  m->base = m->view = base;
  m->anonymous = true;
  return 0;
}

int mipc_mapping_open(const mipc_mapping_spec_t *spec, mipc_report_t *report,
                      mipc_mapping_t **ret_mapping) {
  *report = (mipc_report_t){.fd = -1, .page_size = (uint32_t)mipc_vm_page_size()};
  int status = check(spec);
  if (status < 0) return status;
  mipc_mapping_t *m = calloc(1, sizeof *m);
  if (!m) return mipc_no_memory();
  m->refs = 1;
  m->prot = spec->prot;
  m->own_description = spec->path != NULL;
  m->file = MIPC_NO_FILE;
  bool made = false;
  if (spec->region) {
    status = build_over_region(m, spec, report);
  } else if (spec->anonymous) {
    status = build_anonymous(m, spec, report);
  } else {
    status = open_file(spec, &m->file, &made, &report->call);
    if (status == 0) status = build(m, spec, report);
  }
  if (status < 0) {
    /* The name is removed before the descriptor is closed: until then its inode number is not
     * reused. */
    if (made) mipc_file_remove(spec->path, m->file);
    mipc_mapping_put(m);
    return status;
  }
  report->call = MIPC_CALL_NONE;
  report->size = m->size;
  if (report->file_size < m->offset + m->size) report->file_size = m->offset + m->size;
  report->address = (uint64_t)(uintptr_t)(m->view + m->slop);
  report->fd = m->region || m->anonymous ? -1 : mipc_file_descriptor(m->file);
  *ret_mapping = m;
  return 0;
}
