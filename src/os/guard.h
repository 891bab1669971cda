/*
 * Faults inside mappings of files. When another process makes a file shorter, touching the lost
 * pages is a fault (SIGBUS) that ends the process. A guarded range turns it into zeros and a mark.
 *
 * At the fault, from the page touched to the end of its range private zeros take the place of the
 * file, and the range is marked for good: what it shows is not the file any more, even if the file
 * grows again. Whoever reads the range must look at the mark after its last access.
 *
 * A fault outside all guarded ranges, and a signal that a process sent, go where they would go
 * without us: to the handler that was there before, or to the system.
 */
#ifndef MIPC_OS_GUARD_H
#define MIPC_OS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/atomic.h"

typedef struct mipc_guard mipc_guard_t;

/*
 * Guards the range; installs the handler, unless it is the current one. NULL when there is no
 * memory for it, or the system has no such faults. Any thread may call it.
 */
mipc_guard_t *mipc_guard_add(void *base, size_t length);

/* Before the range is unmapped. NULL is fine. */
void mipc_guard_remove(mipc_guard_t *guard);

/* Whether the range was hit. NULL: never. */
bool mipc_guard_hit(const mipc_guard_t *guard);

/* A count of all hits in this process, at an address that stays for good: while it has not moved,
 * no range was hit. */
const mipc_atomic_u32_t *mipc_guard_hits(void);

#endif
