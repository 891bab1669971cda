/*
 * Presence: who is there, as the kernel knows it. Somebody present holds a lock on a byte of the
 * file far past its end; the kernel gives it up with the last descriptor of that open file,
 * whatever becomes of the process. Dead processes that nobody has waited for, numbers of processes
 * that are used again and process namespaces are no matter.
 *
 * A lock belongs to the open file (the description): it is never seen through the one that holds
 * it. Probes go through another one, which holds none. What is held stays held while a mapping made
 * from that descriptor is there, so nothing is mapped from it.
 */
#ifndef MIPC_OS_PRESENCE_H
#define MIPC_OS_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "file.h"

/* Takes the byte, alone or with others that share it: 1 taken, 0 somebody else has it, or the
 * system's refusal. Alone needs a file open for writing, shared one open for reading. */
int mipc_presence_take(mipc_file_t file, uint64_t byte, bool shared);

void mipc_presence_give(mipc_file_t file, uint64_t byte);

/*
 * Looks for anybody else who holds one of the bytes from `from` to `to`, both included, alone, or,
 * with `or_shared`, in any way: 1 and one of the ranges held, clipped; 0 nobody; or the system's
 * refusal, which says nothing about anybody.
 */
int mipc_presence_find(mipc_file_t file, uint64_t from, uint64_t to, bool or_shared,
                       uint64_t *ret_first, uint64_t *ret_last);

#endif
