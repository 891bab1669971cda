/*
 * Virtual memory: mapping ranges of files into this process and telling the kernel about them.
 *
 * Addresses given in are multiples of the page size, offsets multiples of the granularity; lengths
 * may be any, the kernel rounds them up. Functions return 0 (or a count) or a negative status.
 */
#ifndef MIPC_OS_VM_H
#define MIPC_OS_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

typedef enum {
  MIPC_VM_READ,  /* loads only, a store is a fault; follows the file */
  MIPC_VM_WRITE, /* loads and stores, shared with all who map the file */
  MIPC_VM_COPY,  /* loads and stores; a page stored into becomes private, the others follow
                    the file; asks for no swap space in advance */
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

/* Powers of two, asked of the system at run time. The granularity is that of file offsets. */
size_t mipc_vm_page_size(void);
size_t mipc_vm_granularity(void);

int mipc_vm_map(mipc_file_t file, uint64_t offset, size_t length, mipc_vm_access_t access,
                void **ret_base);

/* Zeros that belong to nobody else, without a file; asks for no swap space in advance. */
int mipc_vm_map_private(size_t length, void **ret_base);

/* Gives the range back. */
void mipc_vm_unmap(void *base, size_t length);

/*
 * Puts private anonymous pages of zeros in the place of a mapping, at the same address: whoever
 * still holds the address reads zeros and writes to nobody. Linux does it in one step, and when it
 * refuses the mapping stays as it was. Returns whether the range is still ours, to be given back
 * with mipc_vm_unmap_replaced(); Windows may lose it to another thread between two steps.
 */
bool mipc_vm_replace(void *base, size_t length);
void mipc_vm_unmap_replaced(void *base, size_t length);

/* Writes dirty pages to the file; waits for it unless `async`. */
int mipc_vm_flush(mipc_file_t file, void *base, size_t length, bool async);

int mipc_vm_advise(void *base, size_t length, mipc_advice_t advice);

/* Leaves the range out of core dumps, where the system can. */
void mipc_vm_hide(void *base, size_t length);

int mipc_vm_lock(void *base, size_t length);
int mipc_vm_unlock(void *base, size_t length);

/* Pages of the range that are in memory. */
int64_t mipc_vm_resident(void *base, size_t length);

#endif
