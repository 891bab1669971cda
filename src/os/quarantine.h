/*
 * Quarantine: address ranges that must not be used again yet.
 *
 * While an asynchronous call of Node (fs, zlib, crypto) uses a Buffer, another thread may write to
 * it, whatever JS does meanwhile. When the mapping of that Buffer is closed, the addresses must
 * lead to unused memory, and must not be used again until no such call can be running: the range is
 * replaced by anonymous pages (os/vm.h) and waits here.
 *
 * Ranges wait for 60 s, at most 128 of them; the oldest leaves first. There is no timer: ranges
 * leave when another is added, so the last ones stay, which costs address space only.
 *
 * Where address space is limited (ulimit -v, a 32-bit system), a new mapping may fail because
 * closed ones wait here. They are then unmapped early, oldest first, before the new mapping fails:
 * a call of Node's thread pool that outlives the close() of its Buffer is rarer than such a
 * failure.
 */
#ifndef MIPC_OS_QUARANTINE_H
#define MIPC_OS_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>

#define MIPC_QUARANTINE_RANGES 128
#define MIPC_QUARANTINE_MS     60000

/* Takes over a range that was replaced (mipc_vm_replace()). Any thread may call it. */
void mipc_quarantine_add(void *base, size_t length);

/* Unmaps the oldest range, for a new mapping that found no address space. False: no range waits.
 * Any thread may call it. */
bool mipc_quarantine_give_way(void);

/* The number of ranges that wait; for tests. */
size_t mipc_quarantine_count(void);

#endif
