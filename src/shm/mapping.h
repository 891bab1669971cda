/*
 * A mapping: a range of a file, at any byte, as memory of this process. What class Mmap is made of.
 *
 * The bytes are the user's; there is no header of ours in them. Here are the rules (what may be
 * written, what lies inside), below in os/ is how the system does it.
 *
 * A read-only mapping is mapped twice. Every operation of ours works on the one (loads only, a
 * true image of the file); what user code gets is the other, copy-on-write: it follows the file
 * until this process stores into a page, so that a stray store neither reaches the file nor ends
 * the process. Any other mapping is one range for both.
 *
 * A mapping may also be made of a region (region/region.h), which then lives as long as the
 * mapping: it is left when the mapping is closed.
 *
 * A mapping belongs to one thread, but its last reference may be dropped by another.
 */
#ifndef MIPC_SHM_MAPPING_H
#define MIPC_SHM_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/layout.h"
#include "../os/file.h"
#include "../os/flock.h"
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
  mipc_region_t *region; /* its payload is mapped instead of a file; NULL: a file */
  bool with_header;      /* of a region: the header comes first, the payload right behind it */
  bool anonymous;        /* no file and no region: zeros of this process alone */
  const char *path;      /* UTF-8; NULL: `fd` is meant */
  int fd;                /* is duplicated */
  uint64_t offset;       /* of the first byte, in the file or region; any */
  uint64_t length;       /* bytes; 0: to the end of the file */
  uint32_t prot;         /* MIPC_PROT_READ, MIPC_PROT_WRITE or both */
  bool copy_on_write;    /* MAP_PRIVATE: stores stay in this process */
  bool protect;          /* of a read-only mapping: a store by user code is a fault */
  bool any_filesystem;   /* map even where sharing is not promised */
  bool guard;            /* zeros and TRUNCATED instead of a fault, when the file gets shorter */
  mipc_create_t create;  /* only a shared writable mapping makes a file, and only with a length */
  uint32_t mode;         /* permission bits of a file that is made */
} mipc_mapping_spec_t;

typedef struct mipc_mapping mipc_mapping_t;

/*
 * Opens the file and maps it. A file that is too short is extended when the mapping is shared and
 * writable, and the space is really taken. On failure nothing is left: no file that was made, no
 * byte that was added, no descriptor, no memory; `report` then says which call it was, what the
 * file's size is, and of what kind it is.
 * A region comes into the hands of the mapping, its reference with it; on failure it stays the
 * caller's. ACCESS: writing was asked of a region attached to read-only.
 * RANGE: no such prot, or offset + length beyond 2^53 - 1 or this process' address space.
 * FILE_TOO_SMALL, FILESYSTEM; UNSUPPORTED: not a regular file; or the system's own.
 */
int mipc_mapping_open(const mipc_mapping_spec_t *spec, mipc_report_t *report,
                      mipc_mapping_t **ret_mapping);

/*
 * Closes it: unmaps, gives the descriptor back. The caller has detached the ArrayBuffers over its
 * windows that he could reach, `detached` of them. When more are left (one was transferred to
 * another ArrayBuffer), the addresses that user code has seen stay in place, as private zeros,
 * until those are gone. Closing twice is fine. The reference remains the caller's.
 */
void mipc_mapping_close(mipc_mapping_t *mapping, uint32_t detached);

/* References: the opener holds one, each window one. The last frees everything. */
void mipc_mapping_put(mipc_mapping_t *mapping);

/*
 * The address of `length` bytes from `offset`, all inside the mapping, or NULL. `truth`: the image
 * of the file that our own operations work on; it must not come into the hands of user code.
 * Otherwise what user code gets. A window takes a reference; mipc_mapping_put_window() gives it
 * back once its ArrayBuffer is gone.
 */
void *mipc_mapping_window(mipc_mapping_t *mapping, uint64_t offset, uint64_t length, bool truth);
void mipc_mapping_put_window(mipc_mapping_t *mapping);

/*
 * Copies, clipped at the end of the mapping; return the number of bytes. RANGE: `offset` is not
 * inside. ACCESS: a write to a read-only mapping, a read from a write-only one. CLOSED. TRUNCATED:
 * the bytes are, or may be, zeros that the file never held.
 */
int64_t mipc_mapping_read(mipc_mapping_t *mapping, uint64_t offset, void *to, uint64_t length);
int64_t mipc_mapping_write(mipc_mapping_t *mapping, uint64_t offset, const void *from,
                           uint64_t length);

/*
 * The same bytes without a copy, for a reader that bears others writing them meanwhile: their
 * address, and how many of `length` lie inside. Failures as mipc_mapping_read(); whether the file
 * was cut off under the reader is to be asked when it is done.
 */
int64_t mipc_mapping_look(const mipc_mapping_t *mapping, uint64_t offset, uint64_t length,
                          const uint8_t **ret_bytes);

/* These take any range inside the mapping, clipped at its end, and widen it to whole pages
 * (advice DONTNEED: narrow it). Failures: RANGE, CLOSED, or the system's own. */
int mipc_mapping_flush(mipc_mapping_t *mapping, uint64_t offset, uint64_t length, bool async);
int mipc_mapping_advise(mipc_mapping_t *mapping, mipc_advice_t advice, uint64_t offset,
                        uint64_t length);
int64_t mipc_mapping_resident(mipc_mapping_t *mapping, uint64_t offset, uint64_t length);

/* Keeps all its pages in memory, and lets them go. */
int mipc_mapping_lock_memory(mipc_mapping_t *mapping);
int mipc_mapping_unlock_memory(mipc_mapping_t *mapping);

/* The region under it, which is the mapping's; NULL: none. */
mipc_region_t *mipc_mapping_region(const mipc_mapping_t *mapping);

/* 0, or why a fault has put zeros in the place of the file, permanently: as mipc_guard_hit(). */
int mipc_mapping_lost(const mipc_mapping_t *mapping);

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

/* A range of the mapping as one of the file, clipped at the end of the mapping; length 0 stands for
 * the whole file. */
mipc_flock_range_t mipc_mapping_lock_range(const mipc_mapping_t *mapping, bool shared,
                                           uint64_t offset, uint64_t length);

#endif
