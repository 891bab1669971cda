/*
 * Presence: which participants exist, according to the kernel. A participant holds a lock on a byte
 * far past the end of the file; the kernel releases it with the last descriptor of that open file,
 * however the process ends. Zombies, reused process ids and process namespaces do not matter.
 *
 * A lock belongs to the open file (the description) and cannot be seen through the open file that
 * holds it. So probes go through another open file, which holds no lock. A mapping keeps its open
 * file alive, and with it the lock, so nothing is mapped from a presence descriptor.
 */
#ifndef MIPC_OS_PRESENCE_H
#define MIPC_OS_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "file.h"

/* Locks the byte, exclusively or shared. Returns 1: locked; 0: another open file holds it; or the
 * system's error. An exclusive lock needs a file open for writing, a shared one for reading. */
int mipc_presence_take(mipc_file_t file, uint64_t byte, bool shared);

/* Releases the byte. */
void mipc_presence_give(mipc_file_t file, uint64_t byte);

/*
 * Whether another open file holds one of the bytes `from` to `to`, both included: exclusively, or,
 * with `or_shared`, in either way. Returns 1 and one of the held ranges, clipped to these bytes; 0:
 * none is held; or the system's error, after which nothing is known.
 */
int mipc_presence_find(mipc_file_t file, uint64_t from, uint64_t to, bool or_shared,
                       uint64_t *ret_first, uint64_t *ret_last);

/*
 * Sleeps until no other open file holds the byte exclusively, and keeps nothing: 1. A signal to the
 * thread ends the sleep: 0. Otherwise the system's error. A file open for reading is enough. At the
 * end the byte is locked shared for a moment, which only mipc_presence_find() with `or_shared`
 * sees.
 */
int mipc_presence_wait(mipc_file_t file, uint64_t byte);

#endif
