/*
 * Faults inside mappings of files. When another process makes a file shorter, touching the lost
 * pages is a fault (SIGBUS) that ends the process; so is a store into a hole of a file that no
 * space is left for, and a page that cannot be read. A guarded range turns the fault into zeros and
 * a mark.
 *
 * At the fault, from the page touched to the end of its range private zeros take the place of the
 * file, and the range is marked permanently: what it shows is not the file any more, even if the
 * file grows again. A reader of the range must look at the mark after its last access.
 *
 * A fault outside all guarded ranges, and a signal that a process sent, go where they would go
 * without us: to the handler that was there before, or to the system. Handlers that pass signals on
 * to each other in a circle (two copies of this package, a crash reporter) do not go round for
 * ever: guard_posix.c.
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
 * Guards the range, which shows `file` from `offset` on; installs the handler, unless it is the
 * current one. The descriptor stays open until mipc_guard_remove(). NULL when there is no memory
 * for it, or the system has no such faults. Any thread may call it.
 */
mipc_guard_t *mipc_guard_add(void *base, size_t length, mipc_file_t file, uint64_t offset);

/* Before the range is unmapped. NULL is fine. */
void mipc_guard_remove(mipc_guard_t *guard);

/*
 * 0 while the range was not hit, also of NULL. Else why it was, the first time: TRUNCATED, the file
 * had become too short; ENOSPC or EDQUOT, a hole could not be filled; EIO, the system gives no
 * other reason.
 */
int mipc_guard_hit(const mipc_guard_t *guard);

/* A count of all hits in this process, at an address that never changes: while it has not moved,
 * no range was hit. */
const mipc_atomic_u32_t *mipc_guard_hits(void);

#endif
