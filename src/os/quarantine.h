/*
 * Addresses that must not be used again yet.
 *
 * A Buffer that an asynchronous call of Node's (fs, zlib, crypto) holds is written to by another
 * thread, whatever JS does meanwhile. When its mapping is closed, the address must lead to memory
 * that is nobody's, and stay out of use until no such call can be under way: the range is replaced
 * by anonymous pages (os/vm.h) and waits here.
 *
 * Ranges wait 60 s, at most 128 of them; the oldest goes first. There is no timer: the queue is
 * looked at whenever something is added, so what stays at the end costs address space only.
 *
 * Where address space is limited (ulimit -v, a 32-bit system), a new mapping may find none while
 * closed ones wait here. They then give way, oldest first, before the new mapping fails: of two
 * evils, a call of Node's pool that has outlived its Buffer's close() is the rarer.
 */
#ifndef MIPC_OS_QUARANTINE_H
#define MIPC_OS_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>

#define MIPC_QUARANTINE_RANGES 128
#define MIPC_QUARANTINE_MS     60000

/* Takes over a range that was replaced. Any thread may call it. */
void mipc_quarantine_add(void *base, size_t length);

/* Gives the oldest range back to the system, for a mapping that found no address space; false when
 * none waits. Any thread may call it. */
bool mipc_quarantine_give_way(void);

/* How many ranges wait; for tests. */
size_t mipc_quarantine_count(void);

#endif
