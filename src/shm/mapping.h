/*
 * A mapping: a range of a file, at any byte, as memory of this process. What class Mmap is made of.
 *
 * All bytes are the user's; mmapipc adds no header. This file has the rules (which bytes may be
 * written, which offsets are inside); src/os/ has the system calls.
 *
 * A read-only mapping is mapped twice. The true image is for our own operations, which only load
 * from it. The copy-on-write image is for user code: it follows the file until this process stores
 * into a page, so a stray store neither reaches the file nor ends the process. Any other mapping
 * has one range for both.
 *
 * A mapping may also show a region (region/region.h). It then owns the attachment, and ends it when
 * it is closed.
 *
 * A mapping belongs to one thread, but another thread may drop its last reference.
 */
#ifndef MIPC_SHM_MAPPING_H
#define MIPC_SHM_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/layout.h"
#include "../os/file.h"
#include "../os/flock.h"
#include "../os/guard.h"
#include "../os/vm.h"
#include "../region/region.h"

/* The constants of IPC::Mmap, with Linux's numbers on every system: X(name, number). */
#define MIPC_CONSTANT_MAP(X)                                                                       \
  X(PROT_READ, 1)                                                                                  \
  X(PROT_WRITE, 2)                                                                                 \
  X(MAP_SHARED, 1)                                                                                 \
  X(MAP_PRIVATE, 2)                                                                                \
  X(MAP_ANON, 32)                                                                                  \
  X(MAP_ANONYMOUS, 32)                                                                             \
  X(MAP_FILE, 0)

#define MIPC_CONSTANT_ENUM_ROW(name, number) MIPC_##name = number,
enum { MIPC_CONSTANT_MAP(MIPC_CONSTANT_ENUM_ROW) };
#undef MIPC_CONSTANT_ENUM_ROW

typedef struct {
  mipc_region_t *region; /* map its payload; NULL: map a file */
  bool with_header;      /* of a region: map the header and the payload behind it */
  bool anonymous;        /* no file, no region: private memory, zeros */
  const char *path;      /* UTF-8; NULL: use `fd` */
  int fd;                /* duplicated; remains the caller's */
  uint64_t offset;       /* of the first byte, in the file or region; need not be aligned */
  uint64_t length;       /* bytes; 0: to the end of the file */
  uint32_t prot;         /* MIPC_PROT_READ, MIPC_PROT_WRITE or both */
  bool copy_on_write;    /* MAP_PRIVATE: stores stay in this process */
  bool protect;          /* of a read-only mapping: a store by user code is a fault */
  bool any_filesystem;   /* also on file systems that do not keep mappings coherent */
  bool guard;            /* a file that gets shorter: zeros and TRUNCATED instead of a fault */
  mipc_create_t create;  /* needs a shared writable mapping and a length */
  uint32_t mode;         /* permission bits of a file that is created */
} mipc_mapping_spec_t;

typedef struct mipc_mapping mipc_mapping_t;

/*
 * Opens the file and maps it. If the mapping is shared and writable, a file that is too short is
 * extended, and its space is allocated. A failure leaves nothing behind: no created file, no added
 * byte, no descriptor, no memory. `report` then has the system call that failed, the size of the
 * file and its kind. With a region, the mapping takes over the caller's reference; on failure the
 * caller keeps it. ACCESS: the region is attached read-only, and the mapping is to be writable.
 * RANGE: an impossible prot, or offset + length beyond 2^53 - 1 or the address space.
 * FILE_TOO_SMALL; FILESYSTEM; UNSUPPORTED: not a regular file; or the system's own error.
 */
int mipc_mapping_open(const mipc_mapping_spec_t *spec, mipc_report_t *report,
                      mipc_mapping_t **ret_mapping);

/*
 * Unmaps it and closes the descriptor. The caller has detached the ArrayBuffers over its windows
 * that it could find, `detached` of them. If others exist (one was transferred to another
 * ArrayBuffer), the addresses that user code has seen show private zeros until those are collected.
 * Closing twice has no effect. The caller keeps its reference.
 */
void mipc_mapping_close(mipc_mapping_t *mapping, uint32_t detached);

/* Drops a reference: the opener has one, and each window has one. The last frees everything. */
void mipc_mapping_put(mipc_mapping_t *mapping);

/*
 * The address of `length` bytes from `offset`; NULL if they are not all inside the mapping.
 * `truth`: in the true image, which user code must never see; else in the image for user code. A
 * window takes a reference; mipc_mapping_put_window() drops it when the ArrayBuffer was collected.
 */
void *mipc_mapping_window(mipc_mapping_t *mapping, uint64_t offset, uint64_t length, bool truth);
void mipc_mapping_put_window(mipc_mapping_t *mapping);

/*
 * Copy bytes, clipped at the end of the mapping, and return their number. RANGE: `offset` is not
 * inside. ACCESS: a write to a read-only mapping, or a read from a write-only one. CLOSED.
 * TRUNCATED: the bytes are, or may be, zeros in place of lost bytes of the file.
 */
int64_t mipc_mapping_read(mipc_mapping_t *mapping, uint64_t offset, void *to, uint64_t length);
int64_t mipc_mapping_write(mipc_mapping_t *mapping, uint64_t offset, const void *from,
                           uint64_t length);

/*
 * The address of the same bytes, and how many of `length` are inside: for a reader that works while
 * other processes write. Fails as mipc_mapping_read(), except that the reader itself must check
 * afterwards whether the file was cut off (mipc_mapping_lost).
 */
int64_t mipc_mapping_look(const mipc_mapping_t *mapping, uint64_t offset, uint64_t length,
                          const uint8_t **ret_bytes);

/* These take any range that begins inside the mapping, clip it at the end, and widen it to whole
 * pages (the advice DONTNEED: narrow it). RANGE, CLOSED, or the system's own error. */
int mipc_mapping_flush(mipc_mapping_t *mapping, uint64_t offset, uint64_t length, bool async);
int mipc_mapping_advise(mipc_mapping_t *mapping, mipc_advice_t advice, uint64_t offset,
                        uint64_t length);
int64_t mipc_mapping_resident(mipc_mapping_t *mapping, uint64_t offset, uint64_t length);

/* Keeps all its pages in memory; ends that. */
int mipc_mapping_lock_memory(mipc_mapping_t *mapping);
int mipc_mapping_unlock_memory(mipc_mapping_t *mapping);

/* The region that the mapping shows and owns; NULL: none. */
mipc_region_t *mipc_mapping_region(const mipc_mapping_t *mapping);

/* 0, or the reason why a fault replaced a part of the file by zeros, permanently (mipc_guard_hit).
 */
int mipc_mapping_lost(const mipc_mapping_t *mapping);

/* The guard of the range for our own operations; NULL: it has none. */
const mipc_guard_t *mipc_mapping_guard(const mipc_mapping_t *mapping);

/*
 * The file under it, for locks on it. `ret_own`: the open file is the mapping's own; otherwise
 * other descriptors share it. CLOSED; UNSUPPORTED: a region is not locked through its file, and
 * private memory has none.
 */
int mipc_mapping_file(const mipc_mapping_t *mapping, mipc_file_t *ret_file, bool *ret_own);

/*
 * The header of its region and the payload behind it, `ret_size` bytes in all. NULL: closed, no
 * region, or opened without `with_header`.
 */
mipc_region_shm_t *mipc_mapping_header(const mipc_mapping_t *mapping, uint64_t *ret_size);

/* The range in the file of a range of the mapping, clipped at the end of the mapping. Length 0: the
 * whole file. */
mipc_flock_range_t mipc_mapping_lock_range(const mipc_mapping_t *mapping, bool shared,
                                           uint64_t offset, uint64_t length);

#endif
