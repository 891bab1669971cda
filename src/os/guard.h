/*
 * Faults inside mappings of files. When another process makes a file shorter, an access to the lost
 * pages is a fault (SIGBUS) that ends the process; so is a store into a hole of a file on a full
 * disk, and a page that cannot be read. In a guarded range the fault gives zeros and a mark
 * instead.
 *
 * At the fault, private zeros replace the file from the accessed page to the end of the range, and
 * the range is marked permanently: it no longer shows the file, even if the file grows again. A
 * reader of the range must check the mark after its last access.
 *
 * A fault outside all guarded ranges, or a signal that a process sent, goes on as if we were
 * absent: to the handler that was installed before, or to the system. Handlers that pass signals on
 * to each other in a circle (two copies of this package, a crash reporter) do not loop: sigchain.h.
 */
#ifndef MIPC_OS_GUARD_H
#define MIPC_OS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/atomic.h"
#include "file.h"

typedef struct mipc_guard mipc_guard_t;

/*
 * Guards the range, which maps `file` from `offset` on; installs the handler, unless it is the
 * current one. The caller keeps the descriptor open until mipc_guard_remove(). NULL: out of memory,
 * or the system has no such faults. Any thread may call it.
 */
mipc_guard_t *mipc_guard_add(void *base, size_t length, mipc_file_t file, uint64_t offset);

/* Must be called before the range is unmapped. NULL is fine. */
void mipc_guard_remove(mipc_guard_t *guard);

/*
 * The mark: 0 without a fault in the range, and for NULL. Otherwise the cause of the first fault:
 * TRUNCATED, the file had become too short; ENOSPC or EDQUOT, a hole could not be filled; EIO, any
 * other cause.
 */
int mipc_guard_hit(const mipc_guard_t *guard);

/* The count of all such faults in this process, at an address that never changes: while the count
 * stays the same, no range was hit. */
const mipc_atomic_u32_t *mipc_guard_hits(void);

#endif
