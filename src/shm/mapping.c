/*
 * The use and the end of a mapping. The contract stands in mapping.h.
 */
#include "mapping.h"

#include <stdlib.h>
#include <string.h>

#include "../base/range.h"
#include "../base/status.h"
#include "../os/quarantine.h"
#include "mapping_i.h"

static bool has_two_ranges(const mipc_mapping_t *m) {
  return m->view != m->base;
}

/* A region closes its own file. */
static void close_file(mipc_mapping_t *m) {
  if (!m->region) mipc_file_close(m->file);
  m->file = MIPC_NO_FILE;
}

/* After the last access: whether the bytes were those of the file or region. */
static int intact(const mipc_mapping_t *m) {
  int status = m->region ? mipc_region_status(m->region) : 0;
  int lost = mipc_mapping_lost(m);
  return lost < 0 ? lost : status;
}

static void unguard(mipc_mapping_t *m, int range) {
  mipc_guard_remove(m->guards[range]);
  m->guards[range] = NULL;
}

void mipc_mapping_close(mipc_mapping_t *m, uint32_t detached) {
  if (m->closed) return;
  m->closed = true;
  m->detached = detached > 0;
  if (m->region) mipc_region_close(m->region);
  int view = has_two_ranges(m) ? 1 : 0;
  if (view) {
    unguard(m, 0);
    mipc_vm_unmap(m->base, m->span);
  }
  /* acquire: pairs with the release of mipc_mapping_put_window(): when a window no longer counts,
   * its finalizer has done everything. */
  uint32_t windows = mipc_atomic_load_acquire(&m->windows);
  if (!m->shown || !windows) {
    /* No code has the address: a window is collected together with its Buffers, and a running call
     * of Node keeps these. */
    unguard(m, view);
    mipc_vm_unmap(m->view, m->span);
  } else {
    bool ours = mipc_vm_replace(m->view, m->span);
    unguard(m, view); /* only now: a thread of Node's pool may be reading there */
    if (ours && windows > detached) {
      m->replaced = true; /* another ArrayBuffer has the address: see mipc_mapping_put() */
    } else if (ours) {
      mipc_quarantine_add(m->view, m->span);
    }
  }
  if (!m->replaced) m->view = NULL;
  m->base = NULL;
  close_file(m);
}

void mipc_mapping_put(mipc_mapping_t *m) {
  /* acq_rel: the thread that frees sees the last writes of all others. */
  if (mipc_atomic_sub_acq_rel(&m->refs, 1) != 1) return;
  unguard(m, 0);
  unguard(m, 1);
  if (m->replaced && m->detached) {
    mipc_quarantine_add(m->view, m->span);
  } else if (m->replaced) {
    mipc_vm_unmap_replaced(m->view, m->span);
  } else if (m->base) {
    if (has_two_ranges(m)) mipc_vm_unmap(m->view, m->span);
    mipc_vm_unmap(m->base, m->span);
  }
  close_file(m);
  if (m->region) mipc_region_put(m->region);
  free(m);
}

void *mipc_mapping_window(mipc_mapping_t *m, uint64_t offset, uint64_t length, bool truth) {
  if (m->closed || !length || !mipc_range_fits(m->size, offset, length)) return NULL;
  /* relaxed: the caller holds a reference, so neither count can reach 0 meanwhile, and the counts
   * publish nothing. */
  mipc_atomic_add_relaxed(&m->refs, 1);
  mipc_atomic_add_relaxed(&m->windows, 1);
  if (!truth) m->shown = true;
  return (truth ? m->base : m->view) + m->slop + offset;
}

void mipc_mapping_put_window(mipc_mapping_t *m) {
  /* acq_rel: see mipc_mapping_close(). */
  mipc_atomic_sub_acq_rel(&m->windows, 1);
  mipc_mapping_put(m);
}

int64_t mipc_mapping_read(mipc_mapping_t *m, uint64_t offset, void *to, uint64_t length) {
  if (m->closed) return MIPC_E_CLOSED;
  if (!(m->prot & MIPC_PROT_READ)) return MIPC_E_ACCESS;
  if (offset >= m->size) return MIPC_E_RANGE;
  length = mipc_range_clip(m->size, offset, length);
  /* memmove, here and in write: the other side may be a Buffer over this same mapping. */
  if (length) memmove(to, m->base + m->slop + offset, (size_t)length);
  int status = intact(m);
  return status < 0 ? (int64_t)status : (int64_t)length;
}

int64_t mipc_mapping_look(const mipc_mapping_t *m, uint64_t offset, uint64_t length,
                          const uint8_t **ret_bytes) {
  if (m->closed) return MIPC_E_CLOSED;
  if (!(m->prot & MIPC_PROT_READ)) return MIPC_E_ACCESS;
  if (offset >= m->size) return MIPC_E_RANGE;
  *ret_bytes = m->base + m->slop + offset;
  return (int64_t)mipc_range_clip(m->size, offset, length);
}

int64_t mipc_mapping_write(mipc_mapping_t *m, uint64_t offset, const void *from, uint64_t length) {
  if (m->closed) return MIPC_E_CLOSED;
  if (!(m->prot & MIPC_PROT_WRITE)) return MIPC_E_ACCESS;
  if (offset >= m->size) return MIPC_E_RANGE;
  length = mipc_range_clip(m->size, offset, length);
  if (length) memmove(m->base + m->slop + offset, from, (size_t)length);
  int status = intact(m);
  return status < 0 ? (int64_t)status : (int64_t)length;
}

/* A range of the user's bytes as whole pages, in bytes from the start of the mapped range; length 0
 * if it is empty. */
typedef struct {
  size_t start, length;
} pages_t;

static int find_pages(const mipc_mapping_t *m, uint64_t offset, uint64_t length, pages_t *ret) {
  if (m->closed) return MIPC_E_CLOSED;
  if (offset >= m->size) return MIPC_E_RANGE;
  uint64_t begin = m->slop + offset;
  uint64_t end = begin + mipc_range_clip(m->size, offset, length);
  if (begin < end) begin = mipc_round_down(begin, mipc_vm_page_size());
  *ret = (pages_t){(size_t)begin, (size_t)(end - begin)};
  return 0;
}

int mipc_mapping_flush(mipc_mapping_t *m, uint64_t offset, uint64_t length, bool async) {
  pages_t pages;
  int status = find_pages(m, offset, length, &pages);
  if (status < 0 || !pages.length || m->anonymous) return status;
  return mipc_vm_flush(m->file, m->base + pages.start, pages.length, async);
}

/* Only pages that lie wholly in the range, or at the end of the mapping: other bytes must keep
 * their private changes. */
static void narrow(const mipc_mapping_t *m, uint64_t offset, uint64_t length, pages_t *pages) {
  uint64_t page = mipc_vm_page_size();
  uint64_t begin = offset == 0 ? 0 : mipc_round_up(m->slop + offset, page);
  uint64_t end = m->slop + offset + mipc_range_clip(m->size, offset, length);
  if (end < m->span) end = mipc_round_down(end, page);
  *pages = (pages_t){(size_t)begin, end > begin ? (size_t)(end - begin) : 0};
}

int mipc_mapping_advise(mipc_mapping_t *m, mipc_advice_t advice, uint64_t offset, uint64_t length) {
  pages_t pages;
  int status = find_pages(m, offset, length, &pages);
  if (status < 0 || !pages.length) return status;
  if (advice == MIPC_ADVICE_DONTNEED) narrow(m, offset, length, &pages);
  if (!pages.length) return 0;
  status = mipc_vm_advise(m->base + pages.start, pages.length, advice);
  if (status < 0 || !has_two_ranges(m)) return status;
  return mipc_vm_advise(m->view + pages.start, pages.length, advice);
}

int64_t mipc_mapping_resident(mipc_mapping_t *m, uint64_t offset, uint64_t length) {
  pages_t pages;
  int status = find_pages(m, offset, length, &pages);
  if (status < 0 || !pages.length) return status;
  return mipc_vm_resident(m->base + pages.start, pages.length);
}

/* Only the true image is locked: mlock would make every page of the copy-on-write image private. */
int mipc_mapping_lock_memory(mipc_mapping_t *m) {
  return m->closed ? (int)MIPC_E_CLOSED : mipc_vm_lock(m->base, m->span);
}

int mipc_mapping_unlock_memory(mipc_mapping_t *m) {
  return m->closed ? (int)MIPC_E_CLOSED : mipc_vm_unlock(m->base, m->span);
}

mipc_region_t *mipc_mapping_region(const mipc_mapping_t *m) {
  return m->region;
}

const mipc_guard_t *mipc_mapping_guard(const mipc_mapping_t *m) {
  return m->guards[0];
}

int mipc_mapping_lost(const mipc_mapping_t *m) {
  int status = mipc_guard_hit(m->guards[0]);
  return status < 0 ? status : mipc_guard_hit(m->guards[1]);
}

int mipc_mapping_file(const mipc_mapping_t *m, mipc_file_t *ret_file, bool *ret_own) {
  if (m->closed) return MIPC_E_CLOSED;
  if (m->region || m->anonymous) return MIPC_E_UNSUPPORTED;
  *ret_file = m->file;
  *ret_own = m->own_description;
  return 0;
}

mipc_region_shm_t *mipc_mapping_header(const mipc_mapping_t *m, uint64_t *ret_size) {
  if (m->closed || !m->region || m->offset != 0) return NULL;
  *ret_size = m->size;
  return (mipc_region_shm_t *)m->base;
}

mipc_flock_range_t mipc_mapping_lock_range(const mipc_mapping_t *m, bool shared, uint64_t offset,
                                           uint64_t length) {
  return (mipc_flock_range_t){.shared = shared,
                              .whole = length == 0,
                              .offset = m->offset + offset,
                              .length = mipc_range_clip(m->size, offset, length)};
}
