/*
 * Virtual memory: maps ranges of files, and advises the kernel about them.
 *
 * Addresses are multiples of the page size, offsets are multiples of the granularity; lengths are
 * in bytes, any number, rounded up by the kernel. Functions of type int return 0, or a negative
 * status.
 */
#ifndef MIPC_OS_VM_H
#define MIPC_OS_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

typedef enum {
  MIPC_VM_READ,  /* loads only, a store is a fault; shows the file */
  MIPC_VM_WRITE, /* loads and stores, shared by all mappings of the file */
  MIPC_VM_COPY,  /* loads and stores; a page becomes private at the first store into it, the others
                    show the file; reserves no swap space */
} mipc_vm_access_t;

/* X(symbol, name in JS) */
#define MIPC_ADVICE_MAP(X)                                                                         \
  X(NORMAL, "normal")                                                                              \
  X(SEQUENTIAL, "sequential")                                                                      \
  X(RANDOM, "random")                                                                              \
  X(WILLNEED, "willneed")                                                                          \
  X(DONTNEED, "dontneed")                                                                          \
  X(HUGEPAGE, "hugepage")

#define MIPC_ADVICE_ENUM_ROW(symbol, name) MIPC_ADVICE_##symbol,
typedef enum { MIPC_ADVICE_MAP(MIPC_ADVICE_ENUM_ROW) MIPC_ADVICE_COUNT } mipc_advice_t;
#undef MIPC_ADVICE_ENUM_ROW

/* Powers of two, read from the system at run time. The granularity is that of file offsets. */
size_t mipc_vm_page_size(void);
size_t mipc_vm_granularity(void);

/* Maps `length` bytes of the file at `offset`. */
int mipc_vm_map(mipc_file_t file, uint64_t offset, size_t length, mipc_vm_access_t access,
                void **ret_base);

/* Maps private zeros without a file; reserves no swap space. */
int mipc_vm_map_private(size_t length, void **ret_base);

/* Unmaps the range. */
void mipc_vm_unmap(void *base, size_t length);

/*
 * Replaces a mapping by private pages of zeros at the same address: code that still uses the
 * address reads zeros, and its writes reach no other memory. Linux does this in one step, and on
 * failure the mapping stays as before. Returns whether the range is still ours; release it with
 * mipc_vm_unmap_replaced(). On Windows another allocation may take the range between two steps.
 */
bool mipc_vm_replace(void *base, size_t length);
void mipc_vm_unmap_replaced(void *base, size_t length);

/* Writes dirty pages to the file; waits for the disk unless `async`. */
int mipc_vm_flush(mipc_file_t file, void *base, size_t length, bool async);

/* Advises the kernel. UNSUPPORTED or EINVAL: the system does not have this advice. */
int mipc_vm_advise(void *base, size_t length, mipc_advice_t advice);

/* Excludes the range from core dumps, where the system supports it. */
void mipc_vm_hide(void *base, size_t length);

/* Lock the pages in memory, and undo it. */
int mipc_vm_lock(void *base, size_t length);
int mipc_vm_unlock(void *base, size_t length);

/* The number of pages of the range that are in memory, or a negative status. */
int64_t mipc_vm_resident(void *base, size_t length);

#endif
