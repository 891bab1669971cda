/*
 * fork() without exec, as a native library may do it: the child gets a copy of every descriptor,
 * and a lock that belongs to one would outlive this process for as long as the child lives.
 * Descriptors named here are closed in such a child before fork() returns there.
 *
 * Hold forks off while a descriptor is opened and named, or forgotten and closed; nothing in
 * between may wait or fork.
 */
#ifndef MIPC_OS_FORK_H
#define MIPC_OS_FORK_H

#include <stdint.h>

#include "file.h"

void mipc_fork_hold(void);
void mipc_fork_release(void);

/* Held: from now on no child keeps it. 0, or no memory for that. */
int mipc_fork_name(mipc_file_t file);

/* Held: it is about to be closed. */
void mipc_fork_forget(mipc_file_t file);

/* How many times the descriptors of this process were lost to a fork() of it: who remembers
 * another number has handles of the parent, whose descriptors are not to be touched. */
uint32_t mipc_fork_generation(void);

#endif
