/*
 * fork() without exec, as a native library may call it: the child gets a copy of every descriptor,
 * and a lock that belongs to one would be held until the child ends. Descriptors registered here
 * are closed in such a child before fork() returns there.
 *
 * Call mipc_fork_hold() before a descriptor is opened and named, or forgotten and closed, and
 * mipc_fork_release() afterwards; nothing in between may wait or fork.
 */
#ifndef MIPC_OS_FORK_H
#define MIPC_OS_FORK_H

#include <stdint.h>

#include "file.h"

/* Delays every fork() of the process until the release. */
void mipc_fork_hold(void);
void mipc_fork_release(void);

/* While held: registers the descriptor, so that no child keeps it. 0, or out of memory. */
int mipc_fork_name(mipc_file_t file);

/* While held: the descriptor is about to be closed. */
void mipc_fork_forget(mipc_file_t file);

/* How many forks without exec led to this process. A handle that was made at another generation
 * belongs to the parent, and its descriptors must not be touched. */
uint32_t mipc_fork_generation(void);

#endif
